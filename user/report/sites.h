/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Call sites: who in the program's own code allocated and inserted.
 *
 * A stack without such a frame is charged to its outermost one (see
 * profile_stack_site()), so that totals stay right. Calls for address space are
 * left to report/space.h.
 */
#ifndef ALLOCTAP_REPORT_SITES_H
#define ALLOCTAP_REPORT_SITES_H

#include "profile/profile.h"

struct site {
	uint32_t function; /* in profile.functions */
	uint32_t line;
	uint32_t target; /* 0 where targets are not told apart */
	uint64_t objects, bytes, requested, inserts, flushes;
	uint64_t frees, freed_bytes;       /* of what was allocated here */
	uint64_t live_objects, live_bytes; /* of it, when the recording ended */
};

struct site_table {
	struct site *sites; /* by bytes, inserts, flushes, then name: stable */
	size_t n;
	struct profile_totals totals;
};

/* NULL with errno ENOMEM. */
struct site_table *site_table_new(const struct profile *p);
/* The same with a site of each target where several have it. */
struct site_table *site_table_new_by_target(const struct profile *p);
void site_table_free(struct site_table *t);

#endif
