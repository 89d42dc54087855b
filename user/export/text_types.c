// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What was allocated, by type, and under each type where most of it was. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "export/text_views.h"
#include "report/types.h"

/* What the columns before the name take; see print_row(). */
#define FIGURES_WIDTH 45
/* Places are that much further in than the type above them. */
#define INDENT 2

static void print_figures(const struct text *t, const struct type_table *table, uint64_t bytes,
			  uint64_t objects)
{
	char size[32], count[32];

	fprintf(t->out, "  %8s  %5.1f%%  %8s  ", format_bytes(size, sizeof(size), bytes),
		text_percent(bytes, table->totals.alloc_bytes),
		format_count(count, sizeof(count), objects));
}

static void print_average(const struct text *t, uint64_t bytes, uint64_t objects)
{
	char average[32];

	fprintf(t->out, "%8s  ",
		format_bytes(average, sizeof(average), objects ? bytes / objects : 0));
}

static int print_sites(const struct text *t, const struct type_table *table,
		       const struct type_row *row)
{
	size_t kept = row->n_sites < TYPE_SITES_MAX ? row->n_sites : TYPE_SITES_MAX, pad = 0;
	uint64_t bytes = row->bytes, objects = row->objects;
	int err = 0;

	for (size_t i = 0; i < kept; i++)
		pad = text_function_pad(t->p, row->sites[i].line.function, pad);
	for (size_t i = 0; !err && i < kept; i++) {
		const struct type_site *s = &row->sites[i];

		fprintf(t->out, "%5s", "");
		print_figures(t, table, s->bytes, s->objects);
		fprintf(t->out, "%*s", 10 + INDENT, "");
		err = text_line_label(t, FIGURES_WIDTH + INDENT, s->line, pad);
		bytes -= s->bytes;
		objects -= s->objects;
	}
	if (!err && kept < row->n_sites) {
		fprintf(t->out, "%5s", "");
		print_figures(t, table, bytes, objects);
		fprintf(t->out, "%*sat %zu more\n", 10 + INDENT, "", row->n_sites - kept);
	}
	return err;
}

static int print_row(const struct text *t, const struct type_table *table, size_t i,
		     enum type_name_form form)
{
	const struct type_row *row = &table->rows[i];
	__auto_free char *name = text_type(t->p, row->type, form);

	if (!name)
		return -ENOMEM;
	fprintf(t->out, "%5zu", i + 1);
	print_figures(t, table, row->bytes, row->objects);
	print_average(t, row->bytes, row->objects);
	text_label(t, FIGURES_WIDTH, name, "", 0);
	return print_sites(t, table, row);
}

static void print_rest(const struct text *t, const struct type_table *table, size_t shown)
{
	uint64_t bytes = 0, objects = 0;

	for (size_t i = shown; i < table->n; i++) {
		bytes += table->rows[i].bytes;
		objects += table->rows[i].objects;
	}
	fprintf(t->out, "%5s", "");
	print_figures(t, table, bytes, objects);
	print_average(t, bytes, objects);
	text_rest(t, FIGURES_WIDTH, shown, table->n);
}

static int print_table(const struct text *t, const struct type_table *table, size_t shown)
{
	__auto_free enum type_name_form *forms = type_name_forms(t->p);
	int err = forms ? 0 : -ENOMEM;

	fputs("\n rank     bytes   share   objects   average  type, sites\n", t->out);
	for (size_t i = 0; !err && i < shown; i++)
		err = print_row(t, table, i, forms[table->rows[i].type]);
	if (!err && shown < table->n)
		print_rest(t, table, shown);
	return err;
}

int text_types_print(const struct text *t, const struct export_options *opts)
{
	struct type_table *table = type_table_new(t->p);
	int err = 0;

	if (!table)
		return -ENOMEM;
	if (table->n)
		err = print_table(t, table, text_rows(opts, table->n));
	else
		text_nothing(t, "Nothing was allocated while this was recorded.");
	type_table_free(table);
	return err;
}
