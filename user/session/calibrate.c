// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "session/calibrate.h"
#include "target/maps.h"

/*
 * The best of many short batches: what the probe costs, without what other
 * programs took from the CPU meanwhile. Some 10 ms in all.
 */
#define CALIBRATION_BATCHES 50
#define CALIBRATION_CALLS   200

/* Begins with an instruction the kernel emulates, as all our probe points do. */
#if defined(__x86_64__)
__asm__(".text\n"
	".type calibration_target, @function\n"
	"calibration_target:\n"
	"	push %rbp\n"
	"	pop %rbp\n"
	"	ret\n"
	".size calibration_target, . - calibration_target\n");
#else
#error "alloctap: no calibration target for this architecture yet"
#endif
void calibration_target(void);

static double ns_per_call(void)
{
	uint64_t best = UINT64_MAX;

	for (int batch = 0; batch < CALIBRATION_BATCHES; batch++) {
		uint64_t start = now_ns(), took;

		for (int i = 0; i < CALIBRATION_CALLS; i++)
			calibration_target();
		took = now_ns() - start;
		if (took < best)
			best = took;
	}
	return (double)best / CALIBRATION_CALLS;
}

static int own_file_offset(const void *function, uint64_t *offset)
{
	struct memory_maps maps;
	const struct memory_map *map;
	int err = memory_maps_read(getpid(), &maps);

	if (err)
		return err;
	map = memory_maps_at(&maps, (uintptr_t)function);
	if (map)
		*offset = (uintptr_t)function - map->start + map->offset;
	memory_maps_free(&maps);
	return map ? 0 : -ENOENT;
}

double calibrate_trap_ns(enum link_kind kind, struct bpf_program *nothing)
{
	__auto_close int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct attachment *a = attachment_new(kind);
	double bare, probed;
	uint64_t offset;
	int err = exe < 0 ? -errno : a ? 0 : -ENOMEM;

	if (!err)
		err = own_file_offset((const void *)(uintptr_t)calibration_target, &offset);
	if (!err)
		err = attachment_add_one(a, "calibration", nothing, offset, getpid(), exe);
	if (err) {
		attachment_free(a);
		return err;
	}
	probed = ns_per_call();
	attachment_free(a);
	bare = ns_per_call();
	log_debug("calibration: %.0f ns a call with an empty probe, %.1f ns without", probed, bare);
	return probed > bare ? probed - bare : 0;
}
