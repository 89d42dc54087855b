// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "export/html_data.h"
#include "export/html_page.h"

int html_data_write(const void *what, FILE *out)
{
	const struct html_data *data = what;
	const struct profile *p = data->profile;
	struct json_writer w = json_writer_make(out);
	struct process_table *processes = process_table_new(p);
	struct page page;
	int err = page_init(&page, &p, 1);

	if (!err && !processes)
		err = -ENOMEM;
	if (!err) {
		json_object(&w, NULL);
		page_write_head(p, processes, &w);
		/* Before the tables of what they refer to: they may add to those. */
		err = page_write_maps(&page, &w);
	}
	if (!err)
		err = page_write_leaks(&page, &w, data->suppressions);
	if (!err)
		err = page_write_gc(&page, &w);
	if (!err)
		err = page_write_types(&page, &w);
	if (!err) {
		page_write_rest(&page, &w);
		json_end(&w);
	}
	page_free(&page);
	process_table_free(processes);
	return err;
}
