// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Types as the page knows them: names and sizes as columns, layouts of structs as objects. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "binary/go_kind.h"
#include "export/html_page.h"
#include "report/types.h"

static const struct profile_type *type_of(const struct page *page, const struct page_type *t)
{
	return &page->profiles[t->side]->types[t->type];
}

static void write_field(struct json_writer *w, const struct profile *p,
			const struct layout_field *f)
{
	json_object(w, NULL);
	json_string(w, "name", profile_str(p, f->name));
	json_string(w, "type", profile_str(p, p->types[f->type].name));
	json_uint(w, "offset", f->offset);
	json_uint(w, "size", f->size);
	json_uint(w, "padding", f->padding);
	json_uint(w, "pointers", f->pointers);
	json_uint(w, "embedded", f->embedded);
	json_end(w);
}

static void write_layout(struct json_writer *w, const struct profile *p,
			 const struct type_layout *l, uint32_t number, const struct type_row *row)
{
	json_object(w, NULL);
	json_uint(w, "type", number);
	json_uint(w, "padding", l->padding);
	json_uint(w, "optimal", l->optimal_size);
	json_uint(w, "heap", l->heap_bytes);
	json_uint(w, "optimal_heap", l->optimal_heap_bytes);
	json_uint(w, "pointer_fields", l->pointer_fields);
	json_uint(w, "saving", type_row_saving(row, l));
	json_array(w, "fields");
	for (size_t i = 0; i < l->n_fields; i++)
		write_field(w, p, &l->fields[i]);
	json_end(w);
	WRITE_COLUMN(w, "order", l->order, l->n_fields, *e);
	json_end(w);
}

/* By type, the rows of those that were allocated; the caller's to free, NULL: no memory. */
static const struct type_row **rows_by_type(const struct type_table *table, size_t n_types)
{
	const struct type_row **rows = calloc(n_types, sizeof(*rows));

	for (size_t i = 0; rows && i < table->n; i++)
		rows[table->rows[i].type] = &table->rows[i];
	return rows;
}

static int write_layouts(struct page *page, struct json_writer *w, const struct type_table *table)
{
	const struct profile *p = page->profiles[0];
	__auto_free const struct type_row **rows = rows_by_type(table, p->n_types);

	if (!rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < page->types.n; i++) {
		const struct page_type *t = &page->types.data[i];
		struct type_layout *l;

		if (!rows[t->type] || p->types[t->type].kind != GO_KIND_STRUCT)
			continue;
		l = type_layout_new(p, t->target, t->type);
		if (!l && errno == ENOMEM)
			return -ENOMEM;
		/* Fields that were not read, or make no sense, are not shown. */
		if (!l)
			continue;
		write_layout(w, p, l, i, rows[t->type]);
		type_layout_free(l);
	}
	return 0;
}

/* A comparison has no room for layouts: there may be two of each. */
static int write_single(struct page *page, struct json_writer *w)
{
	struct type_table *table = page->n == 1 ? type_table_new(page->profiles[0]) : NULL;
	int err = 0;

	json_array(w, "layouts");
	if (page->n == 1)
		err = table ? write_layouts(page, w, table) : -ENOMEM;
	json_end(w);
	type_table_free(table);
	return err;
}

int page_write_types(struct page *page, struct json_writer *w)
{
	json_object(w, "types");
	WRITE_COLUMN(w, "name", page->types.data, page->types.n, e->name);
	WRITE_COLUMN(w, "package", page->types.data, page->types.n, e->package);
	WRITE_COLUMN(w, "kind", page->types.data, page->types.n, type_of(page, e)->kind);
	WRITE_COLUMN(w, "size", page->types.data, page->types.n, type_of(page, e)->size);
	json_end(w);
	return write_single(page, w);
}
