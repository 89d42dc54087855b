// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What a right-sized make() would have spared.
 *
 * A map that grows leaves its old table to the collector. One that was made with
 * make(map[K]V, n), n being what it came to, has its last table from the start, so
 * what is spared is every table that was outgrown. How large those were follows
 * from the level of each growth (log2 of the slots before it) and the runtime's
 * rules; nothing is measured twice and nothing guessed:
 *
 *	growths seen of map[uint64]uint64, 300 maps of 20 entries, Go 1.26
 *
 *	  level 3	300	 300 * 144		the group of 8 slots
 *	  level 4	300	 300 * (288 + 32)	2 groups and a maps.table
 *				 = 139200 spared; the tables of 32 slots stay
 *
 * Classic maps (runtime/map.go: makemap, overLoadFactor, makeBucketArray). Growing
 * and make() use the same rule, so both end with the same 2^B buckets: the least B
 * with n <= 8 or n <= 6.5 * 2^B (Go 1.21: 6.0). An array of 2^B buckets has 2^(B-4)
 * more from B = 4 on, for chains, and whatever else fits its size class. Overflow
 * buckets beyond those were chained at some level too; of a level that was outgrown
 * they are spared. Growing to the same size (chains that deletes left behind) is
 * not: the same deletes would cause it again.
 *
 * Swiss maps (internal/runtime/maps: NewMap, newTable, rehash). A table grows to
 * twice its size up to 1024 slots at a load of 7/8, which again is where make()
 * ends. Above that it splits in two, and the map is a directory of tables of 1024
 * slots. make() takes d of them, d being n * 8/7 / 1024 rounded up to a power of
 * two; tables split one by one as each fills up, so a map that grew may be on the
 * way from d/2 tables to d, or already have some more than d. With T tables now
 * and one at the beginning, it has thrown away T - 1.
 *
 *	T >= d	all T - 1 were thrown away, but a map made with d tables has the same
 *		load in each and would have split the same T - d of them. Spared: d - 1.
 *	T < d	make() takes d - T more than there are now. Spared: T - 1 - (d - T).
 *
 * A map that was there before the recording began, or was made with room for some,
 * began with more tables than one. Then no table of 256 slots was seen to grow, and
 * the number of tables it began with is the power of two that the splits seen best
 * lead from to d. That may be d itself: a map near the full load of all its tables
 * splits some of them however well it was made.
 *
 * A table may also fill up with the traces of deletes and double for no entry more
 * (before Go 1.25 always). From the size on that make() would have chosen, such
 * growths are not counted as spared.
 *
 * The first bucket or group is a heap object unless the map lives on its
 * goroutine's stack, where the compiler puts the first one beside it. Of those
 * outgrown only as many are counted as were seen to be allocated, by the same
 * function for the same type.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/map_sizes.h"
#include "report/map_splits.h"

/* The growths of one row, by level. */
struct levels {
	uint64_t doubles[MAP_LEVELS];
	uint64_t overflows[MAP_LEVELS];
	uint64_t split_maps;
};

/* By row; within it, what splits of one map there are stand together. */
static int compare_grown(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct map_grown *a = x, *b = y;
	const struct profile_growth *g = &p->growths[a->growth], *h = &p->growths[b->growth];

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	if (g->how != h->how)
		return g->how < h->how ? -1 : 1;
	if (g->target != h->target)
		return g->target < h->target ? -1 : 1;
	if (g->map != h->map)
		return g->map < h->map ? -1 : 1;
	return a->growth < b->growth ? -1 : a->growth > b->growth;
}

static int compare_groups(const void *x, const void *y, void *ctx)
{
	const struct map_row *rows = ctx;
	const struct map_row *a = &rows[*(const uint32_t *)x], *b = &rows[*(const uint32_t *)y];

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return a->site.function < b->site.function ? -1 : a->site.function > b->site.function;
}

/* Numbers the groups of rows. 0 or -ENOMEM. */
static int find_groups(struct map_work *w)
{
	uint32_t *order = calloc(w->rows.n + 1, sizeof(*order)), group = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < w->rows.n; i++)
		order[i] = (uint32_t)i;
	if (w->rows.n)
		qsort_r(order, w->rows.n, sizeof(*order), compare_groups, w->rows.data);
	for (size_t i = 0; i < w->rows.n; i++) {
		if (i && compare_groups(&order[i - 1], &order[i], w->rows.data))
			group++;
		w->details.data[order[i]].group = group;
	}
	free(order);
	return 0;
}

/* How many of the first buckets or groups that each row outgrew were heap objects. */
static int find_heap_firsts(struct map_work *w)
{
	/* Of each group: those seen in rows that outgrew fewer. */
	uint64_t *spare = calloc(w->rows.n + 1, sizeof(*spare));

	if (!spare)
		return -ENOMEM;
	vec_for_each (&w->grown, grown) {
		const struct profile_growth *g = &w->p->growths[grown->growth];
		struct map_detail *d = &w->details.data[grown->row];

		if (g->how == PROFILE_GROWTH_DOUBLE && g->level == MAP_LEVEL_FIRST)
			d->outgrown_firsts = map_add(d->outgrown_firsts, g->count);
	}
	for (size_t i = 0; i < w->rows.n; i++) {
		uint64_t seen = w->rows.data[i].causes[MAP_CAUSE_FIRST].objects;
		struct map_detail *d = &w->details.data[i];

		d->heap_firsts = d->outgrown_firsts < seen ? d->outgrown_firsts : seen;
		spare[d->group] = map_add(spare[d->group], seen - d->heap_firsts);
	}
	vec_for_each (&w->details, d) {
		uint64_t missing = d->outgrown_firsts - d->heap_firsts;
		uint64_t more = missing < spare[d->group] ? missing : spare[d->group];

		d->heap_firsts += more;
		spare[d->group] -= more;
	}
	free(spare);
	return 0;
}

/*
 * At most one more than at an insert. (A Swiss map whose only group is full grows
 * even for a key that it has.)
 */
uint64_t map_row_entries(const struct map_row *r)
{
	uint64_t maps = r->causes[MAP_CAUSE_FIRST].objects;

	if (r->largest == MAP_SLOTS && r->inserts > map_mul(maps ? maps : 1, MAP_SLOTS + 1))
		return r->largest;
	return map_add(r->largest, 1);
}

/* The part of overflow buckets that were chained at levels their maps outgrew. */
static double overflow_spared(const struct map_row *r, const struct levels *l)
{
	double spared = 0, all = 0;

	for (uint32_t i = 1; i < MAP_LEVELS; i++) {
		uint64_t left = l->doubles[i], came = l->doubles[i - 1];
		double share = left < came ? (double)left / (double)came : left > 0;

		all += (double)l->overflows[i];
		spared += (double)l->overflows[i] * share;
	}
	return all > 0 ? spared / all * (double)r->causes[MAP_CAUSE_OVERFLOW].bytes : 0;
}

/* Maps that began to grow at each level. */
static uint64_t count_maps(const struct levels *l, const struct map_shape *s, uint64_t entries)
{
	uint64_t maps = 0, tables = 0, splits = 0;

	for (uint32_t i = 1; i < MAP_LEVELS; i++) {
		uint64_t more = l->doubles[i] - l->doubles[i - 1];

		if (l->doubles[i] <= l->doubles[i - 1])
			continue;
		if (s->swiss && i == MAP_LEVEL_SPLIT - 1)
			tables = more;
		else
			maps = map_add(maps, more);
	}
	/* The last two are no lower bound of each other: a map may have several such tables. */
	if (l->split_maps > l->doubles[MAP_LEVEL_SPLIT - 2])
		splits = l->split_maps - l->doubles[MAP_LEVEL_SPLIT - 2];
	if (tables)
		tables = (tables - 1) / map_presize(entries).tables + 1;
	return map_add(maps, tables > splits ? tables : splits);
}

/* Is a table of @level outgrown on the way to what make(map, @entries) takes? */
static double double_share(const struct levels *l, const struct map_shape *s, uint32_t level,
			   uint64_t entries)
{
	struct map_presized p = map_presize(entries);

	/* Classic maps double for entries only: those that did were too small. */
	if (!s->swiss || level < p.level)
		return 1;
	/* make() may take tables of 512 slots, full from the start: some double. */
	if (p.tables == 1 || level != MAP_LEVEL_SPLIT - 1 || !l->doubles[level])
		return 0;
	if (l->doubles[level] <= l->doubles[level - 1])
		return 1;
	return (double)l->doubles[level - 1] / (double)l->doubles[level];
}

/* What the tables were worth that a growth by doubling left behind. */
static double double_spared(const struct map_work *w, const struct map_shape *shape,
			    const struct map_grown *grown)
{
	const struct profile_growth *g = &w->p->growths[grown->growth];
	const struct map_detail *d = &w->details.data[grown->row];
	double bytes =
		(double)g->count * (double)map_table_bytes(shape, &w->heaps[g->target], g->level);

	if (g->level == MAP_LEVEL_FIRST && d->outgrown_firsts)
		bytes *= (double)d->heap_firsts / (double)d->outgrown_firsts;
	return bytes;
}

static void count_level(struct levels *l, const struct profile_growth *g, bool same_map)
{
	if (g->how == PROFILE_GROWTH_DOUBLE)
		l->doubles[g->level] = map_add(l->doubles[g->level], g->count);
	else if (g->how == PROFILE_GROWTH_OVERFLOW)
		l->overflows[g->level] = map_add(l->overflows[g->level], g->count);
	else if (g->how == PROFILE_GROWTH_SPLIT && !same_map)
		l->split_maps++;
}

static bool level_is_known(const struct profile_growth *g)
{
	return g->level >= MAP_LEVEL_FIRST && g->level < MAP_LEVELS;
}

/* A table of @level, and what it chains until it is full or has all @entries. */
static double made_bytes(const struct map_shape *s, const struct go_heap *h, uint32_t level,
			 uint64_t entries)
{
	uint64_t full;

	if (level >= MAP_LEVELS)
		return 0;
	full = map_full(s, h, level);
	return (double)map_table_bytes(s, h, level) +
	       map_overflow_bytes(s, h, level, entries < full ? entries : full);
}

double map_grown_bytes(const struct map_work *w, const struct map_row *r,
		       const struct map_detail *d, const struct map_shape *s)
{
	uint64_t entries = map_row_entries(r);
	double bytes = 0;

	for (size_t i = 0; i < d->n_grown; i++) {
		const struct profile_growth *g =
			&w->p->growths[w->grown.data[d->first_grown + i].growth];
		const struct go_heap *h = &w->heaps[g->target];
		double each = 0;

		if (!level_is_known(g))
			continue;
		if (g->how == PROFILE_GROWTH_DOUBLE)
			each = made_bytes(s, h, g->level + 1, entries);
		else if (g->how == PROFILE_GROWTH_SAME_SIZE)
			each = made_bytes(s, h, g->level, entries);
		else if (g->how == PROFILE_GROWTH_SPLIT)
			each = 2 * made_bytes(s, h, g->level, entries);
		bytes += each * (double)g->count;
	}
	return bytes;
}

/* A row, what its maps look like, and its @n growths. */
struct grown_row {
	struct map_row *row;
	struct map_shape shape;
	const struct map_grown *grown;
	size_t n;
};

static void count_row(const struct map_work *w, struct grown_row *r, struct levels *l)
{
	const struct profile_growth *previous = NULL;
	uint64_t slot = map_add(r->shape.key.size, r->shape.elem.size);

	for (size_t i = 0; i < r->n; i++) {
		const struct profile_growth *g = &w->p->growths[r->grown[i].growth];
		uint64_t moved;

		if (!level_is_known(g))
			continue;
		count_level(l, g,
			    previous && previous->how == g->how && previous->map == g->map &&
				    previous->target == g->target);
		previous = g;
		if (g->how == PROFILE_GROWTH_OVERFLOW)
			continue;
		moved = map_mul(g->count, map_moved_entries(&r->shape, &w->heaps[g->target], g));
		r->row->growths = map_add(r->row->growths, g->count);
		r->row->copied_bytes = map_add(r->row->copied_bytes, map_mul(moved, slot));
	}
}

static void add_row(struct map_work *w, const struct map_splits *splits, struct grown_row *r)
{
	const struct map_cause_sum *causes = r->row->causes;
	uint64_t entries = map_row_entries(r->row), tables;
	struct levels l = {0};
	double spared;

	count_row(w, r, &l);
	r->row->grown_maps = count_maps(&l, &r->shape, entries);
	spared = overflow_spared(r->row, &l);
	for (size_t i = 0; i < r->n; i++) {
		const struct profile_growth *g = &w->p->growths[r->grown[i].growth];

		if (!level_is_known(g))
			continue;
		if (g->how == PROFILE_GROWTH_DOUBLE)
			spared += double_share(&l, &r->shape, g->level, entries) *
				  double_spared(w, &r->shape, &r->grown[i]);
		else if (g->how == PROFILE_GROWTH_SPLIT)
			spared += map_splits_spared(splits, &r->grown[i]);
	}
	/* Each is less than the one made instead, in the same row unless types are mixed up. */
	tables = map_add(
		map_add(causes[MAP_CAUSE_GROWTH].bytes, causes[MAP_CAUSE_FIRST].bytes),
		map_add(causes[MAP_CAUSE_OVERFLOW].bytes, causes[MAP_CAUSE_DIRECTORY].bytes));
	r->row->presize_saving_bytes = spared < (double)tables ? (uint64_t)spared : tables;
}

static void add_rows(struct map_work *w, const struct map_splits *splits)
{
	const struct profile *p = w->p;
	const struct map_grown *all = w->grown.data;
	size_t begin = 0, n = w->grown.n;

	vec_for_each (&w->rows, r) {
		const struct profile_type *m = &p->types[r->type];
		uint64_t pair = map_add(p->types[m->key].size, p->types[m->elem].size);

		r->copied_bytes = map_mul(r->inserts, pair);
	}
	for (size_t i = 1; i <= n; i++) {
		struct grown_row r = {&w->rows.data[all[begin].row],
				      map_shape_of(p, all[begin].type), &all[begin], i - begin};

		if (i < n && all[i].row == all[begin].row)
			continue;
		w->details.data[all[begin].row].first_grown = begin;
		w->details.data[all[begin].row].n_grown = r.n;
		add_row(w, splits, &r);
		begin = i;
	}
}

int map_growth_add(struct map_work *w)
{
	struct map_splits *splits;
	int err = find_groups(w);

	if (!err)
		err = find_heap_firsts(w);
	if (err)
		return err;
	splits = map_splits_new(w);
	if (!splits)
		return -ENOMEM;
	if (w->grown.n)
		qsort_r(w->grown.data, w->grown.n, sizeof(*w->grown.data), compare_grown,
			(void *)w->p);
	add_rows(w, splits);
	map_splits_free(splits);
	return 0;
}
