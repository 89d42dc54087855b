/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What becomes one sample of a pprof file, and which values it has; private to pprof.c. */
#ifndef ALLOCTAP_EXPORT_PPROF_SAMPLES_H
#define ALLOCTAP_EXPORT_PPROF_SAMPLES_H

#include "base/intern.h"
#include "base/vec.h"
#include "profile/profile.h"

enum pprof_value {
	VALUE_ALLOC_OBJECTS,
	VALUE_ALLOC_SPACE,
	VALUE_INUSE_OBJECTS,
	VALUE_INUSE_SPACE,
	VALUE_MAP_INSERTS,
	VALUE_WB_FLUSHES, /* this and those behind it only where some were recorded */
	VALUE_GC_PAUSE,
	VALUE_GC_ASSIST,
	VALUES
};

/* All with the same key; in memory as the key alone is hashed. */
struct pprof_sample {
	uint32_t target, stack;
	uint32_t type;  /* in profile.types */
	uint32_t cycle; /* of the GC; 0: not asked for, of none, or of several */
	int64_t values[VALUES];
};

struct pprof_samples {
	VEC(struct pprof_sample) list;
	struct intern index;
	bool has[VALUES];
};

/*
 * Adds up what was recorded by (target, stack, type). With @by_cycle also by the
 * GC cycle it led to, or that it was a part of: pauses and assists of a cycle
 * then have the same number as the allocations that caused it. 0 or -ENOMEM; @s
 * is the caller's to free either way.
 */
int pprof_samples_make(struct pprof_samples *s, const struct profile *p, bool by_cycle);
void pprof_samples_free(struct pprof_samples *s);

#endif
