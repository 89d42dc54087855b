// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Who in the program's own code allocated and inserted. */
#include <errno.h>

#include "base/units.h"
#include "export/text_views.h"
#include "report/sites.h"

/* What the columns before the name take, and one more; see print_figures(). */
#define FIGURES_WIDTH 45
#define COLUMN_WIDTH  10

/* Few record flushes or what is freed: the others are spared columns of zeros. */
static size_t figures_width(const struct text *t, const struct profile_totals *sum)
{
	return FIGURES_WIDTH + (sum->wb_flushes ? COLUMN_WIDTH : 0) +
	       (t->p->heap.recorded ? 2 * COLUMN_WIDTH : 0);
}

static void print_figures(const struct text *t, const struct profile_totals *sum,
			  const struct site *s)
{
	char bytes[32], objects[32], inserts[32], flushes[32], frees[32], live[32];

	fprintf(t->out, "  %8s  %5.1f%%  %8s  %8s  ", format_bytes(bytes, sizeof(bytes), s->bytes),
		text_percent(s->bytes, sum->alloc_bytes),
		format_count(objects, sizeof(objects), s->objects),
		format_count(inserts, sizeof(inserts), s->inserts));
	if (sum->wb_flushes)
		fprintf(t->out, "%8s  ", format_count(flushes, sizeof(flushes), s->flushes));
	if (t->p->heap.recorded)
		fprintf(t->out, "%8s  %8s  ", format_count(frees, sizeof(frees), s->frees),
			format_bytes(live, sizeof(live), s->live_bytes));
}

static void print_rest(const struct text *t, const struct site_table *table, size_t shown)
{
	struct site rest = {0};

	for (size_t i = shown; i < table->n; i++) {
		rest.bytes += table->sites[i].bytes;
		rest.objects += table->sites[i].objects;
		rest.inserts += table->sites[i].inserts;
		rest.flushes += table->sites[i].flushes;
		rest.frees += table->sites[i].frees;
		rest.live_bytes += table->sites[i].live_bytes;
	}
	fputs("     ", t->out);
	print_figures(t, &table->totals, &rest);
	text_rest(t, figures_width(t, &table->totals), shown, table->n);
}

static int print_table(const struct text *t, const struct site_table *table, size_t shown)
{
	size_t pad = 0;
	int err = 0;

	for (size_t i = 0; i < shown; i++)
		pad = text_function_pad(t->p, table->sites[i].function, pad);
	fprintf(t->out, "\n rank     bytes   share   objects   inserts  %s%scall site\n",
		table->totals.wb_flushes ? " flushes  " : "",
		t->p->heap.recorded ? "   frees      live  " : "");
	for (size_t i = 0; !err && i < shown; i++) {
		const struct site *s = &table->sites[i];

		fprintf(t->out, "%5zu", i + 1);
		print_figures(t, &table->totals, s);
		err = text_line_label(t, figures_width(t, &table->totals),
				      (struct profile_line){s->function, s->line}, pad);
	}
	if (!err && shown < table->n)
		print_rest(t, table, shown);
	return err;
}

int text_sites_print(const struct text *t, const struct export_options *opts)
{
	struct site_table *table = site_table_new(t->p);
	int err = 0;

	if (!table)
		return -ENOMEM;
	if (table->n)
		err = print_table(t, table, text_rows(opts, table->n));
	else
		text_nothing(t, "Nothing was allocated or inserted while this was recorded.");
	site_table_free(table);
	if (!err)
		err = text_processes_print(t, opts);
	return err ? err : text_space_print(t, opts);
}
