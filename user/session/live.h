/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What lives, of what was followed with --live.
 *
 *	live_new -> live_start -> live_look ... (after each drain) -> live_finish -> live_result
 *
 * While recording, what is in use of a stack is what was allocated less what was freed:
 * the counts say that, and some moments are kept of it. At the end the kernel's live
 * map is read: it has each block with its age.
 */
#ifndef ALLOCTAP_SESSION_LIVE_H
#define ALLOCTAP_SESSION_LIVE_H

#include "profile/builder.h"
#include "session/raw_counts.h"

struct alloctap_bpf;
struct live;

/* Of a session that may follow @max_live addresses. NULL with errno ENOMEM. */
struct live *live_new(uint32_t max_live);
void live_free(struct live *l);
/* Once loaded; times count from @started_ns (CLOCK_MONOTONIC). 0 or -ENOMEM. */
int live_start(struct live *l, struct alloctap_bpf *skel, uint64_t started_ns);
/*
 * Target @target has ended or become another program: what it had is kept for the
 * result, and need not stay in the kernel. 0 or -ENOMEM.
 */
int live_gone(struct live *l, uint32_t target);
/* What has been drained until @now_ns (CLOCK_MONOTONIC) is in @raw. 0 or -errno, printed. */
int live_look(struct live *l, const struct raw_counts *raw, uint64_t now_ns);
/* All has been drained. Reads what lives. 0 or -errno, printed. */
int live_finish(struct live *l, const struct raw_counts *raw);

/* In use at the last look, as the counts have it. */
struct live_totals {
	uint64_t objects, bytes;
};
struct live_totals live_totals(const struct live *l);

/* The profile's target for the kernel's; PROFILE_NONE: not in the profile. */
typedef uint32_t (*live_target_fn)(void *ctx, uint32_t target);
/* The profile's stack for the kernel's, of that target. */
typedef uint32_t (*live_stack_fn)(void *ctx, uint32_t profile_target, uint64_t stack);

/*
 * After live_finish(), while the skeleton is loaded: a row for each stack of which
 * anything ever lived; the rest goes into @heap. 0 or -ENOMEM.
 */
int live_result(const struct live *l, struct profile_builder *b, live_target_fn target_of,
		live_stack_fn stack_of, void *ctx, struct profile_heap *heap);

#endif
