// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Stacks that differ in their addresses can be the same once they have names, so
 * rows come together here. Two peaks need not have been at one time: their sum is
 * the most it can have been.
 */
#include "profile/live_table.h"

static bool same_row(const void *ctx, uint32_t id, const void *key)
{
	const struct live_table *t = ctx;
	const struct profile_live *row = &t->rows.data[id], *k = key;

	return row->target == k->target && row->stack == k->stack;
}

static void add_up(struct profile_live *sum, const struct profile_live *live)
{
	if (live->objects && (!sum->objects || live->oldest_ns < sum->oldest_ns))
		sum->oldest_ns = live->oldest_ns;
	sum->objects += live->objects;
	sum->bytes += live->bytes;
	sum->peak_bytes += live->peak_bytes;
	for (size_t i = 0; i < PROFILE_SNAPSHOTS_MAX; i++) {
		sum->snapshot_objects[i] += live->snapshot_objects[i];
		sum->snapshot_bytes[i] += live->snapshot_bytes[i];
	}
}

int live_table_add(struct live_table *t, const struct profile_live *live)
{
	uint64_t hash = hash_bytes(&live->stack, sizeof(live->stack), live->target);
	uint32_t id = intern_find(&t->index, hash, same_row, t, live);

	if (id != INTERN_NONE) {
		add_up(&t->rows.data[id], live);
		return 0;
	}
	if (vec_push(&t->rows, *live))
		return -ENOMEM;
	return intern_add(&t->index, hash, (uint32_t)t->rows.n - 1);
}

struct profile_live *live_table_take(struct live_table *t, size_t *n)
{
	struct profile_live *rows = t->rows.data;

	*n = t->rows.n;
	t->rows.data = NULL;
	live_table_free(t);
	return rows;
}

void live_table_free(struct live_table *t)
{
	vec_free(&t->rows);
	intern_free(&t->index);
}
