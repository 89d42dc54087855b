// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "export/json_parts.h"
#include "report/space.h"

static void write_sum(struct json_writer *w, const struct space_sum *sum)
{
	json_uint(w, "calls", sum->calls);
	json_uint(w, "bytes", sum->bytes);
}

static void write_table(struct json_writer *w, const struct profile *p, const struct space_table *t)
{
	json_object(w, "address_space");
	json_object(w, "totals");
	for (int i = 0; i < SPACE_KINDS; i++) {
		json_object(w, space_kind_name(PROFILE_MMAP + i));
		write_sum(w, &t->totals[i]);
		json_end(w);
	}
	json_end(w);
	json_array(w, "sites");
	for (size_t i = 0; i < t->n; i++) {
		json_object(w, NULL);
		json_string(w, "call", space_kind_name(t->rows[i].kind));
		json_line(w, p, t->rows[i].site);
		write_sum(w, &t->rows[i].sum);
		json_end(w);
	}
	json_end(w);
	json_end(w);
}

int json_space(struct json_writer *w, const struct profile *p)
{
	struct space_table *t = space_table_new(p);

	if (!t)
		return -ENOMEM;
	if (t->n)
		write_table(w, p, t);
	space_table_free(t);
	return 0;
}
