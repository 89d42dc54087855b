// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The flip, step by step:
 *
 *  1. active_side changes. A program that starts now writes to the new side;
 *     one that read the old value may still be writing to the old one.
 *  2. The quiesce map, a map of maps, is updated. The kernel answers such an
 *     update only after synchronize_rcu() (kernel/bpf/syscall.c,
 *     maybe_wait_bpf_programs), and uprobe programs run inside an RCU read
 *     section: whoever read the old value has finished.
 *  3. The old side is ours alone: it is read and emptied in batches.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "session/drain.h"

#include "alloctap.skel.h" /* names types of alloctap.h */

/* Entries asked for at a time; grown when one hash bucket holds more. */
#define BATCH_START 1024

struct batch {
	void *keys, *values;
	size_t key_size, value_size;
	uint32_t n;
};

struct drain {
	struct alloctap_bpf *skel;
	int quiesce_inner; /* what the quiesce map is updated with; never read */
	struct batch counts, stacks;
};

static int batch_resize(struct batch *b, uint32_t n)
{
	void *keys = reallocarray(b->keys, n, b->key_size);
	void *values;

	if (!keys)
		return -ENOMEM;
	b->keys = keys;
	values = reallocarray(b->values, n, b->value_size);
	if (!values)
		return -ENOMEM;
	b->values = values;
	b->n = n;
	return 0;
}

struct drain *drain_new(struct alloctap_bpf *skel)
{
	struct drain *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->skel = skel;
	d->counts = (struct batch){.key_size = sizeof(struct count_key),
				   .value_size = sizeof(struct count_value)};
	d->stacks =
		(struct batch){.key_size = sizeof(__u64), .value_size = sizeof(struct stack_value)};
	d->quiesce_inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "quiesce_inner", sizeof(__u32),
					  sizeof(__u32), 1, NULL);
	if (d->quiesce_inner >= 0 && !batch_resize(&d->counts, BATCH_START) &&
	    !batch_resize(&d->stacks, BATCH_START))
		return d;
	drain_free(d);
	return NULL;
}

void drain_free(struct drain *d)
{
	if (!d)
		return;
	if (d->quiesce_inner >= 0)
		close(d->quiesce_inner);
	free(d->counts.keys);
	free(d->counts.values);
	free(d->stacks.keys);
	free(d->stacks.values);
	free(d);
}

typedef int (*take_fn)(struct raw_counts *r, const void *key, const void *value);

static int take_count(struct raw_counts *r, const void *key, const void *value)
{
	return raw_counts_add(r, key, value);
}

static int take_stack(struct raw_counts *r, const void *key, const void *value)
{
	return raw_counts_add_stack(r, *(const __u64 *)key, value);
}

static int empty_map(struct bpf_map *map, struct batch *b, struct raw_counts *r, take_fn take)
{
	__u32 position, n;
	void *in = NULL;
	int err;

	do {
		n = b->n;
		err = bpf_map_lookup_and_delete_batch(bpf_map__fd(map), in, &position, b->keys,
						      b->values, &n, NULL);
		if (err == -ENOSPC) {
			/* The next bucket holds more than the batch; nothing was taken. */
			n = 0;
			err = batch_resize(b, b->n * 2);
		}
		if (err && err != -ENOENT)
			return err;
		for (__u32 i = 0; i < n; i++) {
			int taken = take(r, (char *)b->keys + i * b->key_size,
					 (char *)b->values + i * b->value_size);

			if (taken)
				return taken;
		}
		in = &position;
	} while (err != -ENOENT);
	return 0;
}

int drain_flip(struct drain *d, struct raw_counts *r)
{
	struct alloctap_bpf *skel = d->skel;
	__u32 old = skel->bss->active_side, zero = 0;
	int err;

	__atomic_store_n(&skel->bss->active_side, !old, __ATOMIC_SEQ_CST);
	err = bpf_map_update_elem(bpf_map__fd(skel->maps.quiesce), &zero, &d->quiesce_inner,
				  BPF_ANY);
	if (err)
		err = -errno;
	if (!err)
		err = empty_map(old ? skel->maps.counts_b : skel->maps.counts_a, &d->counts, r,
				take_count);
	if (!err)
		err = empty_map(old ? skel->maps.stacks_b : skel->maps.stacks_a, &d->stacks, r,
				take_stack);
	if (err) {
		log_error("counts cannot be read from the kernel: %s", strerror(-err));
		return err;
	}
	skel->bss->new_stacks[old] = 0;
	skel->bss->new_counts[old] = 0;
	return 0;
}
