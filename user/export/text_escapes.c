// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which lines of the program made single objects on the heap, and how often. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/text_views.h"
#include "report/escapes.h"

/* What the columns before the type take; see print_figures(). */
#define FIGURES_WIDTH 45
/* Types with longer names push what follows to the right. */
#define TYPE_PAD_MAX 32

static void print_figures(const struct text *t, uint64_t objects, uint64_t bytes, uint64_t whole)
{
	double seconds = (double)t->p->duration_ns / 1e9;
	char count[32], rate[32], size[32];

	fprintf(t->out, "  %8s  %5.1f%%  %8s  %8s  ", format_count(count, sizeof(count), objects),
		text_percent(objects, whole),
		format_count(rate, sizeof(rate),
			     seconds > 0 ? (uint64_t)((double)objects / seconds) : 0),
		format_bytes(size, sizeof(size), bytes));
}

static size_t type_pad(const char *type, size_t pad)
{
	size_t length = utf8_length(type);

	return length <= TYPE_PAD_MAX && length > pad ? length : pad;
}

/* Columns for the type: half of what is left of a terminal's, or none if that is little. */
static size_t type_room(const struct text *t)
{
	if (t->width == SIZE_MAX)
		return SIZE_MAX;
	return t->width < FIGURES_WIDTH + TYPE_PAD_MAX ? 0 : (t->width - FIGURES_WIDTH) / 2;
}

static int print_row(const struct text *t, const struct escape_table *table, size_t i,
		     const char *type, const size_t pads[2])
{
	const struct escape *row = &table->rows[i];
	size_t length = utf8_length(type), room = type_room(t), used = FIGURES_WIDTH;

	fprintf(t->out, "%5zu", i + 1);
	print_figures(t, row->objects, row->bytes, table->objects);
	if (room) {
		size_t width = pads[0] > length ? pads[0] : length;

		width = width < room ? width : room;
		length = length < width ? length : width;
		text_tail(t->out, type, length);
		fprintf(t->out, "%*s  ", (int)(width - length), "");
		used += width + 2;
	}
	return text_line_label(t, used, row->line, pads[1]);
}

static int print_rows(const struct text *t, const struct escape_table *table, size_t shown,
		      char **types)
{
	size_t pads[2] = {0};
	int err = 0;

	for (size_t i = 0; i < shown; i++) {
		const struct profile_line *line = &table->rows[i].line;

		pads[0] = type_pad(types[i], pads[0]);
		pads[1] = text_function_pad(t->p, line->function, pads[1]);
	}
	fputs("\n rank   objects   share     per s     bytes  type, call site\n", t->out);
	for (size_t i = 0; !err && i < shown; i++)
		err = print_row(t, table, i, types[i], pads);
	return err;
}

static void print_rest(const struct text *t, const struct escape_table *table, size_t shown)
{
	uint64_t objects = 0, bytes = 0;

	for (size_t i = shown; i < table->n; i++) {
		objects += table->rows[i].objects;
		bytes += table->rows[i].bytes;
	}
	fprintf(t->out, "%5s", "");
	print_figures(t, objects, bytes, table->objects);
	text_rest(t, FIGURES_WIDTH, shown, table->n);
}

/* What the types of the first @shown rows are called. 0 or -ENOMEM. */
static int name_types(const struct text *t, const struct escape_table *table, size_t shown,
		      char **types)
{
	__auto_free enum type_name_form *forms = type_name_forms(t->p);

	for (size_t i = 0; forms && i < shown; i++) {
		uint32_t type = table->rows[i].type;

		types[i] = text_type(t->p, type, forms[type]);
		if (!types[i])
			return -ENOMEM;
	}
	return forms ? 0 : -ENOMEM;
}

static int print_table(const struct text *t, const struct escape_table *table, size_t shown)
{
	char **types = calloc(shown + 1, sizeof(*types));
	int err = types ? name_types(t, table, shown, types) : -ENOMEM;

	if (!err)
		err = print_rows(t, table, shown, types);
	if (!err && shown < table->n)
		print_rest(t, table, shown);
	for (size_t i = 0; types && i < shown; i++)
		free(types[i]);
	free(types);
	return err;
}

int text_escapes_print(const struct text *t, const struct export_options *opts)
{
	struct escape_table *table = escape_table_new(t->p);
	char objects[32];
	int err = 0;

	if (!table)
		return -ENOMEM;
	fprintf(t->out, "\nSingle objects that the program put on the heap: %s, %.1f%% of all.\n",
		format_count(objects, sizeof(objects), table->objects),
		text_percent(table->objects, profile_totals(t->p).alloc_objects));
	if (table->n)
		err = print_table(t, table, text_rows(opts, table->n));
	escape_table_free(table);
	return err;
}
