// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>

#include "base/log.h"
#include "base/vec.h"
#include "session/calibrate.h"
#include "session/describe.h"

/* In empty probes: 0.6 in tools/bench_native.py (20 frames), 1.0 to 1.2 over whole machines. */
#define PROGRAM_PER_TRAP 1.0

/* Of many targets, some are named. */
#define DESCRIBED_MAX 8

void describe_plan(const struct tapper *t, FILE *out)
{
	vec_for_each (&t->targets.list, target) {
		const struct tap *tap = target->tap;
		const struct file *file;

		fprintf(out, "%s, %s, --link %s\n", tap_name(tap), tap_version(tap),
			link_kind_name(t->options->link));
		if (tap_is_go(tap))
			probe_plan_print(&tap_exe(tap)->go_plan, tap_exe_path(tap), out);
		if (tap_gc_file(tap))
			usdt_plan_print(&tap_gc_file(tap)->usdt, tap_gc_file(tap)->path, out);
		for (size_t i = 0; tapper_wants_native(t, tap) && (file = tap_file_at(tap, i));
		     i++) {
			if (file->native.n)
				native_plan_print(&file->native, file->path, out);
		}
	}
}

/* "server (pid 123, go1.26.8)", "python3 (pid 124, CPython 3.11, glibc)". */
static void describe(const struct tapper *t, const struct tap *tap, FILE *out)
{
	char allocators[128] = "";
	const char *version = tap_version(tap);

	if (tapper_wants_native(t, tap))
		tap_allocators(tap, allocators, sizeof(allocators));
	fprintf(out, "%s (pid %d%s%s%s%s)", tap_comm(tap), tap_pid(tap), *version ? ", " : "",
		version, *allocators ? ", " : "", allocators);
}

char *describe_targets(const struct tapper *t)
{
	size_t n = t->targets.list.n, shown = n > DESCRIBED_MAX ? DESCRIBED_MAX / 2 : n;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	for (size_t i = 0; i < shown; i++) {
		fputs(i ? ", " : "", out);
		describe(t, t->targets.list.data[i].tap, out);
	}
	if (shown < n)
		fprintf(out, " and %zu more", n - shown);
	if (!n)
		fputs("no process yet", out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

void describe_cost(const struct tapper *t)
{
	double ns = calibrate_trap_ns(t->options->link, kernel_nothing(t->kernel));
	double trap_us = ns > 0 ? ns / 1000 : 0;

	log_info("%zu processes match, with %zu files mapped; each allocation of theirs will take "
		 "some %.1f us longer (an empty probe, just measured here: %.1f us; counting takes "
		 "about as much again)",
		 t->targets.list.n, files_count(t->files), trap_us * (1 + PROGRAM_PER_TRAP),
		 trap_us);
}
