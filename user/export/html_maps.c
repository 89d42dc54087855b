// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The map report's rows, as the page shows them. */
#include <errno.h>

#include "export/html_page.h"
#include "report/maps.h"

static void write_causes(struct json_writer *w, const struct map_cause_sum *causes)
{
	json_object(w, "causes");
	for (enum map_cause i = 0; i < MAP_CAUSE_MAX; i++) {
		json_array(w, map_cause_name(i));
		json_uint(w, NULL, causes[i].objects);
		json_uint(w, NULL, causes[i].bytes);
		json_end(w);
	}
	json_end(w);
}

static void write_advice(struct json_writer *w, const struct map_row *row)
{
	json_array(w, "advice");
	for (size_t i = 0; i < row->n_advice; i++) {
		json_object(w, NULL);
		json_string(w, "kind", map_advice_name(row->advice[i].kind));
		json_uint(w, "saving", row->advice[i].saving_bytes);
		json_string(w, "text", row->advice[i].text);
		json_end(w);
	}
	json_end(w);
}

/* Sizes of the key and the value; what is not known has none. */
static void write_slots(struct json_writer *w, const struct profile *p, const struct map_row *row)
{
	const struct profile_type *map = &p->types[row->type];

	json_uint(w, "flags", map->flags);
	json_uint(w, "key_size", p->types[map->key].size);
	json_uint(w, "value_size", p->types[map->elem].size);
	json_uint(w, "value_padding", row->elem_padding);
	json_uint(w, "value_pointers", row->elem_pointer_fields);
}

static int write_row(struct page *page, struct json_writer *w, const struct map_row *row)
{
	uint32_t type, site;

	if (page_type(page, 0, row->target, row->type, &type) ||
	    page_site(page, 0, row->site, &site))
		return -ENOMEM;
	json_object(w, NULL);
	json_uint(w, "type", type);
	json_uint(w, "site", site);
	json_uint(w, "inserts", row->inserts);
	json_uint(w, "objects", row->objects);
	json_uint(w, "bytes", row->bytes);
	json_double(w, "amplification", row->amplification);
	json_uint(w, "copied", row->copied_bytes);
	json_uint(w, "growths", row->growths);
	json_uint(w, "grown_maps", row->grown_maps);
	json_uint(w, "largest", row->largest);
	json_uint(w, "presize_saving", row->presize_saving_bytes);
	write_slots(w, page->profiles[0], row);
	write_causes(w, row->causes);
	write_advice(w, row);
	json_end(w);
	return 0;
}

int page_write_maps(struct page *page, struct json_writer *w)
{
	struct map_table *t = map_table_new(page->profiles[0]);
	int err = 0;

	if (!t)
		return -ENOMEM;
	json_array(w, "maps");
	for (size_t i = 0; !err && i < t->n; i++)
		err = write_row(page, w, &t->rows[i]);
	json_end(w);
	map_table_free(t);
	return err;
}
