/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Who did something, how often and for how long, as evidence; private to this room. */
#ifndef ALLOCTAP_REPORT_GC_TALLY_H
#define ALLOCTAP_REPORT_GC_TALLY_H

#include <stdio.h>

#include "base/intern.h"
#include "base/vec.h"
#include "profile/profile.h"

/* Names in a sentence: more of them would not be read. */
#define GC_TALLY_NAMED 3

struct gc_tally_row {
	struct profile_line line;
	str_id what; /* told apart besides; 0: nothing */
	uint64_t count, ns, bytes;
};

/* {0} is empty; rows with equal line and what are added up. */
struct gc_tally {
	VEC(struct gc_tally_row) rows;
	struct intern index;
	uint64_t count, ns, bytes; /* of all rows */
};

/* 0 or -ENOMEM. */
int gc_tally_add(struct gc_tally *t, const struct gc_tally_row *row);
/* By time, then bytes, then count; the first GC_TALLY_NAMED are what is told. */
void gc_tally_sort(struct gc_tally *t);
void gc_tally_free(struct gc_tally *t);

/*
 * Who called into the runtime: the call site, but for runtime/debug, runtime/pprof
 * and the like, which are ordinary packages to the rest of us.
 */
struct profile_line gc_caller(const struct profile *p, uint32_t stack);
/* "once", "12 times" */
void gc_put_times(FILE *out, uint64_t n);
/* "main.tick (/src/main.go:12)" */
void gc_put_line(FILE *out, const struct profile *p, struct profile_line line);

#endif
