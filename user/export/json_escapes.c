// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "export/json_parts.h"
#include "report/escapes.h"

static void write_row(struct json_writer *w, const struct profile *p, const struct escape *row)
{
	const struct profile_type *t = &p->types[row->type];
	double seconds = (double)p->duration_ns / 1e9;

	json_object(w, NULL);
	json_line(w, p, row->line);
	json_string(w, "type", profile_str(p, t->name));
	json_string(w, "package", profile_str(p, t->package));
	json_uint(w, "objects", row->objects);
	json_uint(w, "bytes", row->bytes);
	json_double(w, "per_second", seconds > 0 ? (double)row->objects / seconds : 0);
	json_end(w);
}

int json_escapes(struct json_writer *w, const struct profile *p)
{
	struct escape_table *table = escape_table_new(p);

	if (!table)
		return -ENOMEM;
	json_array(w, "escapes");
	for (size_t i = 0; i < table->n; i++)
		write_row(w, p, &table->rows[i]);
	json_end(w);
	escape_table_free(table);
	return 0;
}
