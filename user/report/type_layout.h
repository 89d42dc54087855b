/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How a struct type is laid out, what the heap gives for it, and how small it could be. */
#ifndef ALLOCTAP_REPORT_TYPE_LAYOUT_H
#define ALLOCTAP_REPORT_TYPE_LAYOUT_H

#include "profile/profile.h"

struct layout_field {
	str_id name;
	uint32_t type; /* in profile.types */
	uint64_t offset, size;
	uint64_t padding; /* bytes behind it that belong to no field */
	uint32_t align;
	bool pointers; /* holds some, so the collector looks inside */
	bool embedded;
};

struct type_layout {
	uint64_t size;
	uint64_t padding; /* all fields', not that inside fields */
	/* What the size would be with the fields in the best order: alignment descending. */
	uint64_t optimal_size;
	/* What the heap gives for one (size class), as it is and in the best order. */
	uint64_t heap_bytes, optimal_heap_bytes;
	uint32_t pointer_fields;
	struct layout_field *fields; /* in the order of their offsets */
	uint32_t *order;             /* the best one: places in fields */
	size_t n_fields;
};

/*
 * The layout of @type as it is in target @target (size classes are those of its
 * Go version). NULL with errno: EINVAL not a struct whose fields are known;
 * EBADMSG its fields do not fit it or each other; ENOMEM.
 */
struct type_layout *type_layout_new(const struct profile *p, uint32_t target, uint32_t type);
void type_layout_free(struct type_layout *l);

#endif
