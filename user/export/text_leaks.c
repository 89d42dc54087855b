// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What lives at the end, in three orders: by bytes, by age, and what grows. A
 * call site keeps its number in all of them, and its stack is printed once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/text_views.h"
#include "report/leaks.h"

/* What the columns before the name take, and one more; see print_figures(). */
#define FIGURES_WIDTH 57
/* Where frames of a stack begin. */
#define STACK_INDENT 12

struct leak_view {
	const struct text *t;
	const struct leak_table *table;
	bool *printed; /* of each row: its stack */
};

static void print_figures(const struct leak_view *v, const struct leak_row *r)
{
	char bytes[32], objects[32], age[32], growth[40] = "-", rate[32];

	if (r->growth_per_s > 0)
		snprintf(growth, sizeof(growth), "%s/s",
			 format_bytes(rate, sizeof(rate), (uint64_t)r->growth_per_s));
	fprintf(v->t->out, "  %8s  %5.1f%%  %8s  %8s  %10s  ",
		format_bytes(bytes, sizeof(bytes), r->bytes),
		text_percent(r->bytes, v->table->sum.bytes),
		format_count(objects, sizeof(objects), r->objects),
		format_duration(age, sizeof(age), r->age_ns), growth);
}

/* Innermost first, functions that were inlined too. */
static int print_stack(const struct text *t, uint32_t stack)
{
	const struct profile *p = t->p;
	const struct profile_stack *s = &p->stacks[stack];
	int err = 0;

	for (uint32_t i = 0; !err && i < s->n_locations; i++) {
		const struct profile_location *l =
			&p->locations[p->stack_locations[s->first_location + i]];

		for (uint32_t j = 0; !err && j < l->n_lines; j++) {
			fprintf(t->out, "%*s", STACK_INDENT, "");
			err = text_line_label(t, STACK_INDENT, p->lines[l->first_line + j], 0);
		}
	}
	return err;
}

static int print_row(struct leak_view *v, uint32_t row, size_t pad)
{
	const struct leak_row *r = &v->table->rows[row];
	int err;

	fprintf(v->t->out, "%5" PRIu32, row + 1);
	print_figures(v, r);
	err = text_line_label(v->t, FIGURES_WIDTH, r->site, pad);
	if (err || v->printed[row])
		return err;
	v->printed[row] = true;
	err = print_stack(v->t, r->stack);
	if (!err && r->n_stacks > 1)
		fprintf(v->t->out, "%*sand %" PRIu32 " other stack%s\n", STACK_INDENT, "",
			r->n_stacks - 1, r->n_stacks > 2 ? "s" : "");
	return err;
}

/* @order of rows; NULL is that of the table. */
static int print_table(struct leak_view *v, const char *title, const uint32_t *order, size_t n,
		       size_t shown)
{
	size_t pad = 0;
	int err = 0;

	for (size_t i = 0; i < shown; i++) {
		const struct leak_row *r = &v->table->rows[order ? order[i] : i];

		pad = text_function_pad(v->t->p, r->site.function, pad);
	}
	fprintf(v->t->out,
		"\n%s\n rank     bytes   share    blocks    oldest      growth  call site\n",
		title);
	for (size_t i = 0; !err && i < shown; i++)
		err = print_row(v, order ? order[i] : (uint32_t)i, pad);
	if (!err && shown < n) {
		fprintf(v->t->out, "%*s", FIGURES_WIDTH, "");
		text_rest(v->t, FIGURES_WIDTH, shown, n);
	}
	return err;
}

static void print_looks(const struct text *t, const struct leak_table *table)
{
	uint32_t n = table->n_looks - 1;
	char first[32], last[32];

	if (!n)
		return;
	format_duration(first, sizeof(first), table->look_ns[0]);
	format_duration(last, sizeof(last), table->look_ns[n - 1]);
	fprintf(t->out, "looks        %" PRIu32 ", after %s%s%s, and the end\n", n, first,
		n > 1 ? " to " : "", n > 1 ? last : "");
}

static int print_suppressed(const struct text *t, const struct leak_table *table,
			    const struct suppressions *suppressions)
{
	size_t n = suppressions ? suppressions_count(suppressions) : 0;
	char bytes[32], objects[32];

	if (n)
		fprintf(t->out,
			"suppressed   %s in %s blocks, exactly %" PRIu64 " in %" PRIu64 "\n",
			format_bytes(bytes, sizeof(bytes), table->suppressed.bytes),
			format_count(objects, sizeof(objects), table->suppressed.objects),
			table->suppressed.bytes, table->suppressed.objects);
	for (size_t i = 0; i < n; i++) {
		const struct leak_sum *sum = &table->by_suppression[i];
		__auto_free char *clean = NULL;

		if (!sum->objects)
			continue;
		clean = utf8_clean(suppressions_pattern(suppressions, i), '?');
		if (!clean)
			return -ENOMEM;
		fprintf(t->out, "             %8s in %8s by leak:%s\n",
			format_bytes(bytes, sizeof(bytes), sum->bytes),
			format_count(objects, sizeof(objects), sum->objects), clean);
	}
	return 0;
}

static int print_tables(const struct text *t, const struct leak_table *table,
			const struct export_options *opts)
{
	__auto_free bool *printed = calloc(table->n, sizeof(*printed));
	struct leak_view v = {t, table, printed};
	size_t shown = text_rows(opts, table->n), growing = text_rows(opts, table->n_growing);
	int err;

	if (!printed)
		return -ENOMEM;
	err = print_table(&v, "Lives at the end, by bytes:", NULL, table->n, shown);
	if (!err)
		err = print_table(&v, "The oldest:", table->by_age, table->n, shown);
	if (err)
		return err;
	if (growing)
		return print_table(&v,
				   "Grows, and never shrank since it began to:", table->by_growth,
				   table->n_growing, growing);
	fprintf(t->out, "\nNothing grows%s.\n",
		table->n_looks > LEAK_GROWTH_LOOKS ? "" : ", as far as so few looks can tell");
	return 0;
}

int text_leaks_print(const struct text *t, const struct export_options *opts)
{
	struct leak_table *table;
	int err;

	if (!t->p->heap.recorded) {
		fputs("\nNothing here tells what lives: that takes record --live.\n", t->out);
		return 0;
	}
	table = leak_table_new(t->p, opts->suppressions);
	if (!table)
		return -ENOMEM;
	print_looks(t, table);
	err = print_suppressed(t, table, opts->suppressions);
	if (!err && table->n)
		err = print_tables(t, table, opts);
	else if (!err)
		fprintf(t->out, "\nNothing%s lives of what was allocated while recording.\n",
			table->suppressed.objects ? " but that" : "");
	leak_table_free(table);
	return err;
}
