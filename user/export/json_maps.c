// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Why maps allocate, for programs. */
#include <errno.h>

#include "export/json_parts.h"
#include "profile/native_container.h"
#include "report/maps.h"

static void write_part(struct json_writer *w, const struct profile *p, const char *key,
		       uint32_t type, bool boxed)
{
	json_object(w, key);
	json_string(w, "type", profile_str(p, p->types[type].name));
	json_uint(w, "size", p->types[type].size);
	json_bool(w, "boxed", boxed);
	json_end(w);
}

static void write_value(struct json_writer *w, const struct profile *p, const struct map_row *r)
{
	const struct profile_type *m = &p->types[r->type];

	json_object(w, "value");
	json_string(w, "type", profile_str(p, p->types[m->elem].name));
	json_uint(w, "size", p->types[m->elem].size);
	json_bool(w, "boxed", m->flags & PROFILE_TYPE_ELEM_BOXED);
	json_uint(w, "padding", r->elem_padding);
	json_uint(w, "pointer_fields", r->elem_pointer_fields);
	json_end(w);
}

static void write_causes(struct json_writer *w, const struct map_row *r)
{
	json_object(w, "causes");
	for (int i = 0; i < MAP_CAUSE_MAX; i++) {
		json_object(w, map_cause_name((enum map_cause)i));
		json_uint(w, "objects", r->causes[i].objects);
		json_uint(w, "bytes", r->causes[i].bytes);
		json_end(w);
	}
	json_end(w);
}

static void write_advice(struct json_writer *w, const struct map_row *r)
{
	json_array(w, "advice");
	for (size_t i = 0; i < r->n_advice; i++) {
		json_object(w, NULL);
		json_string(w, "kind", map_advice_name(r->advice[i].kind));
		json_uint(w, "saving_bytes", r->advice[i].saving_bytes);
		json_string(w, "text", r->advice[i].text);
		json_end(w);
	}
	json_end(w);
}

static double per_insert(const struct map_row *r, uint64_t n)
{
	return r->inserts ? (double)n / (double)r->inserts : 0;
}

void json_map_members(struct json_writer *w, const struct profile *p, const struct map_row *r)
{
	const struct profile_type *m = &p->types[r->type];

	json_uint(w, "inserts", r->inserts);
	json_uint(w, "objects", r->objects);
	json_uint(w, "bytes", r->bytes);
	json_double(w, "bytes_per_insert", per_insert(r, r->bytes));
	json_double(w, "amplification", r->amplification);
	json_uint(w, "copied_bytes", r->copied_bytes);
	json_double(w, "copied_per_insert", per_insert(r, r->copied_bytes));
	json_uint(w, "growths", r->growths);
	json_uint(w, "grown_maps", r->grown_maps);
	json_uint(w, "largest", r->largest);
	json_uint(w, "presize_saving_bytes", r->presize_saving_bytes);
	json_bool(w, "swiss", m->flags & PROFILE_TYPE_SWISS);
	json_uint(w, "slot_size", m->slot_size);
	write_part(w, p, "key", m->key, m->flags & PROFILE_TYPE_KEY_BOXED);
	write_value(w, p, r);
	write_causes(w, r);
	if (container_of_type(p, r->type))
		json_bool(w, "by_site", r->by_site);
	write_advice(w, r);
}

static void write_row(struct json_writer *w, const struct profile *p, const struct map_row *r)
{
	json_object(w, NULL);
	json_string(w, "type", profile_str(p, p->types[r->type].name));
	json_line(w, p, r->site);
	json_map_members(w, p, r);
	json_end(w);
}

int json_maps(struct json_writer *w, const struct profile *p)
{
	struct map_table *table = map_table_new(p);

	if (!table)
		return -ENOMEM;
	json_array(w, "maps");
	for (size_t i = 0; i < table->n; i++)
		write_row(w, p, &table->rows[i]);
	json_end(w);
	map_table_free(table);
	return 0;
}
