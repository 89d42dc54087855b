/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How processes grew beside their collections, and what those left of each part of the heap. */
#ifndef ALLOCTAP_REPORT_GC_MEMORY_H
#define ALLOCTAP_REPORT_GC_MEMORY_H

#include "profile/profile.h"

/* Resident memory of a process: at the first look, at the last, the most of all. */
struct memory_growth {
	uint32_t target;
	uint64_t first, last, peak;
	size_t row, n_rows; /* in profile.memory */
};

/* A pool of a process, over all collections of it. */
struct pool_use {
	uint32_t target;
	str_id name;
	uint64_t collections;
	uint64_t most_before, most_after;
	uint64_t freed; /* added up; pools that objects are moved to are freed of none */
};

struct gc_memory {
	struct memory_growth *growths; /* by target */
	struct pool_use *pools;        /* by target */
	size_t n_growths, n_pools;
};

/* NULL with errno ENOMEM. */
struct gc_memory *gc_memory_new(const struct profile *p);
void gc_memory_free(struct gc_memory *m);

#endif
