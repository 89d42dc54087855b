// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "session/alloc_bins.h"

struct alloc_bins {
	int fd;
	size_t n, n_cpus;
	uint64_t origin_ns;
	struct alloc_bin *seen;   /* by key, summed over CPUs */
	struct alloc_bin *values; /* of one batch: of each key, of each CPU */
	__u32 *keys;
	uint32_t *owners; /* by place */
};

struct alloc_bins *alloc_bins_new(int fd, size_t n_places, uint64_t origin_ns)
{
	struct alloc_bins *b = calloc(1, sizeof(*b));
	int n_cpus = libbpf_num_possible_cpus();

	if (!b)
		return NULL;
	b->fd = fd;
	b->n = n_places * ALLOC_BINS;
	b->n_cpus = n_cpus > 0 ? (size_t)n_cpus : 1;
	b->origin_ns = origin_ns;
	b->seen = calloc(b->n, sizeof(*b->seen));
	b->values = calloc(ALLOC_BINS * b->n_cpus, sizeof(*b->values));
	b->keys = calloc(ALLOC_BINS, sizeof(*b->keys));
	b->owners = calloc(n_places, sizeof(*b->owners));
	for (size_t i = 0; b->owners && i < n_places; i++)
		b->owners[i] = (uint32_t)i;
	if (b->seen && b->values && b->keys && b->owners)
		return b;
	alloc_bins_free(b);
	errno = ENOMEM;
	return NULL;
}

void alloc_bins_free(struct alloc_bins *b)
{
	if (!b)
		return;
	free(b->seen);
	free(b->values);
	free(b->keys);
	free(b->owners);
	free(b);
}

void alloc_bins_set_owner(struct alloc_bins *b, uint32_t place, uint32_t target)
{
	if (place < b->n / ALLOC_BINS)
		b->owners[place] = target;
}

/* The latest time, not after bin number @now, that bin @i of a target stands for. */
static uint64_t bin_time(const struct alloc_bins *b, uint64_t now, uint64_t i)
{
	uint64_t age = (now - i) % ALLOC_BINS;

	return b->origin_ns + (now > age ? now - age : 0) * ALLOC_BIN_NS;
}

static int take_bin(struct alloc_bins *b, struct gc_log *log, size_t key,
		    const struct alloc_bin *per_cpu, uint64_t now)
{
	struct alloc_bin sum = {0}, new;

	for (size_t cpu = 0; cpu < b->n_cpus; cpu++) {
		sum.objects += per_cpu[cpu].objects;
		sum.bytes += per_cpu[cpu].bytes;
	}
	new.objects = sum.objects - b->seen[key].objects;
	new.bytes = sum.bytes - b->seen[key].bytes;
	b->seen[key] = sum;
	if (!new.objects)
		return 0;
	return gc_log_bin(log, b->owners[key / ALLOC_BINS], bin_time(b, now, key % ALLOC_BINS),
			  &new);
}

int alloc_bins_take(struct alloc_bins *b, struct gc_log *log)
{
	__u32 position, n;
	void *in = NULL;
	int err = 0, taken = 0;

	while (err != -ENOENT && !taken) {
		uint64_t now;

		n = ALLOC_BINS;
		err = bpf_map_lookup_batch(b->fd, in, &position, b->keys, b->values, &n, NULL);
		if (err && err != -ENOENT)
			return err;
		/* After the reading: what is in a bin is of no later time. */
		now = (now_ns() - b->origin_ns) / ALLOC_BIN_NS;
		for (__u32 i = 0; i < n && !taken; i++) {
			if (b->keys[i] < b->n)
				taken = take_bin(b, log, b->keys[i], b->values + i * b->n_cpus,
						 now);
		}
		in = &position;
	}
	return taken;
}
