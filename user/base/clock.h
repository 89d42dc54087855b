/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Clocks, in nanoseconds. */
#ifndef ALLOCTAP_BASE_CLOCK_H
#define ALLOCTAP_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t timespec_ns(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return timespec_ns(ts);
}

/* On the clock of bpf_ktime_get_ns(). */
static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif
