// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "report/map_sizes.h"

/* maps.table, all versions; a *maps.table. */
#define TABLE_SIZE   32
#define POINTER_SIZE 8
/* What a group begins with: 8 control bytes. A bucket: as many, and the next bucket behind. */
#define GROUP_HEAD  8
#define BUCKET_HEAD 16
/* runtime/map.go: load of two buckets. In 1.21 an integer division came out differently. */
#define CLASSIC_LOAD      13
#define CLASSIC_LOAD_1_21 12
/* Arrays of that many buckets (log2) have spare ones for overflow. */
#define SPARE_BUCKETS_FROM 4
/* Larger n than any map has, small enough to reckon with. */
#define ENTRIES_MAX (1ull << 48)
#define BUCKETS_MAX 48

static struct map_part part_of(const struct profile_type *t, bool boxed)
{
	if (boxed)
		return (struct map_part){POINTER_SIZE, POINTER_SIZE, true};
	return (struct map_part){t->size, t->align, t->ptr_bytes > 0};
}

struct map_shape map_shape_of(const struct profile *p, uint32_t map)
{
	const struct profile_type *m = &p->types[map];
	struct map_shape s = {
		.swiss = m->flags & PROFILE_TYPE_SWISS,
		.group_size = m->group_size,
		.key = part_of(&p->types[m->key], m->flags & PROFILE_TYPE_KEY_BOXED),
		.elem = part_of(&p->types[m->elem], m->flags & PROFILE_TYPE_ELEM_BOXED),
	};

	s.pointers = m->group ? p->types[m->group].ptr_bytes : s.key.pointers || s.elem.pointers;
	return s;
}

static uint64_t align_up(uint64_t n, uint32_t align)
{
	return align ? map_add(n, align - 1) / align * align : n;
}

/* A group that keeps each value beside its key. */
static uint64_t paired_group(const struct map_part *key, const struct map_part *elem)
{
	uint64_t slot = map_add(align_up(key->size, elem->align), elem->size);

	slot = align_up(slot, key->align > elem->align ? key->align : elem->align);
	return map_add(GROUP_HEAD, map_mul(MAP_SLOTS, slot));
}

struct map_shape map_shape_with(const struct map_shape *s, struct map_part key,
				struct map_part elem)
{
	struct map_shape with = {s->swiss, key.pointers || elem.pointers, 0, key, elem};

	if (!s->group_size)
		return with;
	if (s->swiss && s->group_size == paired_group(&s->key, &s->elem))
		with.group_size = paired_group(&key, &elem);
	else
		/* Keys first, then values, as all buckets and some groups since Go 1.27. */
		with.group_size = map_add(s->swiss ? GROUP_HEAD : BUCKET_HEAD,
					  map_mul(MAP_SLOTS, map_add(key.size, elem.size)));
	return with;
}

/* Buckets in an array for 2^@b, spare ones included: runtime.makeBucketArray(). */
static uint64_t bucket_array_length(const struct map_shape *s, const struct go_heap *h, uint32_t b)
{
	uint64_t n = 1ull << b, size, up;

	if (b < SPARE_BUCKETS_FROM)
		return n;
	n += 1ull << (b - SPARE_BUCKETS_FROM);
	size = map_mul(s->group_size, n);
	up = go_heap_bytes(h, size, s->pointers);
	/* roundupsize() leaves room for the header of objects that have one. */
	if (s->pointers && h->header_above && size > h->header_above && size <= h->small_max)
		up -= 8;
	return up != size ? up / s->group_size : n;
}

static uint64_t bucket_array_bytes(const struct map_shape *s, const struct go_heap *h, uint32_t b)
{
	return go_heap_bytes(h, map_mul(s->group_size, bucket_array_length(s, h, b)), s->pointers);
}

uint64_t map_table_bytes(const struct map_shape *s, const struct go_heap *h, uint32_t level)
{
	uint64_t groups;

	if (level < MAP_LEVEL_FIRST || level >= MAP_LEVELS || !s->group_size)
		return 0;
	if (!s->swiss)
		return bucket_array_bytes(s, h, level - MAP_LEVEL_FIRST);
	groups = map_mul(s->group_size, 1ull << (level - MAP_LEVEL_FIRST));
	groups = go_heap_bytes(h, groups, s->pointers);
	/* The first group has no table. */
	if (level == MAP_LEVEL_FIRST)
		return groups;
	return map_add(groups, go_heap_bytes(h, TABLE_SIZE, true));
}

struct map_presized map_presize(uint64_t n)
{
	uint64_t slots = (n < ENTRIES_MAX ? n : ENTRIES_MAX) * MAP_SLOTS / MAP_TABLE_LOAD;
	struct map_presized p = {1, MAP_LEVEL_FIRST};

	if (n <= MAP_SLOTS)
		return p;
	while (p.tables << MAP_LEVEL_SPLIT < slots)
		p.tables *= 2;
	while (1ull << p.level < slots / p.tables)
		p.level++;
	return p;
}

static uint64_t classic_load(const struct go_heap *h, uint32_t b)
{
	/* Before the division by 2, as the runtime does it: one bucket alone is its 8 slots. */
	if (!b)
		return MAP_SLOTS;
	return (1ull << b) / 2 * (h->minor == 21 ? CLASSIC_LOAD_1_21 : CLASSIC_LOAD);
}

static uint32_t classic_presize(const struct go_heap *h, uint64_t n)
{
	uint32_t b = 0;

	while (b < BUCKETS_MAX && n > classic_load(h, b))
		b++;
	return b;
}

uint64_t map_presized_bytes(const struct map_shape *s, const struct go_heap *h, uint64_t n)
{
	struct map_presized p = map_presize(n);

	if (!s->swiss)
		return map_table_bytes(s, h, classic_presize(h, n) + MAP_LEVEL_FIRST);
	if (p.level == MAP_LEVEL_FIRST)
		return map_table_bytes(s, h, p.level);
	return map_add(map_mul(p.tables, map_table_bytes(s, h, p.level)),
		       go_heap_bytes(h, map_mul(p.tables, POINTER_SIZE), true));
}

/* Overflow buckets for each bucket, where those have @load entries in the mean. */
static double chained(double load)
{
	double chance = 1 - load / (1 << 20), sum = 0;

	/* Poisson: chance of an empty bucket is e^-load, to six digits. */
	for (int i = 0; i < 20; i++)
		chance *= chance;
	for (int entries = 1; entries <= 5 * MAP_SLOTS; entries++) {
		chance *= load / entries;
		sum += chance * ((entries - 1) / MAP_SLOTS);
	}
	return sum;
}

double map_overflow_bytes(const struct map_shape *s, const struct go_heap *h, uint32_t level,
			  uint64_t n)
{
	double buckets, spare, more;
	uint32_t b;

	/* One bucket alone chains none: it grows. */
	if (s->swiss || !s->group_size || level <= MAP_LEVEL_FIRST || level >= BUCKETS_MAX)
		return 0;
	b = level - MAP_LEVEL_FIRST;
	buckets = (double)(1ull << b);
	spare = (double)bucket_array_length(s, h, b) - buckets;
	more = chained((double)n / buckets) * buckets - spare;
	return more > 0 ? more * (double)go_heap_bytes(h, s->group_size, s->pointers) : 0;
}

double map_filled_bytes(const struct map_shape *s, const struct go_heap *h, uint64_t n)
{
	return (double)map_presized_bytes(s, h, n) +
	       map_overflow_bytes(s, h, classic_presize(h, n) + MAP_LEVEL_FIRST, n);
}

uint64_t map_directory_bytes(const struct go_heap *h, uint64_t tables)
{
	uint64_t bytes = 0;

	for (uint64_t n = 1; n < tables; n *= 2)
		bytes = map_add(bytes, go_heap_bytes(h, n * POINTER_SIZE, true));
	return bytes;
}

uint64_t map_full(const struct map_shape *s, const struct go_heap *h, uint32_t level)
{
	if (level == MAP_LEVEL_FIRST)
		return MAP_SLOTS;
	if (!s->swiss)
		return classic_load(h, level - MAP_LEVEL_FIRST);
	return (1ull << level) / MAP_SLOTS * MAP_TABLE_LOAD;
}

uint64_t map_moved_entries(const struct map_shape *s, const struct go_heap *h,
			   const struct profile_growth *g)
{
	uint64_t full = map_full(s, h, g->level);

	return full < g->entries ? full : g->entries;
}
