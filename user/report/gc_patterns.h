/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Finds what is known to go wrong with collections; private to this room. */
#ifndef ALLOCTAP_REPORT_GC_PATTERNS_H
#define ALLOCTAP_REPORT_GC_PATTERNS_H

#include <stdio.h>

#include "report/gc.h"
#include "report/gc_epochs.h"
#include "report/gc_tally.h"

/* Fills @r's patterns, in the order of their kinds, from all else in it. 0 or -ENOMEM. */
int gc_patterns_find(const struct profile *p, const struct gc_epochs *e, struct gc_report *r);

struct gc_finder {
	const struct profile *p;
	const struct gc_epochs *e;
	const struct gc_report *r;
	FILE *evidence, *remedy; /* in memory */
};

/*
 * One per pattern: prints evidence and remedy and returns 1 where it is found;
 * 0, nothing printed, where it is not; or -ENOMEM.
 */
int gc_find_storm(const struct gc_finder *f);
int gc_find_timer(const struct gc_finder *f);
int gc_find_forced(const struct gc_finder *f);
int gc_find_assists(const struct gc_finder *f);
int gc_find_long_pauses(const struct gc_finder *f);
int gc_find_limit(const struct gc_finder *f);
int gc_find_stops(const struct gc_finder *f);

/* The cycle a pause belongs to; NULL where there is none. */
const struct profile_gc_cycle *gc_cycle_of(const struct profile *p,
					   const struct profile_gc_pause *pause);
bool gc_target_is_go(const struct profile *p, uint32_t target);
/* @part of @whole; 0 of nothing. */
double gc_share_of(double part, double whole);

#endif
