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
#include "session/map_batch.h"

#include "alloctap.skel.h" /* names types of alloctap.h */

struct drain {
	struct alloctap_bpf *skel;
	int quiesce_inner; /* what the quiesce map is updated with; never read */
	struct map_batch counts, stacks;
};

struct drain *drain_new(struct alloctap_bpf *skel)
{
	struct drain *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->skel = skel;
	d->quiesce_inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "quiesce_inner", sizeof(__u32),
					  sizeof(__u32), 1, NULL);
	if (d->quiesce_inner >= 0 &&
	    !map_batch_init(&d->counts, sizeof(struct count_key), sizeof(struct count_value)) &&
	    !map_batch_init(&d->stacks, sizeof(__u64), sizeof(struct stack_value)))
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
	map_batch_free(&d->counts);
	map_batch_free(&d->stacks);
	free(d);
}

static int take_count(void *ctx, const void *key, const void *value)
{
	return raw_counts_add(ctx, key, value);
}

static int take_stack(void *ctx, const void *key, const void *value)
{
	return raw_counts_add_stack(ctx, *(const __u64 *)key, value);
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
		err = map_batch_read(&d->counts,
				     bpf_map__fd(old ? skel->maps.counts_b : skel->maps.counts_a),
				     true, take_count, r);
	if (!err)
		err = map_batch_read(&d->stacks,
				     bpf_map__fd(old ? skel->maps.stacks_b : skel->maps.stacks_a),
				     true, take_stack, r);
	if (err) {
		log_error("counts cannot be read from the kernel: %s", strerror(-err));
		return err;
	}
	skel->bss->new_stacks[old] = 0;
	skel->bss->new_counts[old] = 0;
	return 0;
}
