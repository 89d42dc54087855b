/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the map report share while they make it. */
#ifndef ALLOCTAP_REPORT_MAP_PRIVATE_H
#define ALLOCTAP_REPORT_MAP_PRIVATE_H

#include "base/vec.h"
#include "report/go_heap.h"
#include "report/maps.h"

/* log2 of the slots of a table: 6 bits in the kernel's key. */
#define MAP_LEVELS 64
/* Slots of a bucket (classic) and of a group (Swiss), the same in all versions. */
#define MAP_SLOTS 8

/* Where a stack is inside an insert. */
struct map_frame {
	uint32_t function; /* runtime.mapassign or a sibling */
	uint32_t outer;    /* the first location of the stack behind it */
	/* Why, as far as functions tell; MAP_CAUSE_MAX: what was allocated decides. */
	enum map_cause cause;
	bool fast; /* one of the siblings, for keys of 4 or 8 bytes and strings: no boxes */
};

struct map_causes;

/* NULL with errno ENOMEM. */
struct map_causes *map_causes_new(const struct profile *p);
void map_causes_free(struct map_causes *c);
/* False: the stack is not inside an insert. */
bool map_causes_frame(const struct map_causes *c, uint32_t stack, struct map_frame *f);
/* Why an insert at @f into a map of type @map allocated an object of type @type. */
enum map_cause map_cause_of(const struct profile *p, const struct map_frame *f, uint32_t map,
			    uint32_t type);
/* Also true of types that were read twice, at different depths. */
bool map_same_type(const struct profile *p, uint32_t a, uint32_t b);

/* A growth of the profile, and the row it belongs to. */
struct map_grown {
	uint32_t row;
	uint32_t growth; /* in profile.growths */
	uint32_t type;   /* of the map: the row's */
};

/* What is known of a row besides. */
struct map_detail {
	struct map_cause_sum elem_boxes; /* of causes[MAP_CAUSE_BOX]: those for values */
	/* First buckets and groups that were outgrown, and those of them that are heap objects. */
	uint64_t outgrown_firsts, heap_firsts;
	/*
	 * Rows of one type in one function have the same number: they are taken for the
	 * same maps, which one line begins and the next one fills.
	 */
	uint32_t group;
	size_t first_grown, n_grown; /* in map_work.grown */
};

/* Of a type of value, read when first asked for. */
struct map_value {
	bool known;
	bool is_struct; /* the fields are known */
	uint32_t pointer_fields;
	uint64_t padding;
	uint64_t optimal_size; /* with the fields in the best order */
};

struct map_work {
	const struct profile *p;
	struct map_causes *causes;
	struct go_heap *heaps;    /* of each target */
	struct map_value *values; /* of each type: see map_value_of() */
	VEC(struct map_row) rows;
	VEC(struct map_detail) details; /* of each row */
	VEC(struct map_grown) grown;
};

/* NULL without memory. */
const struct map_value *map_value_of(struct map_work *w, uint32_t target, uint32_t type);

/* What the largest map of a row came to. */
uint64_t map_row_entries(const struct map_row *r);

/* Growths, maps that grew, bytes moved, and what presizing spares; sorts w->grown. 0 or -ENOMEM. */
int map_growth_add(struct map_work *w);
/* "main.go:42", or the function's name; the caller's to free, NULL: no memory. */
char *map_place_of(const struct profile *p, struct profile_line site);
/* Advice for all rows. 0 or -ENOMEM. */
int map_advice_add(struct map_work *w);
/* Rows of native containers, with their advice: the last. 0 or -ENOMEM. */
int map_containers_add(struct map_work *w);

/* A recording may lie: sums stay at the top instead of beginning anew. */
static inline uint64_t map_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline uint64_t map_mul(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* @part of @whole of @n, which is not more than @n. */
static inline uint64_t map_share(uint64_t n, uint64_t part, uint64_t whole)
{
	double share;

	if (part >= whole)
		return n;
	share = (double)n * ((double)part / (double)whole) + 0.5;
	return share < (double)n ? (uint64_t)share : n;
}

#endif
