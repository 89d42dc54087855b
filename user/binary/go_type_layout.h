/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How a struct type is laid out, and how small it could be. */
#ifndef ALLOCTAP_BINARY_GO_TYPE_LAYOUT_H
#define ALLOCTAP_BINARY_GO_TYPE_LAYOUT_H

#include "binary/go_types.h"

struct go_layout_field {
	char *name, *type_name;
	uint64_t offset, size;
	uint64_t padding; /* bytes behind it that belong to no field */
	uint32_t align;
	bool pointers; /* holds some, so the collector looks inside */
	bool embedded;
};

struct go_type_layout {
	uint64_t size;
	uint64_t padding; /* all fields' */
	/* What the size would be with the fields in the best order: alignment descending. */
	uint64_t optimal_size;
	struct go_layout_field *fields; /* in the order of their offsets */
	size_t n_fields;
};

/*
 * NULL with errno: EINVAL not a struct, ENOENT or EBADMSG as go_type_read(), also
 * where the fields do not fit the struct or each other; ENOMEM.
 */
struct go_type_layout *go_type_layout_new(const struct go_types *t, uint64_t address);
void go_type_layout_free(struct go_type_layout *l);

#endif
