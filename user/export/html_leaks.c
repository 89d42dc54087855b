// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What lives at the end, as the page shows it: frames of stacks are call sites to it. */
#include <errno.h>

#include "export/html_page.h"
#include "export/json_parts.h"

static int write_stack(struct page *page, struct json_writer *w, uint32_t stack)
{
	const struct profile *p = page->profiles[0];
	const struct profile_stack *s = &p->stacks[stack];

	json_array(w, "stack");
	for (uint32_t i = 0; i < s->n_locations; i++) {
		const struct profile_location *l =
			&p->locations[p->stack_locations[s->first_location + i]];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			uint32_t site;

			if (page_site(page, 0, p->lines[l->first_line + j], &site))
				return -ENOMEM;
			json_uint(w, NULL, site);
		}
	}
	json_end(w);
	return 0;
}

static int write_rows(struct page *page, struct json_writer *w, const struct leak_table *t)
{
	int err = 0;

	json_array(w, "sites");
	for (size_t i = 0; !err && i < t->n; i++) {
		uint32_t site;

		err = page_site(page, 0, t->rows[i].site, &site);
		if (err)
			break;
		json_object(w, NULL);
		json_uint(w, "site", site);
		json_leak_members(w, t, &t->rows[i]);
		err = write_stack(page, w, t->rows[i].stack);
		json_end(w);
	}
	json_end(w);
	return err;
}

int page_write_leaks(struct page *page, struct json_writer *w,
		     const struct suppressions *suppressions)
{
	const struct profile *p = page->profiles[0];
	struct leak_table *t;
	int err;

	if (!p->heap.recorded)
		return 0;
	t = leak_table_new(p, suppressions);
	if (!t)
		return -ENOMEM;
	json_object(w, "leaks");
	json_leaks_members(w, p, t, suppressions);
	err = write_rows(page, w, t);
	json_end(w);
	leak_table_free(t);
	return err;
}
