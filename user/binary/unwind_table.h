/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The unwind table of one file, in the form the kernel side searches
 * (bpf/unwind.h): made range by range, then sorted, merged and cut into pages.
 */
#ifndef ALLOCTAP_BINARY_UNWIND_TABLE_H
#define ALLOCTAP_BINARY_UNWIND_TABLE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

/* Of one file, and of all files together: few kinds of rule describe most code there is. */
#define UNWIND_RULES_MAX 32768

struct unwind_table {
	uint64_t first; /* link-time address of the first page */
	struct unwind_page *pages;
	struct unwind_row *rows;
	struct unwind_rule *rules;
	size_t n_pages, n_rows, n_rules;
};

struct unwind_builder;

/* For code in [@start, @end). NULL with errno: EFBIG more than 2 GiB, ENOMEM. */
struct unwind_builder *unwind_builder_new(uint64_t start, uint64_t end);
void unwind_builder_free(struct unwind_builder *b);
/*
 * A range begins, in which rows follow in rising order; what two ranges share belongs
 * to the one that starts first, and what is outside the code to none. 0 or -ENOMEM.
 */
int unwind_builder_range(struct unwind_builder *b, uint64_t start, uint64_t end);
int unwind_builder_row(struct unwind_builder *b, uint64_t pc, struct unwind_rule rule);
/* Free with unwind_table_free(). NULL with errno ENOMEM. */
struct unwind_table *unwind_builder_finish(struct unwind_builder *b);

void unwind_table_free(struct unwind_table *t);
/* The rule at link-time address @pc. */
const struct unwind_rule *unwind_table_find(const struct unwind_table *t, uint64_t pc);

#endif
