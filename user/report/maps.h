/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The map report: what each kind of map costs where it is inserted into, why,
 * and what a change would save. maps.c joins inserts with what they allocated,
 * map_causes.c says why, map_growth.c what a right-sized make() would have
 * spared, map_advice.c what to change. map_containers.c does all of this for
 * containers of C++ and Rust: of these, nodes are boxes.
 */
#ifndef ALLOCTAP_REPORT_MAPS_H
#define ALLOCTAP_REPORT_MAPS_H

#include "profile/profile.h"

/* Why an insert allocated. The names are keys of the JSON. */
enum map_cause {
	MAP_CAUSE_GROWTH,    /* a larger array of buckets or groups, and what it was moved for */
	MAP_CAUSE_BOX,       /* an object for a key or value over 128 bytes */
	MAP_CAUSE_OVERFLOW,  /* classic: a bucket chained to a full one, and lists of such */
	MAP_CAUSE_DIRECTORY, /* Swiss: a table split in two, and directories of tables */
	MAP_CAUSE_FIRST,     /* the first bucket or group, made when the first key came */
	MAP_CAUSE_OTHER,
	MAP_CAUSE_MAX
};

const char *map_cause_name(enum map_cause cause);

enum map_advice_kind {
	MAP_ADVICE_PRESIZE,      /* make(map[K]V, n) */
	MAP_ADVICE_POINTERS,     /* store pointers, or split the value */
	MAP_ADVICE_SHRINK_VALUE, /* under the 128 bytes above which values are boxed */
	MAP_ADVICE_REORDER,      /* fields of the value: padding costs a size class, or slots */
	MAP_ADVICE_INTEGER_KEY,  /* instead of a string built for each insert */
	MAP_ADVICE_MAX
};

const char *map_advice_name(enum map_advice_kind kind);

struct map_advice {
	enum map_advice_kind kind;
	uint64_t saving_bytes; /* of those counted here */
	char *text;            /* a sentence or two with the evidence, naming file:line */
};

struct map_cause_sum {
	uint64_t objects, bytes;
};

struct map_row {
	uint32_t target; /* the first one seen */
	uint32_t type;   /* in profile.types; 0: not known */
	struct profile_line site;

	uint64_t inserts;
	/* Inside the inserts: the sums of causes[]. */
	uint64_t objects, bytes;
	struct map_cause_sum causes[MAP_CAUSE_MAX];
	/* bytes / (inserts * (key size + value size)); 0 where that is not known. */
	double amplification;
	/* Bytes the inserts wrote into slots and boxes, rehashing included. */
	uint64_t copied_bytes;

	uint64_t elem_padding;        /* of a struct value */
	uint32_t elem_pointer_fields; /* fields that hold pointers; 1 for a value that is one */

	uint64_t growths;    /* not counting overflow buckets */
	uint64_t grown_maps; /* maps that grew; exact where a site's maps all begin alike */
	/* The most entries one held before an insert: n - 1 of a map filled with n keys. */
	uint64_t largest;
	/*
	 * What make(map, n) with the n each came to would not have allocated: see
	 * map_growth.c. Not more than what the row's tables took.
	 */
	uint64_t presize_saving_bytes;

	/* Of containers: what was allocated at the site, for want of anything more exact. */
	bool by_site;

	struct map_advice *advice; /* by saving */
	size_t n_advice;
};

struct map_table {
	struct map_row *rows; /* worst first: by bytes, then inserts, then name: stable */
	size_t n;
	uint64_t inserts, bytes; /* of all rows */
};

/* NULL with errno ENOMEM. */
struct map_table *map_table_new(const struct profile *p);
void map_table_free(struct map_table *t);

#endif
