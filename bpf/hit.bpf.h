/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs in a Go process have in common: a hit, from entry to exit.
 *
 * What is declared here is defined in go.bpf.c, which must be linked before the
 * others that use it: libbpf 1.1 makes no map of one that it saw used first.
 */
#ifndef ALLOCTAP_HIT_BPF_H
#define ALLOCTAP_HIT_BPF_H

#include "arch.bpf.h"
#include "count.bpf.h"
#include "target.bpf.h"
#include "walk.bpf.h"

/* No configuration: programs of other Go versions may come while we run. */
extern volatile struct go_layout go_layouts[GO_LAYOUTS_MAX];
/* GC cycles that have begun, by place: the epoch of what happens now. */
extern volatile __u32 epochs[TARGETS_MAX];

struct hit {
	user_regs *regs;
	struct tap_stats *stats;
	union probe_cookie cookie;
	__u64 started; /* 0: this run is not timed */
};

/* False: nothing to count. */
static __always_inline bool hit_begin(struct hit *hit, void *ctx)
{
	if (!counting)
		return false;
	hit->regs = ctx;
	hit->stats = stats_get();
	if (!hit->stats)
		return false;
	hit->cookie.value = bpf_get_attach_cookie(ctx);
	hit->started = 0;
	if ((__sync_fetch_and_add(&hit->stats->hits, 1) & (TIMED_HITS - 1)) == 0)
		hit->started = bpf_ktime_get_ns();
	if (hit->cookie.flags & COOKIE_STACK_CHECK && STACK_CHECK_TAKEN(hit->regs)) {
		atomic_add(&hit->stats->restarts, 1);
		return false;
	}
	return true;
}

static __always_inline void hit_end(const struct hit *hit)
{
	if (!hit->started)
		return;
	atomic_add(&hit->stats->timed_hits, 1);
	atomic_add(&hit->stats->timed_ns, bpf_ktime_get_ns() - hit->started);
}

static __always_inline const volatile struct go_layout *hit_layout(const struct hit *hit)
{
	return &go_layouts[hit->cookie.layout & (GO_LAYOUTS_MAX - 1)];
}

static __always_inline volatile __u32 *epoch_at(__u32 place)
{
	return &epochs[place & (TARGETS_MAX - 1)];
}

/*
 * The id of the target that was hit, and its place where @place is not NULL; 0, counted,
 * where the process is no target.
 */
static __always_inline __u32 hit_target(const struct hit *hit, __u32 *place)
{
	__u32 at = 0, id = target_of_hit(hit->cookie.target, &at);

	if (!id)
		atomic_add(&hit->stats->foreign, 1);
	if (place)
		*place = at;
	return id;
}

static __always_inline __u64 hit_walk(const struct hit *hit, struct walk_scratch *s)
{
	return walk_go_stack(s, hit->regs, hit_layout(hit), hit->cookie.cfa_off);
}

#endif
