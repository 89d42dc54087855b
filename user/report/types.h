/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What was allocated, by type. */
#ifndef ALLOCTAP_REPORT_TYPES_H
#define ALLOCTAP_REPORT_TYPES_H

#include "profile/profile.h"
#include "report/type_layout.h"

/* Top call sites kept per type. */
#define TYPE_SITES_MAX 3

struct type_site {
	struct profile_line line;
	uint64_t objects, bytes;
};

struct type_row {
	uint32_t type;   /* in profile.types; 0: allocations whose type is not known */
	uint32_t target; /* the first one that allocated it */
	uint64_t objects, bytes, requested;
	uint64_t singles; /* objects that are one value each; the rest are arrays of them */
	/* Besides these, of rows of their own: arrays that slices of this type have. */
	uint64_t slice_objects, slice_bytes, slice_requested;
	struct type_site sites[TYPE_SITES_MAX]; /* by bytes */
	size_t n_sites;                         /* all the type has, kept or not */
};

struct type_table {
	struct type_row *rows; /* by bytes, then objects, then name: stable */
	size_t n;
	struct profile_totals totals;
};

/* NULL with errno ENOMEM. */
struct type_table *type_table_new(const struct profile *p);
void type_table_free(struct type_table *t);
/* The row of @type; one without objects where none was allocated by itself. */
struct type_row type_table_find(const struct type_table *t, const struct profile *p, uint32_t type);
/*
 * What the best order of its struct's fields would have spared of @row's bytes and
 * of its slices': exactly of single values; of arrays without what their size
 * classes add to it.
 */
uint64_t type_row_saving(const struct type_row *row, const struct type_layout *l);

#endif
