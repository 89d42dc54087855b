// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "report/map_sizes.h"
#include "report/map_splits.h"

/* The maps of a group of rows. */
struct group {
	uint64_t largest;     /* what the largest came to */
	uint64_t only_tables; /* doublings of 256 slots: of several tables, none is as small */
	uint64_t split_maps;
	uint64_t large_maps, large_splits; /* of those that came to as many tables as it */
};

/* One map that split. */
struct split_map {
	uint32_t target, group, map;
	uint32_t type;
	uint64_t splits;
	uint64_t entries; /* at the last of them */
	double spared;    /* bytes for each split */
};

struct map_splits {
	const struct map_work *map;
	struct group *groups;
	VEC(struct split_map) splits; /* by target, group, map */
};

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
static void merge_splits(struct map_splits *w)
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

static int collect(struct map_splits *w)
{
	const struct map_work *m = w->map;

	for (size_t i = 0; i < m->rows.n; i++) {
		struct group *group = &w->groups[m->details.data[i].group];
		uint64_t n = map_row_entries(&m->rows.data[i]);

		if (n > group->largest)
			group->largest = n;
	}
	vec_for_each (&m->grown, grown) {
		const struct profile_growth *g = &m->p->growths[grown->growth];
		uint32_t number = m->details.data[grown->row].group;
		struct group *group = &w->groups[number];
		struct split_map s = {.target = g->target,
				      .group = number,
				      .map = g->map,
				      .type = grown->type,
				      .splits = g->count,
				      .entries = g->entries};

		if (g->how == PROFILE_GROWTH_SPLIT && vec_push(&w->splits, s))
			return -ENOMEM;
		if (g->how == PROFILE_GROWTH_DOUBLE && g->level == MAP_LEVEL_SPLIT - 2)
			group->only_tables = map_add(group->only_tables, g->count);
	}
	merge_splits(w);
	return 0;
}

/* How many tables make() takes for what a map came to. */
static uint64_t tables_needed(const struct group *group, const struct split_map *s)
{
	/* After its last split it went on to what the largest came to, if it is that one. */
	if (group->split_maps == 1 || group->largest <= map_add(s->entries, s->entries / 16))
		return map_presize(group->largest).tables;
	return map_presize(map_add(s->entries, 1)).tables;
}

/*
 * How many tables a map began with that was there before, or made with room. Near
 * the full load of its @d tables some have been split; if it began with fewer, that
 * is on top of those splits that led to d.
 */
static uint64_t first_tables(const struct group *group, const struct split_map *s, uint64_t d)
{
	double load = (double)(1 << MAP_LEVEL_SPLIT) / MAP_SLOTS * MAP_TABLE_LOAD;
	double splits = (double)s->splits, late = 0, distance, best = -1;
	uint64_t first = d;

	if (d == map_presize(group->largest).tables && group->large_maps)
		splits = (double)group->large_splits / (double)group->large_maps;
	if ((double)s->entries >= 0.75 * load * (double)d) {
		/* The part of tables that are full: normal, sd 30, as a straight line. */
		late = (load - (double)group->largest / (double)d) / 30;
		late = late < 0 ? 0.5 : 0.5 - 0.3 * late;
		late = late * (double)d < 1 ? 1 : late * (double)d;
	} else if (splits < (double)d / 2) {
		return d > 1 ? d / 2 : 1;
	}
	for (uint64_t began = d; began; began /= 2) {
		distance = splits - (double)(d - began) - late;
		if (distance < 0)
			distance = -distance;
		if (best < 0 || distance < best) {
			best = distance;
			first = began;
		}
	}
	return first;
}

static void judge_split(struct map_splits *w, struct split_map *s)
{
	const struct group *group = &w->groups[s->group];
	const struct go_heap *h = &w->map->heaps[s->target];
	struct map_shape shape = map_shape_of(w->map->p, s->type);
	uint64_t first = 1, d = tables_needed(group, s), tables, spared = 0;

	if (!s->splits)
		return;
	if (group->only_tables < group->split_maps)
		first = first_tables(group, s, d);
	tables = map_add(first, s->splits);
	if (tables >= d)
		spared = d - first;
	else if (s->splits > d - tables)
		spared = s->splits - (d - tables);
	s->spared = (double)spared * (double)map_table_bytes(&shape, h, MAP_LEVEL_SPLIT);
	if (tables >= d)
		s->spared += (double)(map_directory_bytes(h, d) - map_directory_bytes(h, first));
	s->spared /= (double)s->splits;
}

static void judge_splits(struct map_splits *w)
{
	vec_for_each (&w->splits, s) {
		struct group *group = &w->groups[s->group];

		if (tables_needed(group, s) < map_presize(group->largest).tables)
			continue;
		group->large_maps++;
		group->large_splits = map_add(group->large_splits, s->splits);
	}
	vec_for_each (&w->splits, s)
		judge_split(w, s);
}

struct map_splits *map_splits_new(const struct map_work *map)
{
	struct map_splits *w = calloc(1, sizeof(*w));

	if (w) {
		w->map = map;
		w->groups = calloc(map->rows.n + 1, sizeof(*w->groups));
	}
	if (!w || !w->groups || collect(w)) {
		map_splits_free(w);
		errno = ENOMEM;
		return NULL;
	}
	judge_splits(w);
	return w;
}

void map_splits_free(struct map_splits *w)
{
	if (!w)
		return;
	vec_free(&w->splits);
	free(w->groups);
	free(w);
}

double map_splits_spared(const struct map_splits *w, const struct map_grown *grown)
{
	const struct profile_growth *g = &w->map->p->growths[grown->growth];
	struct split_map key = {.target = g->target,
				.group = w->map->details.data[grown->row].group,
				.map = g->map};
	const struct split_map *s =
		bsearch(&key, w->splits.data, w->splits.n, sizeof(key), compare_splits);

	return s ? s->spared * (double)g->count : 0;
}
