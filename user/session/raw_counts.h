/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What was drained from the kernel so far: addresses and numbers, no names yet. */
#ifndef ALLOCTAP_SESSION_RAW_COUNTS_H
#define ALLOCTAP_SESSION_RAW_COUNTS_H

#include <linux/types.h>

#include "alloctap.h"
#include "base/intern.h"
#include "base/vec.h"

struct raw_stack {
	uint64_t id;
	uint32_t first, n; /* in raw_counts.ips */
	uint32_t flags;    /* enum stack_flags */
};

struct raw_count {
	struct count_key key;
	struct count_value value;
};

/* The epoch that a count is to have. */
typedef uint32_t (*raw_epoch_fn)(const void *ctx, const struct count_key *key);

struct raw_counts {
	VEC(struct raw_stack) stacks;
	VEC(uint64_t) ips;
	VEC(struct raw_count) counts;
	struct intern stack_index, count_index;
	struct count_value totals[KIND_MAX];
	raw_epoch_fn epoch_of; /* NULL: its own */
	const void *epoch_ctx;
};

/* Zero-initialised is empty. Both add: 0 or -ENOMEM. */
int raw_counts_add(struct raw_counts *r, const struct count_key *key,
		   const struct count_value *value);
/* A stack already known is passed over. */
int raw_counts_add_stack(struct raw_counts *r, uint64_t id, const struct stack_value *stack);
/* NULL where no stack with that id was drained. */
const struct raw_stack *raw_counts_stack(const struct raw_counts *r, uint64_t id);
/* How many counts are of later epochs than @epoch. */
size_t raw_counts_after(const struct raw_counts *r, uint32_t epoch);
/*
 * Adds up what @epoch_of makes equal, now and whenever counts are added; @ctx must
 * stay. 0 or -ENOMEM.
 */
int raw_counts_fold(struct raw_counts *r, raw_epoch_fn epoch_of, const void *ctx);
void raw_counts_free(struct raw_counts *r);

#endif
