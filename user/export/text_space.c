// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What was asked of the kernel, and by whom. */
#include <errno.h>

#include "base/units.h"
#include "export/text_views.h"
#include "report/space.h"

/* What the columns before the name take, and one more; see print_figures(). */
#define FIGURES_WIDTH 37

static void print_totals(const struct text *t, const struct space_table *table)
{
	bool first = true;

	fputs("\nAddress space: ", t->out);
	for (int i = 0; i < SPACE_KINDS; i++) {
		const struct space_sum *sum = &table->totals[i];
		char calls[32], bytes[32];

		if (!sum->calls)
			continue;
		fprintf(t->out, "%s%s %s in %s call%s", first ? "" : ", ",
			space_kind_name(PROFILE_MMAP + i),
			format_bytes(bytes, sizeof(bytes), sum->bytes),
			format_count(calls, sizeof(calls), sum->calls), sum->calls == 1 ? "" : "s");
		first = false;
	}
	fputs(".\n", t->out);
}

static void print_figures(const struct text *t, const char *kind, const struct space_sum *sum)
{
	char bytes[32], calls[32];

	fprintf(t->out, "  %8s  %8s  %-6s      ", format_bytes(bytes, sizeof(bytes), sum->bytes),
		format_count(calls, sizeof(calls), sum->calls), kind);
}

static int print_table(const struct text *t, const struct space_table *table, size_t shown)
{
	struct space_sum rest = {0};
	size_t pad = 0;
	int err = 0;

	for (size_t i = 0; i < shown; i++)
		pad = text_function_pad(t->p, table->rows[i].site.function, pad);
	fputs("\n rank     bytes     calls  call        caller\n", t->out);
	for (size_t i = 0; !err && i < shown; i++) {
		const struct space_row *r = &table->rows[i];

		fprintf(t->out, "%5zu", i + 1);
		print_figures(t, space_kind_name(r->kind), &r->sum);
		err = text_line_label(t, FIGURES_WIDTH, r->site, pad);
	}
	if (err || shown == table->n)
		return err;
	for (size_t i = shown; i < table->n; i++) {
		rest.calls += table->rows[i].sum.calls;
		rest.bytes += table->rows[i].sum.bytes;
	}
	fputs("     ", t->out);
	print_figures(t, "", &rest);
	text_rest(t, FIGURES_WIDTH, shown, table->n);
	return 0;
}

int text_space_print(const struct text *t, const struct export_options *opts)
{
	struct space_table *table = space_table_new(t->p);
	int err = 0;

	if (!table)
		return -ENOMEM;
	if (table->n) {
		print_totals(t, table);
		err = print_table(t, table, text_rows(opts, table->n));
	}
	space_table_free(table);
	return err;
}
