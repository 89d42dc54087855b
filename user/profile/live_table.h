/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The builder's table of what lives: a row for each stack of a target. Private to this room. */
#ifndef ALLOCTAP_PROFILE_LIVE_TABLE_H
#define ALLOCTAP_PROFILE_LIVE_TABLE_H

#include "base/intern.h"
#include "base/vec.h"
#include "profile/profile.h"

struct live_table {
	VEC(struct profile_live) rows;
	struct intern index;
};

/* See profile_builder_live(). 0 or -ENOMEM. */
int live_table_add(struct live_table *t, const struct profile_live *live);
/* The rows, the caller's to free; leaves the table empty. */
struct profile_live *live_table_take(struct live_table *t, size_t *n);
void live_table_free(struct live_table *t);

#endif
