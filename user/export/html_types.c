// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Types as the page knows them: names and sizes as columns, layouts of structs as objects. */
#include <errno.h>

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

static int write_layouts(struct page *page, struct json_writer *w)
{
	const struct profile *p = page->profiles[0];
	struct type_table *table = type_table_new(p);
	int err = table ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < page->types.n; i++) {
		const struct page_type *t = &page->types.data[i];
		struct type_layout *l;

		if (p->types[t->type].kind != GO_KIND_STRUCT)
			continue;
		l = type_layout_new(p, t->target, t->type);
		/* Fields that were not read, or make no sense, are not shown. */
		if (l) {
			struct type_row row = type_table_find(table, p, t->type);

			write_layout(w, p, l, i, &row);
		} else if (errno == ENOMEM) {
			err = -ENOMEM;
		}
		type_layout_free(l);
	}
	type_table_free(table);
	return err;
}

int page_write_types(struct page *page, struct json_writer *w)
{
	int err = 0;

	json_object(w, "types");
	WRITE_COLUMN(w, "name", page->types.data, page->types.n, e->name);
	WRITE_COLUMN(w, "package", page->types.data, page->types.n, e->package);
	WRITE_COLUMN(w, "kind", page->types.data, page->types.n, type_of(page, e)->kind);
	WRITE_COLUMN(w, "size", page->types.data, page->types.n, type_of(page, e)->size);
	json_end(w);
	json_array(w, "layouts");
	/* A comparison has no room for them: there may be two of each. */
	if (page->n == 1)
		err = write_layouts(page, w);
	json_end(w);
	return err;
}
