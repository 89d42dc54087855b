// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "binary/go_kind.h"
#include "export/json_parts.h"
#include "report/types.h"

static void write_identity(struct json_writer *w, const struct profile *p, uint32_t type)
{
	const struct profile_type *t = &p->types[type];

	json_string(w, "type", profile_str(p, t->name));
	json_string(w, "package", profile_str(p, t->package));
	json_string(w, "kind", t->kind && t->kind < GO_KINDS ? go_kind_name(t->kind) : "");
	json_uint(w, "size", t->size);
	json_uint(w, "align", t->align);
	json_uint(w, "pointer_bytes", t->ptr_bytes);
}

static void write_fields(struct json_writer *w, const struct profile *p,
			 const struct type_layout *l)
{
	json_array(w, "fields");
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct layout_field *f = &l->fields[i];

		json_object(w, NULL);
		json_string(w, "name", profile_str(p, f->name));
		json_string(w, "type", profile_str(p, p->types[f->type].name));
		json_uint(w, "offset", f->offset);
		json_uint(w, "size", f->size);
		json_uint(w, "align", f->align);
		json_uint(w, "padding", f->padding);
		json_bool(w, "pointers", f->pointers);
		json_bool(w, "embedded", f->embedded);
		json_end(w);
	}
	json_end(w);
}

void json_layout_members(struct json_writer *w, const struct profile *p,
			 const struct type_layout *l, const struct type_row *row)
{
	json_uint(w, "padding", l->padding);
	json_uint(w, "pointer_fields", l->pointer_fields);
	json_uint(w, "heap_bytes", l->heap_bytes);
	json_uint(w, "optimal_size", l->optimal_size);
	json_uint(w, "optimal_heap_bytes", l->optimal_heap_bytes);
	json_uint(w, "saving_bytes", type_row_saving(row, l));
	json_array(w, "optimal_order");
	for (size_t i = 0; i < l->n_fields; i++)
		json_string(w, NULL, profile_str(p, l->fields[l->order[i]].name));
	json_end(w);
	write_fields(w, p, l);
}

static void write_sites(struct json_writer *w, const struct profile *p, const struct type_row *row)
{
	json_uint(w, "n_sites", row->n_sites);
	json_array(w, "sites");
	for (size_t i = 0; i < row->n_sites && i < TYPE_SITES_MAX; i++) {
		const struct type_site *s = &row->sites[i];

		json_object(w, NULL);
		json_line(w, p, s->line);
		json_uint(w, "objects", s->objects);
		json_uint(w, "bytes", s->bytes);
		json_end(w);
	}
	json_end(w);
}

/* Types whose fields are unknown or damaged are without a layout. */
static int write_row_layout(struct json_writer *w, const struct profile *p,
			    const struct type_row *row)
{
	struct type_layout *l = type_layout_new(p, row->target, row->type);

	if (!l)
		return errno == ENOMEM ? -ENOMEM : 0;
	json_object(w, "layout");
	json_layout_members(w, p, l, row);
	json_end(w);
	type_layout_free(l);
	return 0;
}

static int write_row(struct json_writer *w, const struct profile *p, const struct type_row *row)
{
	int err;

	json_object(w, NULL);
	write_identity(w, p, row->type);
	json_uint(w, "objects", row->objects);
	json_uint(w, "bytes", row->bytes);
	json_uint(w, "requested", row->requested);
	write_sites(w, p, row);
	err = write_row_layout(w, p, row);
	json_end(w);
	return err;
}

int json_types(struct json_writer *w, const struct profile *p)
{
	struct type_table *table = type_table_new(p);
	int err = 0;

	if (!table)
		return -ENOMEM;
	json_array(w, "types");
	for (size_t i = 0; !err && i < table->n; i++)
		err = write_row(w, p, &table->rows[i]);
	json_end(w);
	type_table_free(table);
	return err;
}

int json_layout(struct json_writer *w, const struct profile *p, uint32_t type)
{
	struct type_table *table = type_table_new(p);
	struct type_layout *l;
	struct type_row row;

	if (!table)
		return -ENOMEM;
	row = type_table_find(table, p, type);
	type_table_free(table);
	l = type_layout_new(p, row.target, type);
	if (!l)
		return -errno;
	json_object(w, "layout");
	write_identity(w, p, type);
	json_layout_members(w, p, l, &row);
	json_end(w);
	type_layout_free(l);
	return 0;
}
