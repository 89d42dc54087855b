// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Types as the page knows them: names and sizes as columns, layouts of structs as objects. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "binary/go_kind.h"
#include "export/html_page.h"
#include "export/json_parts.h"
#include "report/types.h"

static const struct profile_type *type_of(const struct page *page, const struct page_type *t)
{
	return &page->profiles[t->side]->types[t->type];
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
		json_object(w, NULL);
		json_uint(w, "number", i);
		json_layout_members(w, p, l, rows[t->type]);
		json_end(w);
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
