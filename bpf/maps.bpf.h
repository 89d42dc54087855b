/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps and configuration shared by the objects of the kernel side. */
#ifndef ALLOCTAP_MAPS_BPF_H
#define ALLOCTAP_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "alloctap.h"

/* Seeds the stack hash, so that nobody can prepare two stacks that collide. */
extern const volatile __u64 cfg_hash_seed;
/*
 * Nothing is counted until user space sets it: probes go in one by one, and what
 * some of them count before the others are there would not add up.
 */
extern volatile __u32 counting;
/* Which side of the double buffer programs write to: 0 or 1. */
extern volatile __u32 active_side;
/* Keys stored since user space last emptied that side. */
extern __u64 new_stacks[2];
extern __u64 new_counts[2];
/* By loss_reason. */
extern __u64 losses[LOST_MAX];
/* What no key could be stored for, by kind: totals stay right. */
extern struct count_value overflow[KIND_MAX];

#define atomic_add(p, v) ((void)__sync_fetch_and_add(p, v))

/*
 * One per CPU, so that busy CPUs do not fight for a cache line; atomics all the
 * same, because a uprobe program may be preempted by another one on its CPU.
 */
struct stats_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tap_stats);
};
extern struct stats_map stats SEC(".maps");

static __always_inline struct tap_stats *stats_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

static __always_inline void lose(enum loss_reason why)
{
	atomic_add(&losses[why], 1);
}

#endif
