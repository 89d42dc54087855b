// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Why maps allocate: a block of lines for each type of map and place that inserts. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/text_views.h"
#include "report/maps.h"

/* Where the figures of a block begin. */
#define INDENT 18

static void begin_line(const struct text *t, const char *what)
{
	fprintf(t->out, "       %-*s", INDENT - 7, what);
}

static int print_head(const struct text *t, const struct map_row *r, size_t rank)
{
	__auto_free char *name = text_clean(t->p, t->p->types[r->type].name);
	size_t room = t->width == SIZE_MAX ? SIZE_MAX : t->width > 19 ? t->width - 7 : 12;

	if (!name)
		return -ENOMEM;
	fprintf(t->out, "\n%5zu  ", rank);
	text_tail(t->out, *name ? name : "[type of map not known]", room);
	fputc('\n', t->out);
	begin_line(t, "site");
	return text_line_label(t, INDENT, r->site, 0);
}

static void print_figures(const struct text *t, const struct map_row *r)
{
	char inserts[32], objects[32], bytes[32];
	double each = r->inserts ? (double)r->bytes / (double)r->inserts : 0;

	begin_line(t, "inserts");
	fprintf(t->out, "%s allocated %s in %s objects",
		format_count(inserts, sizeof(inserts), r->inserts),
		format_bytes(bytes, sizeof(bytes), r->bytes),
		format_count(objects, sizeof(objects), r->objects));
	if (r->bytes && r->inserts)
		fprintf(t->out, ": %.*f bytes each", each < 10 ? 2 : 1, each);
	if (r->bytes && r->amplification > 0)
		fprintf(t->out, ", %.3g times key and value", r->amplification);
	fputc('\n', t->out);
}

static void print_causes(const struct text *t, const struct map_row *r)
{
	const char *separator = "";

	if (!r->objects)
		return;
	begin_line(t, "causes");
	for (int i = 0; i < MAP_CAUSE_MAX; i++) {
		char bytes[32];

		if (!r->causes[i].objects)
			continue;
		fprintf(t->out, "%s%s %.1f%% (%s)", separator, map_cause_name((enum map_cause)i),
			text_percent(r->causes[i].bytes, r->bytes),
			format_bytes(bytes, sizeof(bytes), r->causes[i].bytes));
		separator = ", ";
	}
	fputc('\n', t->out);
}

static int print_value(const struct text *t, const struct map_row *r)
{
	const struct profile_type *m = &t->p->types[r->type], *v = &t->p->types[m->elem];
	__auto_free char *name = text_clean(t->p, v->name);

	if (!name)
		return -ENOMEM;
	if (!m->elem)
		return 0;
	begin_line(t, "value");
	text_tail(t->out, name, TEXT_PAD_MAX);
	fprintf(t->out, ", %" PRIu64 " bytes", v->size);
	if (r->elem_padding)
		fprintf(t->out, " (%" PRIu64 " padding)", r->elem_padding);
	if (r->elem_pointer_fields)
		fprintf(t->out, ", %" PRIu32 " pointer%s", r->elem_pointer_fields,
			r->elem_pointer_fields > 1 ? "s" : "");
	fputs(m->flags & PROFILE_TYPE_ELEM_BOXED ? ", an object each" : ", in the table", t->out);
	if (r->inserts)
		fprintf(t->out, "; %.4g bytes copied per insert",
			(double)r->copied_bytes / (double)r->inserts);
	fputc('\n', t->out);
	return 0;
}

static void print_growth(const struct text *t, const struct map_row *r)
{
	char growths[32], maps[32], bytes[32];

	begin_line(t, "growth");
	if (r->growths)
		fprintf(t->out, "%s times, of %s map%s, ",
			format_count(growths, sizeof(growths), r->growths),
			format_count(maps, sizeof(maps), r->grown_maps),
			r->grown_maps == 1 ? "" : "s");
	else
		fputs("none, ", t->out);
	fprintf(t->out, "%" PRIu64 " entries at the most", r->largest);
	if (r->presize_saving_bytes)
		fprintf(t->out, "; presizing spares %s",
			format_bytes(bytes, sizeof(bytes), r->presize_saving_bytes));
	fputc('\n', t->out);
}

static int print_advice(const struct text *t, const struct map_row *r)
{
	for (size_t i = 0; i < r->n_advice; i++) {
		const struct map_advice *a = &r->advice[i];
		__auto_free char *text = utf8_clean(a->text, '?');
		char saving[48], bytes[32];

		if (!text)
			return -ENOMEM;
		snprintf(saving, sizeof(saving), "-%s",
			 format_bytes(bytes, sizeof(bytes), a->saving_bytes));
		begin_line(t, saving);
		text_wrapped(t, INDENT, text);
	}
	return 0;
}

static int print_row(const struct text *t, const struct map_row *r, size_t rank)
{
	int err = print_head(t, r, rank);

	if (err)
		return err;
	print_figures(t, r);
	print_causes(t, r);
	err = print_value(t, r);
	if (err)
		return err;
	print_growth(t, r);
	return print_advice(t, r);
}

static void print_rest(const struct text *t, const struct map_table *table, size_t shown)
{
	uint64_t bytes = 0, inserts = 0;
	char b[32], i[32];

	for (size_t k = shown; k < table->n; k++) {
		bytes += table->rows[k].bytes;
		inserts += table->rows[k].inserts;
	}
	fprintf(t->out,
		"\n       %zu more with %s inserts that allocated %s: --top %zu shows all\n",
		table->n - shown, format_count(i, sizeof(i), inserts),
		format_bytes(b, sizeof(b), bytes), table->n);
}

int text_maps_print(const struct text *t, const struct export_options *opts)
{
	struct map_table *table = map_table_new(t->p);
	size_t shown = table ? text_rows(opts, table->n) : 0;
	char inserts[32], bytes[32];
	int err = 0;

	if (!table)
		return -ENOMEM;
	if (!table->n)
		fputs("\nNo map was inserted into while this was recorded.\n", t->out);
	else
		fprintf(t->out, "\nInserts into maps: %s, which allocated %s, %.1f%% of all.\n",
			format_count(inserts, sizeof(inserts), table->inserts),
			format_bytes(bytes, sizeof(bytes), table->bytes),
			text_percent(table->bytes, profile_totals(t->p).alloc_bytes));
	for (size_t i = 0; !err && i < shown; i++)
		err = print_row(t, &table->rows[i], i + 1);
	if (!err && shown < table->n)
		print_rest(t, table, shown);
	map_table_free(table);
	return err;
}
