/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Two recordings compared: what a change of the program brought.
 *
 * They are of two runs, mostly of two builds, so nothing in them is the same thing
 * by its address or number. What is one is found by name:
 *
 *	site	function, file (without its folder) and line; the line counts from where
 *		the function begins, where that is known (Go 1.20 on), so that code put in
 *		above moves nothing. Sites left over are then paired by their function
 *		alone, where each recording has just one of it left
 *	type	name and package
 *	map	name and package of its type, and the function that inserts; maps left over
 *		are paired by the function in the same way, for a changed type is what
 *		putting a map right may come to
 *
 * Recordings last as long as they do, so amounts are compared per second, unless
 * the caller says that both runs did the same work. What lives when they end is
 * compared as it is, by site: it is no matter of how long it took.
 */
#ifndef ALLOCTAP_REPORT_DIFF_H
#define ALLOCTAP_REPORT_DIFF_H

#include "profile/profile.h"

enum diff_side { DIFF_BEFORE, DIFF_AFTER, DIFF_SIDES };

enum diff_measure { DIFF_BYTES, DIFF_OBJECTS, DIFF_INSERTS, DIFF_MEASURES };

enum diff_table_kind { DIFF_SITES, DIFF_TYPES, DIFF_MAPS, DIFF_LIVE, DIFF_TABLES };

enum diff_match {
	DIFF_ALONE,       /* one recording has it, the other does not */
	DIFF_BY_NAME,     /* all of what is said above */
	DIFF_BY_FUNCTION, /* it alone: the site's line or the map's type is another one */
};

/* What makes a comparison say less than it seems to. */
enum diff_caveat {
	DIFF_NO_ALLOCATIONS = 1 << 0, /* none here, some in the other one */
	DIFF_NO_INSERTS = 1 << 1,     /* the same, of map inserts */
	DIFF_NO_TYPES = 1 << 2,       /* the same, of types */
	DIFF_NO_FLUSHES = 1 << 3,     /* the same, of write barriers */
	DIFF_NO_LIVE = 1 << 4,        /* the other one says what lives, this does not */
	DIFF_LOST = 1 << 5,           /* events were lost: true amounts are greater */
};

struct diff_row {
	enum diff_match match;
	bool at_end; /* of what lives: never per second; of that there are no inserts */
	/* Per side, where it has the thing: */
	bool present[DIFF_SIDES];
	struct profile_line line[DIFF_SIDES];       /* of sites and maps: the heaviest */
	uint32_t type[DIFF_SIDES];                  /* of types and maps, in the side's types */
	uint64_t amount[DIFF_SIDES][DIFF_MEASURES]; /* as recorded */
};

struct diff_table {
	struct diff_row *rows; /* by the change, in bytes, objects, inserts: stable */
	size_t n;
};

struct diff {
	const struct profile *profiles[DIFF_SIDES];
	bool per_second;
	double scale[DIFF_SIDES]; /* of amounts as recorded to those compared */
	unsigned int caveats[DIFF_SIDES];
	struct diff_row total, live; /* of sites, and of what lives */
	struct diff_table tables[DIFF_TABLES];
};

/*
 * @per_second holds where both recordings have a duration. Both have to outlive
 * what is returned: NULL with errno ENOMEM.
 */
struct diff *diff_new(const struct profile *const profiles[DIFF_SIDES], bool per_second);
void diff_free(struct diff *d);

/* The amount of a side as it is compared, and after minus before. */
double diff_value(const struct diff *d, const struct diff_row *r, enum diff_side side,
		  enum diff_measure m);
double diff_delta(const struct diff *d, const struct diff_row *r, enum diff_measure m);
/* The side to describe a row by: after, unless that has none of it. */
enum diff_side diff_shown(const struct diff_row *r);

/* "before", "bytes", "sites": words of the text and keys of the JSON. */
const char *diff_side_name(enum diff_side side);
const char *diff_measure_name(enum diff_measure m);
const char *diff_table_name(enum diff_table_kind kind);
/* A sentence about a recording with it, without its beginning: "has no map inserts ...". */
const char *diff_caveat_text(enum diff_caveat caveat);

#endif
