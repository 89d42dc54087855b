/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was allocated while recording and still lives at its end, by call site.
 * Not all of it has leaked: a cache lives too. What tells them apart is age, and
 * whether a site has more each time one looks.
 */
#ifndef ALLOCTAP_REPORT_LEAKS_H
#define ALLOCTAP_REPORT_LEAKS_H

#include "profile/profile.h"
#include "report/suppressions.h"

/* The looks of the recording, and its end. */
#define LEAK_LOOKS_MAX (PROFILE_SNAPSHOTS_MAX + 1)
/* A site that grows had more at so many looks than at the one before. */
#define LEAK_GROWTH_LOOKS 3

struct leak_row {
	struct profile_line site;
	uint32_t target, stack; /* of the stack with most bytes */
	uint32_t n_stacks;
	uint64_t objects, bytes;
	uint64_t age_ns;     /* of the oldest block when its process, or the recording, ended */
	uint64_t peak_bytes; /* the most that lived at once: the sum of its stacks' peaks */
	uint64_t look_bytes[LEAK_LOOKS_MAX];
	/*
	 * It never had less at a look than at the one before, but more at
	 * LEAK_GROWTH_LOOKS of them at least, some of these in the later half of the looks:
	 * since this look. n_looks: it does not grow.
	 */
	uint32_t grows_since;
	double growth_per_s; /* bytes; 0 where it does not grow */
};

struct leak_sum {
	uint64_t objects, bytes;
};

struct leak_table {
	struct leak_row *rows; /* by bytes, objects, then name: stable */
	size_t n;
	uint32_t *by_age;    /* rows, the oldest first */
	uint32_t *by_growth; /* rows that grow, the fastest first */
	size_t n_growing;
	struct leak_sum sum;              /* of all rows */
	struct leak_sum suppressed;       /* of what is in none for the sake of a suppression */
	struct leak_sum *by_suppression;  /* of each suppression; NULL: there are none */
	uint64_t look_ns[LEAK_LOOKS_MAX]; /* the last one is the end */
	uint32_t n_looks;
};

/*
 * Blocks of stacks with a function, its source file or its module that one of
 * @suppressions (may be NULL) matches are left out. NULL with errno ENOMEM.
 */
struct leak_table *leak_table_new(const struct profile *p, const struct suppressions *suppressions);
void leak_table_free(struct leak_table *t);

#endif
