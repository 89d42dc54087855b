/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The runtime's rules for the sizes of maps: runtime/map.go, internal/runtime/maps. */
#ifndef ALLOCTAP_REPORT_MAP_SIZES_H
#define ALLOCTAP_REPORT_MAP_SIZES_H

#include "report/map_private.h"

/* log2 of MAP_SLOTS, and of the slots of the largest Swiss table (maxTableCapacity). */
#define MAP_LEVEL_FIRST 3
#define MAP_LEVEL_SPLIT 10
/* Swiss: entries for each 8 slots, before a table grows (maxAvgGroupLoad). */
#define MAP_TABLE_LOAD 7

/* What a key or value is in a table. */
struct map_part {
	uint64_t size;
	uint32_t align;
	bool pointers;
};

struct map_shape {
	bool swiss;
	bool pointers;
	uint64_t group_size; /* or that of a bucket; 0: not known */
	struct map_part key, elem;
};

struct map_shape map_shape_of(const struct profile *p, uint32_t map);
/* The same map with another key or value in its slots. */
struct map_shape map_shape_with(const struct map_shape *s, struct map_part key,
				struct map_part elem);

/*
 * What the heap gives for the array of buckets (classic), or table and groups
 * (Swiss), of 2^@level slots. 0 where the shape is not known, or no such level.
 */
uint64_t map_table_bytes(const struct map_shape *s, const struct go_heap *h, uint32_t level);

/* What make(map, n) of a Swiss map takes (NewMap). */
struct map_presized {
	uint64_t tables;
	uint32_t level; /* of each */
};

struct map_presized map_presize(uint64_t n);
/* What the heap gives for the table or tables of make(map, n). */
uint64_t map_presized_bytes(const struct map_shape *s, const struct go_heap *h, uint64_t n);
/*
 * Of overflow buckets that a classic map of @n entries in an array of 2^@level slots
 * may be expected to chain, beyond the spare ones of the array.
 */
double map_overflow_bytes(const struct map_shape *s, const struct go_heap *h, uint32_t level,
			  uint64_t n);
/* Both. */
double map_filled_bytes(const struct map_shape *s, const struct go_heap *h, uint64_t n);

/* The directories of a Swiss map on its way to one of @tables, that one not counted. */
uint64_t map_directory_bytes(const struct go_heap *h, uint64_t tables);

/*
 * What the heap gives for all tables that a row's growths made, and what they may
 * be expected to chain, if its maps were of shape @s.
 */
double map_grown_bytes(const struct map_work *w, const struct map_row *r,
		       const struct map_detail *d, const struct map_shape *s);

/* Entries that a table of 2^@level slots takes before it grows; @level is one of a map. */
uint64_t map_full(const struct map_shape *s, const struct go_heap *h, uint32_t level);
/* Entries that a map moves when it grows so; @g->level is one of a map. */
uint64_t map_moved_entries(const struct map_shape *s, const struct go_heap *h,
			   const struct profile_growth *g);

#endif
