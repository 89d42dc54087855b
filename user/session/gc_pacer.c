// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The goal that counts is not stored: it is the smaller of what GOGC and what the
 * memory limit allow (runtime/mgcpacer.go: heapGoalInternal, memoryLimitHeapGoal).
 */
#include "session/gc_pacer.h"

/* mgcpacer.go: memoryLimitHeapGoalHeadroomPercent and its least; to 1.20 just the least. */
#define HEADROOM_PERCENT 3
#define HEADROOM_MIN     (1ull << 20)
/* mgc.go: sweepMinHeapDistance, room for sweeping where GOGC leaves less. */
#define SWEEP_DISTANCE_MIN (1ull << 20)

static uint64_t limit_goal(const __u64 words[PACER_MAX], uint64_t limit)
{
	uint64_t mapped = words[PACER_MAPPED], marked = words[PACER_MARKED];
	uint64_t heap = words[PACER_FREE] + words[PACER_TOTAL_ALLOC] - words[PACER_TOTAL_FREE];
	/* Not one moment's numbers: the runtime reads again until they agree. */
	uint64_t other = mapped > heap ? mapped - heap : 0;
	uint64_t overage = mapped > limit ? mapped - limit : 0;
	uint64_t goal, headroom;

	if (other + overage >= limit)
		return marked;
	goal = limit - (other + overage);
	headroom = goal / 100 * HEADROOM_PERCENT;
	if (headroom < HEADROOM_MIN)
		headroom = HEADROOM_MIN;
	goal = goal < 2 * headroom ? headroom : goal - headroom;
	return goal < marked ? marked : goal;
}

struct pacer pacer_read(const __u64 words[PACER_MAX])
{
	struct pacer p = {
		.live = words[PACER_LIVE],
		.goal = words[PACER_GOAL],
		.percent = (int32_t)words[PACER_PERCENT],
	};
	uint64_t limit = words[PACER_LIMIT], by_limit;

	if (p.goal && p.goal < words[PACER_MARKED] + SWEEP_DISTANCE_MIN)
		p.goal = words[PACER_MARKED] + SWEEP_DISTANCE_MIN;
	if (!limit || limit >= INT64_MAX)
		return p;
	p.limit = limit;
	by_limit = limit_goal(words, limit);
	if (by_limit < p.goal)
		p.goal = by_limit;
	return p;
}
