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
 * more from B = 4 on, for chains, and as many again as fit its size class. Overflow
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
 * began with more tables than one. Then no table of 512 slots was seen to grow, and
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
#include <string.h>

#include "report/map_private.h"

/* log2 of MAP_SLOTS, and of the slots of the largest Swiss table (maxTableCapacity). */
#define LEVEL_FIRST 3
#define LEVEL_SPLIT 10
/* maps.table, all versions; a *maps.table. */
#define TABLE_SIZE   32
#define POINTER_SIZE 8
/* runtime/map.go: load of two buckets. In 1.21 an integer division came out differently. */
#define CLASSIC_LOAD      13
#define CLASSIC_LOAD_1_21 12
/* Arrays of that many buckets (log2) have spare ones for overflow. */
#define SPARE_BUCKETS_FROM 4
/* Larger n than any map has, small enough to reckon with. */
#define ENTRIES_MAX (1ull << 48)

/*
 * The rows of one type in one function: taken for the same maps, which one line
 * begins and the next one fills.
 */
struct group {
	uint64_t largest;
	uint64_t last_doublings; /* of tables of 512 slots */
	uint64_t split_maps;
	uint64_t spare_firsts; /* heap objects seen in rows that outgrew fewer */
};

/* One map that split. */
struct split_map {
	uint32_t target, group, map;
	uint32_t type;
	uint64_t splits;
	uint64_t entries; /* at the last of them */
	double spared;    /* bytes for each split */
};

struct growth_work {
	struct map_work *map;
	struct group *groups;
	VEC(struct split_map) splits; /* by target, group, map */
};

/* The growths of one row, by level. */
struct levels {
	uint64_t doubles[MAP_LEVELS];
	uint64_t overflows[MAP_LEVELS];
	uint64_t split_maps;
};

static bool has_pointers(const struct profile *p, const struct profile_type *m)
{
	if (m->group)
		return p->types[m->group].ptr_bytes;
	return p->types[m->key].ptr_bytes || p->types[m->elem].ptr_bytes ||
	       m->flags & (PROFILE_TYPE_KEY_BOXED | PROFILE_TYPE_ELEM_BOXED);
}

/* runtime.makeBucketArray(). */
static uint64_t bucket_array_bytes(const struct go_heap *h, uint64_t bucket, bool pointers,
				   uint32_t b)
{
	uint64_t n = 1ull << b, size, up;

	if (b >= SPARE_BUCKETS_FROM && bucket) {
		n += 1ull << (b - SPARE_BUCKETS_FROM);
		size = map_mul(bucket, n);
		up = go_heap_bytes(h, size, pointers);
		/* roundupsize() leaves room for the header of objects that have one. */
		if (pointers && h->header_above && size > h->header_above && size <= h->small_max)
			up -= 8;
		if (up != size)
			n = up / bucket;
	}
	return go_heap_bytes(h, map_mul(bucket, n), pointers);
}

uint64_t map_table_bytes(const struct profile *p, const struct go_heap *h, uint32_t map,
			 uint32_t level)
{
	const struct profile_type *m = &p->types[map];
	bool pointers = has_pointers(p, m);
	uint64_t groups;

	if (level < LEVEL_FIRST || level >= MAP_LEVELS || !m->group_size)
		return 0;
	if (!(m->flags & PROFILE_TYPE_SWISS))
		return bucket_array_bytes(h, m->group_size, pointers, level - LEVEL_FIRST);
	groups = go_heap_bytes(h, map_mul(m->group_size, 1ull << (level - LEVEL_FIRST)), pointers);
	return level == LEVEL_FIRST ? groups : map_add(groups, go_heap_bytes(h, TABLE_SIZE, true));
}

static uint64_t round_up_pow2(uint64_t n)
{
	uint64_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/* NewMap(): how many tables make(map, n) takes. 1 up to 896 entries. */
static uint64_t presized_tables(uint64_t n)
{
	uint64_t slots = (n < ENTRIES_MAX ? n : ENTRIES_MAX) * MAP_SLOTS / (MAP_SLOTS - 1);

	return round_up_pow2((slots + (1 << LEVEL_SPLIT) - 1) >> LEVEL_SPLIT);
}

/* The level from which on make(map, n) would see the same growths. */
static uint32_t presized_level(const struct profile_type *m, uint64_t n)
{
	uint64_t slots = n < ENTRIES_MAX ? n : ENTRIES_MAX;
	uint32_t level = LEVEL_FIRST;

	/* Classic maps double by entries only: those seen are below it. */
	if (!(m->flags & PROFILE_TYPE_SWISS))
		return MAP_LEVELS;
	if (n <= MAP_SLOTS)
		return LEVEL_FIRST;
	slots = slots * MAP_SLOTS / (MAP_SLOTS - 1);
	while (level < LEVEL_SPLIT && 1ull << level < slots)
		level++;
	return level;
}

/* Entries that a map moves when it grows at @level. */
static uint64_t moved_entries(const struct go_heap *h, const struct profile_type *m,
			      const struct profile_growth *g)
{
	uint64_t slots = 1ull << g->level, load = slots / 8 * 7;

	if (g->level == LEVEL_FIRST)
		load = MAP_SLOTS;
	else if (!(m->flags & PROFILE_TYPE_SWISS))
		load = slots / 16 * (h->minor == 21 ? CLASSIC_LOAD_1_21 : CLASSIC_LOAD);
	return load < g->entries ? load : g->entries;
}

static uint64_t slot_bytes(const struct profile *p, const struct profile_type *m)
{
	uint64_t key = m->flags & PROFILE_TYPE_KEY_BOXED ? POINTER_SIZE : p->types[m->key].size;
	uint64_t elem = m->flags & PROFILE_TYPE_ELEM_BOXED ? POINTER_SIZE : p->types[m->elem].size;

	return map_add(key, elem);
}

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

static int compare_splits(const void *x, const void *y)
{
	const struct split_map *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->map < b->map ? -1 : a->map > b->map;
}

/* Makes one of all entries of a map. */
static void merge_splits(struct growth_work *w)
{
	size_t n = 0;

	if (w->splits.n)
		qsort(w->splits.data, w->splits.n, sizeof(*w->splits.data), compare_splits);
	vec_for_each (&w->splits, s) {
		struct split_map *last = n ? &w->splits.data[n - 1] : NULL;

		if (last && !compare_splits(last, s)) {
			last->splits = map_add(last->splits, s->splits);
			if (s->entries > last->entries)
				last->entries = s->entries;
		} else {
			w->splits.data[n++] = *s;
			w->groups[s->group].split_maps++;
		}
	}
	w->splits.n = n;
}

static int collect(struct growth_work *w)
{
	struct map_work *m = w->map;

	for (size_t i = 0; i < m->rows.n; i++) {
		struct group *group = &w->groups[m->details.data[i].group];

		if (m->rows.data[i].largest > group->largest)
			group->largest = m->rows.data[i].largest;
	}
	vec_for_each (&m->grown, grown) {
		const struct profile_growth *g = &m->p->growths[grown->growth];
		struct map_detail *d = &m->details.data[grown->row];
		struct group *group = &w->groups[d->group];
		struct split_map s = {.target = g->target,
				      .group = d->group,
				      .map = g->map,
				      .type = grown->type,
				      .splits = g->count,
				      .entries = g->entries};

		if (g->how == PROFILE_GROWTH_SPLIT && vec_push(&w->splits, s))
			return -ENOMEM;
		if (g->how != PROFILE_GROWTH_DOUBLE)
			continue;
		if (g->level == LEVEL_SPLIT - 1)
			group->last_doublings = map_add(group->last_doublings, g->count);
		if (g->level == LEVEL_FIRST)
			d->outgrown_firsts = map_add(d->outgrown_firsts, g->count);
	}
	merge_splits(w);
	return 0;
}

/* The directories a map went through on its way to one of @tables. */
static uint64_t directory_bytes(const struct go_heap *h, uint64_t tables)
{
	uint64_t bytes = 0;

	for (uint64_t n = 1; n < tables; n *= 2)
		bytes = map_add(bytes, go_heap_bytes(h, n * POINTER_SIZE, true));
	return bytes;
}

/* How many tables a map began with that came to need @d and was seen to split @splits times. */
static uint64_t first_tables(const struct split_map *s, uint64_t d)
{
	uint64_t full = d * ((1 << LEVEL_SPLIT) / MAP_SLOTS * (MAP_SLOTS - 1)), first = 1;

	/* On the way from d/2 to d tables; else at the full load of d. */
	if (d > 1 && s->splits < d / 2 && s->entries < full - full / 4)
		return d / 2;
	while (first < d && d - first > s->splits)
		first *= 2;
	return first;
}

/* See the head of this file. */
static void judge_split(struct growth_work *w, struct split_map *s)
{
	const struct group *group = &w->groups[s->group];
	const struct go_heap *h = &w->map->heaps[s->target];
	uint64_t n = s->entries, first = 1, d, tables, spared = 0;

	if (!s->splits)
		return;
	/* After its last split it went on to what the largest came to, if it is that one. */
	if (group->split_maps == 1 || group->largest <= map_add(n, n / 16))
		n = group->largest;
	d = presized_tables(map_add(n, 1));
	if (group->last_doublings < group->split_maps)
		first = first_tables(s, d);
	tables = map_add(first, s->splits);
	if (tables >= d)
		spared = d - first;
	else if (s->splits > d - tables)
		spared = s->splits - (d - tables);
	s->spared = (double)spared * (double)map_table_bytes(w->map->p, h, s->type, LEVEL_SPLIT);
	if (tables >= d)
		s->spared += (double)(directory_bytes(h, d) - directory_bytes(h, first));
	s->spared /= (double)s->splits;
}

static double split_spared(const struct growth_work *w, const struct map_grown *grown)
{
	const struct profile_growth *g = &w->map->p->growths[grown->growth];
	struct split_map key = {.target = g->target,
				.group = w->map->details.data[grown->row].group,
				.map = g->map};
	const struct split_map *s =
		bsearch(&key, w->splits.data, w->splits.n, sizeof(key), compare_splits);

	return s ? s->spared * (double)g->count : 0;
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
static int find_groups(struct growth_work *w)
{
	struct map_work *m = w->map;
	uint32_t *order = calloc(m->rows.n + 1, sizeof(*order)), group = 0;

	w->groups = calloc(m->rows.n + 1, sizeof(*w->groups));
	if (!order || !w->groups) {
		free(order);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->rows.n; i++)
		order[i] = (uint32_t)i;
	if (m->rows.n)
		qsort_r(order, m->rows.n, sizeof(*order), compare_groups, m->rows.data);
	for (size_t i = 0; i < m->rows.n; i++) {
		if (i && compare_groups(&order[i - 1], &order[i], m->rows.data))
			group++;
		m->details.data[order[i]].group = group;
	}
	free(order);
	return 0;
}

/* How many of the first buckets or groups that each row outgrew were heap objects. */
static void find_heap_firsts(struct growth_work *w)
{
	struct map_work *m = w->map;

	for (size_t i = 0; i < m->rows.n; i++) {
		uint64_t seen = m->rows.data[i].causes[MAP_CAUSE_FIRST].objects;
		struct map_detail *d = &m->details.data[i];
		struct group *group = &w->groups[d->group];

		d->heap_firsts = d->outgrown_firsts < seen ? d->outgrown_firsts : seen;
		group->spare_firsts = map_add(group->spare_firsts, seen - d->heap_firsts);
	}
	vec_for_each (&m->details, d) {
		struct group *group = &w->groups[d->group];
		uint64_t missing = d->outgrown_firsts - d->heap_firsts;
		uint64_t more = missing < group->spare_firsts ? missing : group->spare_firsts;

		d->heap_firsts += more;
		group->spare_firsts -= more;
	}
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

/* Maps that began to grow at each level, and those that were seen to split only. */
static uint64_t count_maps(const struct levels *l)
{
	uint64_t maps = 0;

	for (uint32_t i = 1; i < MAP_LEVELS; i++) {
		if (l->doubles[i] > l->doubles[i - 1])
			maps = map_add(maps, l->doubles[i] - l->doubles[i - 1]);
	}
	if (l->split_maps > l->doubles[LEVEL_SPLIT - 1])
		maps = map_add(maps, l->split_maps - l->doubles[LEVEL_SPLIT - 1]);
	return maps;
}

/* What the tables were worth that a growth by doubling left behind. */
static double double_spared(const struct growth_work *w, const struct map_grown *grown)
{
	const struct map_work *m = w->map;
	const struct profile_growth *g = &m->p->growths[grown->growth];
	const struct map_detail *d = &m->details.data[grown->row];
	double bytes = (double)g->count *
		       (double)map_table_bytes(m->p, &m->heaps[g->target], grown->type, g->level);

	if (g->level == LEVEL_FIRST && d->outgrown_firsts)
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

/* @grown: the @n growths of one row. */
static void add_row(struct growth_work *w, const struct map_grown *grown, size_t n)
{
	const struct profile *p = w->map->p;
	struct map_row *r = &w->map->rows.data[grown->row];
	const struct profile_type *m = &p->types[r->type];
	uint32_t presized = presized_level(m, map_add(r->largest, 1));
	const struct profile_growth *previous = NULL;
	struct levels l = {0};
	double spared = 0;

	for (size_t i = 0; i < n; i++) {
		const struct profile_growth *g = &p->growths[grown[i].growth];
		const struct go_heap *h = &w->map->heaps[g->target];

		if (g->level < LEVEL_FIRST || g->level >= MAP_LEVELS)
			continue;
		count_level(&l, g,
			    previous && previous->how == g->how && previous->map == g->map &&
				    previous->target == g->target);
		previous = g;
		if (g->how == PROFILE_GROWTH_OVERFLOW)
			continue;
		r->growths = map_add(r->growths, g->count);
		r->copied_bytes =
			map_add(r->copied_bytes, map_mul(map_mul(g->count, moved_entries(h, m, g)),
							 slot_bytes(p, m)));
		if (g->how == PROFILE_GROWTH_DOUBLE && g->level < presized)
			spared += double_spared(w, &grown[i]);
		else if (g->how == PROFILE_GROWTH_SPLIT)
			spared += split_spared(w, &grown[i]);
	}
	r->grown_maps = count_maps(&l);
	spared += overflow_spared(r, &l);
	r->presize_saving_bytes = spared < 0x1p63 ? (uint64_t)spared : UINT64_MAX;
}

static void add_rows(struct growth_work *w)
{
	const struct profile *p = w->map->p;
	size_t begin = 0, n = w->map->grown.n;
	const struct map_grown *all = w->map->grown.data;

	vec_for_each (&w->map->rows, r) {
		const struct profile_type *m = &p->types[r->type];
		uint64_t pair = map_add(p->types[m->key].size, p->types[m->elem].size);

		r->copied_bytes = map_mul(r->inserts, pair);
	}
	for (size_t i = 1; i <= n; i++) {
		if (i < n && all[i].row == all[begin].row)
			continue;
		add_row(w, &all[begin], i - begin);
		begin = i;
	}
}

int map_growth_add(struct map_work *map)
{
	struct growth_work w = {.map = map};
	int err = find_groups(&w);

	if (!err)
		err = collect(&w);
	if (!err) {
		find_heap_firsts(&w);
		if (map->grown.n)
			qsort_r(map->grown.data, map->grown.n, sizeof(*map->grown.data),
				compare_grown, (void *)map->p);
		vec_for_each (&w.splits, s)
			judge_split(&w, s);
		add_rows(&w);
	}
	vec_free(&w.splits);
	free(w.groups);
	return err;
}
