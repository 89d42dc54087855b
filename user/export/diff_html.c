// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A comparison as the page shows it: one call tree with the samples of both
 * recordings, and the tables as report/diff.c has matched them. Amounts are as
 * recorded; "scale" is what the page multiplies those of each side by.
 */
#include <errno.h>

#include "export/diff_export.h"
#include "export/html_data.h"
#include "export/html_page.h"

static void write_side(struct json_writer *w, const struct diff *d, enum diff_side side)
{
	json_object(w, diff_side_name(side));
	page_write_head(d->profiles[side], NULL, w);
	json_array(w, "caveats");
	for (enum diff_caveat c = 1; c <= DIFF_LOST; c <<= 1) {
		/* Losses are told of one by one. */
		if (d->caveats[side] & c && c != DIFF_LOST)
			json_string(w, NULL, diff_caveat_text(c));
	}
	json_end(w);
	json_end(w);
}

static int write_functions(struct json_writer *w, struct page *page, const struct diff_table *t)
{
	uint32_t number;

	json_array(w, "function");
	for (size_t i = 0; i < t->n; i++) {
		enum diff_side shown = diff_shown(&t->rows[i]);

		if (frame_tree_function(page->tree.tree, shown, t->rows[i].line[shown].function,
					&number))
			return -ENOMEM;
		json_uint(w, NULL, number);
	}
	json_end(w);
	return 0;
}

/* Those shown or, where @before, those of that side: 0 where it has none. */
static int write_types(struct json_writer *w, struct page *page, const struct diff_table *t,
		       bool before)
{
	uint32_t number;

	json_array(w, before ? "type_before" : "type");
	for (size_t i = 0; i < t->n; i++) {
		enum diff_side side = before ? DIFF_BEFORE : diff_shown(&t->rows[i]);

		if (page_type(page, side, 0, t->rows[i].type[side], &number))
			return -ENOMEM;
		json_uint(w, NULL, number);
	}
	json_end(w);
	return 0;
}

static bool has_live(const struct diff *d)
{
	return d->live.present[DIFF_BEFORE] || d->live.present[DIFF_AFTER];
}

static int write_table(struct json_writer *w, struct page *page, const struct diff *d,
		       enum diff_table_kind kind)
{
	const struct diff_table *t = &d->tables[kind];
	bool of_types = kind == DIFF_TYPES || kind == DIFF_MAPS;
	int err = 0;

	if (kind == DIFF_LIVE && !has_live(d))
		return 0;
	json_object(w, diff_table_name(kind));
	WRITE_COLUMN(w, "match", t->rows, t->n, e->match);
	if (kind != DIFF_TYPES) {
		err = write_functions(w, page, t);
		WRITE_COLUMN(w, "line", t->rows, t->n, e->line[diff_shown(e)].line);
		WRITE_COLUMN(w, "line_before", t->rows, t->n, e->line[DIFF_BEFORE].line);
	}
	if (!err && of_types)
		err = write_types(w, page, t, false);
	if (!err && of_types)
		err = write_types(w, page, t, true);
	for (enum diff_side side = 0; !err && side < DIFF_SIDES; side++) {
		json_object(w, diff_side_name(side));
		for (enum diff_measure m = 0; m < DIFF_MEASURES; m++)
			WRITE_COLUMN(w, diff_measure_name(m), t->rows, t->n, e->amount[side][m]);
		json_end(w);
	}
	json_end(w);
	return err;
}

static int write_page(struct page *page, const struct diff *d, FILE *out)
{
	struct json_writer w = json_writer_make(out);
	int err = 0;

	json_object(&w, NULL);
	json_uint(&w, "per_second", d->per_second);
	json_array(&w, "scale");
	for (enum diff_side side = 0; side < DIFF_SIDES; side++)
		json_double(&w, NULL, d->scale[side]);
	json_end(&w);
	for (enum diff_side side = 0; side < DIFF_SIDES; side++)
		write_side(&w, d, side);
	json_object(&w, "diff");
	for (enum diff_table_kind kind = 0; !err && kind < DIFF_TABLES; kind++)
		err = write_table(&w, page, d, kind);
	json_end(&w);
	if (!err)
		err = page_write_types(page, &w);
	if (!err) {
		page_write_rest(page, &w);
		json_end(&w);
	}
	return err;
}

static int write_data(const void *what, FILE *out)
{
	const struct diff *d = what;
	struct page page;
	int err = page_init(&page, d->profiles, DIFF_SIDES);

	if (!err)
		err = write_page(&page, d, out);
	page_free(&page);
	return err;
}

int diff_html_write(const struct diff *d, const struct export_options *opts, FILE *out)
{
	(void)opts;
	return html_page_write(write_data, d, out);
}
