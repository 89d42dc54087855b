/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Finds what two recordings have in common: diff.h says by what. The same thing
 * given once more is added to what is known of it.
 */
#ifndef ALLOCTAP_REPORT_DIFF_MATCH_H
#define ALLOCTAP_REPORT_DIFF_MATCH_H

#include "report/diff.h"

struct diff_matcher;

/* What one recording has of a thing. */
struct diff_item {
	struct profile_line line;
	uint32_t type;
	uint64_t amount[DIFF_MEASURES];
};

struct diff_matcher *diff_matcher_new(void);
void diff_matcher_free(struct diff_matcher *m);

/* @p is the recording of @side. 0 or -ENOMEM. */
int diff_match_site(struct diff_matcher *m, enum diff_side side, const struct profile *p,
		    const struct diff_item *item);
int diff_match_type(struct diff_matcher *m, enum diff_side side, const struct profile *p,
		    const struct diff_item *item);
int diff_match_map(struct diff_matcher *m, enum diff_side side, const struct profile *p,
		   const struct diff_item *item);
/* Pairs sites or maps of one function where either side has one left. 0 or -ENOMEM. */
int diff_match_left_over(struct diff_matcher *m);

/* Hands all rows over, the caller's to free; how many. */
size_t diff_matcher_take(struct diff_matcher *m, struct diff_row **rows);

#endif
