// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binary/go_type_layout.h"

/* Where the part of @l that is known so far ends. */
static uint64_t end_of(const struct go_type_layout *l)
{
	const struct go_layout_field *last = l->n_fields ? &l->fields[l->n_fields - 1] : NULL;

	return last ? last->offset + last->size : 0;
}

static int read_field(const struct go_types *t, const struct go_type *type, uint32_t i,
		      struct go_type_layout *l)
{
	struct go_layout_field *f = &l->fields[i];
	char type_name[GO_TYPE_NAME_SIZE];
	struct go_type_field field;
	struct go_type of;
	uint64_t end = end_of(l);
	int err = go_type_field(t, type, i, &field);

	if (!err)
		err = go_type_read(t, field.type, &of);
	if (!err)
		err = go_type_name(t, field.type, type_name, sizeof(type_name));
	if (err)
		return err;
	if (field.type == type->address || field.offset < end || field.offset % of.align ||
	    field.offset > type->size || of.size > type->size - field.offset ||
	    (!i && field.offset))
		return -EBADMSG;
	if (i)
		l->fields[i - 1].padding = field.offset - end;
	l->n_fields++;
	f->name = strdup(field.name);
	f->type_name = strdup(type_name);
	f->offset = field.offset;
	f->size = of.size;
	f->align = of.align;
	f->pointers = of.ptr_bytes > 0;
	f->embedded = field.embedded;
	return f->name && f->type_name ? 0 : -ENOMEM;
}

/*
 * A field's size is a multiple of its alignment, so in order of descending
 * alignment there is padding only at the end. Fields without size are best put
 * first: the compiler adds a byte behind one that is last, so that a pointer to
 * it does not point to the next object (cmd/compile/internal/types/size.go).
 */
static void sum_up(const struct go_type *type, struct go_type_layout *l)
{
	uint64_t used = 0, align = 1;

	l->size = type->size;
	if (l->n_fields)
		l->fields[l->n_fields - 1].padding = type->size - end_of(l);
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct go_layout_field *f = &l->fields[i];

		used += f->size;
		l->padding += f->padding;
		if (f->align > align)
			align = f->align;
	}
	l->optimal_size = (used + align - 1) / align * align;
}

struct go_type_layout *go_type_layout_new(const struct go_types *t, uint64_t address)
{
	struct go_type_layout *l = calloc(1, sizeof(*l));
	struct go_type type;
	int err;

	if (!l)
		return NULL;
	err = go_type_read(t, address, &type);
	if (!err && type.kind != GO_KIND_STRUCT)
		err = -EINVAL;
	if (!err && type.n_fields) {
		l->fields = calloc(type.n_fields, sizeof(*l->fields));
		err = l->fields ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; !err && i < type.n_fields; i++)
		err = read_field(t, &type, i, l);
	if (!err && !type.n_fields && type.size)
		err = -EBADMSG;
	if (!err) {
		sum_up(&type, l);
		return l;
	}
	go_type_layout_free(l);
	errno = -err;
	return NULL;
}

void go_type_layout_free(struct go_type_layout *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_fields; i++) {
		free(l->fields[i].name);
		free(l->fields[i].type_name);
	}
	free(l->fields);
	free(l);
}
