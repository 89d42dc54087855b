/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Allocation storms: bursts that start collections; private to this room. */
#ifndef ALLOCTAP_REPORT_GC_STORM_H
#define ALLOCTAP_REPORT_GC_STORM_H

#include "report/gc_epochs.h"
#include "report/gc_tally.h"

struct gc_storms {
	uint64_t heap_cycles;  /* started by the heap while bins were counted */
	uint64_t cycles;       /* of them, in a burst */
	uint64_t peak_bytes;   /* the most in one bin before any of those */
	uint64_t usual_bytes;  /* in one bin, of the target that had that peak */
	struct gc_tally sites; /* what was allocated before those cycles, by call site */
};

/* 0 or -ENOMEM; @s is the caller's to free either way. */
int gc_storms_find(const struct profile *p, const struct gc_epochs *e, struct gc_storms *s);

#endif
