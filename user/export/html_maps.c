// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The map report's rows, as the page shows them. */
#include <errno.h>

#include "export/html_page.h"
#include "export/json_parts.h"
#include "report/maps.h"

static int write_row(struct page *page, struct json_writer *w, const struct map_row *row)
{
	uint32_t type, site;

	if (page_type(page, 0, row->target, row->type, &type) ||
	    page_site(page, 0, row->site, &site))
		return -ENOMEM;
	json_object(w, NULL);
	json_uint(w, "type", type);
	json_uint(w, "site", site);
	json_map_members(w, page->profiles[0], row);
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
