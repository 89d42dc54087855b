// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Collections: their figures, who and what caused them, and what is wrong with
 * them. Of the columns a narrow terminal gets the first ones.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/text_views.h"
#include "report/gc.h"

enum column {
	COLUMN_BYTES,
	COLUMN_SHARE,
	COLUMN_CYCLES,
	COLUMN_PAUSED,
	COLUMN_PAUSE_SHARE,
	COLUMN_WORST_SHARE,
	COLUMN_ASSISTS,
	COLUMN_PAID,
	COLUMN_INSERTS,
	COLUMN_MAX
};

static const struct {
	const char *title;
	int width;
	size_t from_width; /* of the terminal */
} columns[COLUMN_MAX] = {
	[COLUMN_BYTES] = {"bytes", 8, 0},        [COLUMN_SHARE] = {"share", 6, 72},
	[COLUMN_CYCLES] = {"cycles", 8, 0},      [COLUMN_PAUSED] = {"paused", 8, 0},
	[COLUMN_PAUSE_SHARE] = {"share", 6, 72}, [COLUMN_WORST_SHARE] = {"worst", 6, 88},
	[COLUMN_ASSISTS] = {"assists", 8, 100},  [COLUMN_PAID] = {"paid", 8, 110},
	[COLUMN_INSERTS] = {"inserts", 8, 120},
};

/* Rank, before the columns; two spaces are before each of them, and before the name. */
#define RANK_WIDTH 5

/* What shares are of, and which columns there are. */
struct frame {
	const struct text *t;
	const struct gc_report *r;
	double pause_ns, worst_ns;
	bool paid; /* sites pay for assists, types do not */
};

static bool has_column(const struct frame *f, enum column c)
{
	return f->t->width >= columns[c].from_width && (c != COLUMN_PAID || f->paid);
}

static size_t figures_width(const struct frame *f)
{
	size_t width = RANK_WIDTH + 2;

	for (size_t c = 0; c < COLUMN_MAX; c++) {
		if (has_column(f, (enum column)c))
			width += (size_t)columns[c].width + 2;
	}
	return width;
}

static void format_share(char *buf, size_t size, double part, double whole)
{
	snprintf(buf, size, "%.1f%%", whole > 0 ? 100 * part / whole : 0);
}

static void format_cell(char *buf, size_t size, const struct frame *f, enum column c,
			const struct gc_share *s)
{
	switch (c) {
	case COLUMN_BYTES:
		format_bytes(buf, size, s->bytes);
		break;
	case COLUMN_SHARE:
		format_share(buf, size, (double)s->bytes, (double)f->r->total_bytes);
		break;
	case COLUMN_CYCLES:
		snprintf(buf, size, "%.1f", s->cycles_caused);
		break;
	case COLUMN_PAUSED:
		format_duration(buf, size, (uint64_t)s->pause_ns);
		break;
	case COLUMN_PAUSE_SHARE:
		format_share(buf, size, s->pause_ns, f->pause_ns);
		break;
	case COLUMN_WORST_SHARE:
		format_share(buf, size, s->worst_pause_ns, f->worst_ns);
		break;
	case COLUMN_ASSISTS:
		format_duration(buf, size, (uint64_t)s->assist_ns);
		break;
	case COLUMN_PAID:
		format_duration(buf, size, s->assist_paid_ns);
		break;
	case COLUMN_INSERTS:
		format_count(buf, size, s->inserts);
		break;
	case COLUMN_MAX:
		break;
	}
}

static void print_titles(const struct frame *f, const char *what)
{
	fprintf(f->t->out, "\n%*s", RANK_WIDTH, "rank");
	for (size_t c = 0; c < COLUMN_MAX; c++) {
		if (has_column(f, (enum column)c))
			fprintf(f->t->out, "  %*s", columns[c].width, columns[c].title);
	}
	fprintf(f->t->out, "  %s\n", what);
}

static void print_figures(const struct frame *f, const struct gc_share *s)
{
	for (size_t c = 0; c < COLUMN_MAX; c++) {
		char cell[32];

		if (!has_column(f, (enum column)c))
			continue;
		format_cell(cell, sizeof(cell), f, (enum column)c, s);
		fprintf(f->t->out, "  %*s", columns[c].width, cell);
	}
	fputs("  ", f->t->out);
}

static void add_share(struct gc_share *sum, const struct gc_share *s)
{
	sum->bytes += s->bytes;
	sum->cycles_caused += s->cycles_caused;
	sum->pause_ns += s->pause_ns;
	sum->worst_pause_ns += s->worst_pause_ns;
	sum->assist_ns += s->assist_ns;
	sum->assist_paid_ns += s->assist_paid_ns;
	sum->inserts += s->inserts;
}

static void print_rest(const struct frame *f, const struct gc_share *shares, size_t shown, size_t n)
{
	struct gc_share rest = {0};

	if (shown == n)
		return;
	for (size_t i = shown; i < n; i++)
		add_share(&rest, &shares[i]);
	fprintf(f->t->out, "%*s", RANK_WIDTH, "");
	print_figures(f, &rest);
	text_rest(f->t, figures_width(f), shown, n);
}

static int print_sites(const struct frame *f, size_t shown)
{
	const struct profile *p = f->t->p;
	size_t pad = 0;
	int err = 0;

	for (size_t i = 0; i < shown; i++)
		pad = text_function_pad(p, f->r->sites[i].line.function, pad);
	print_titles(f, "call site");
	for (size_t i = 0; !err && i < shown; i++) {
		fprintf(f->t->out, "%*zu", RANK_WIDTH, i + 1);
		print_figures(f, &f->r->sites[i]);
		err = text_line_label(f->t, figures_width(f), f->r->sites[i].line, pad);
	}
	if (!err)
		print_rest(f, f->r->sites, shown, f->r->n_sites);
	return err;
}

static int print_types(const struct frame *f, size_t shown)
{
	__auto_free enum type_name_form *forms = type_name_forms(f->t->p);

	if (!forms)
		return -ENOMEM;
	print_titles(f, "type");
	for (size_t i = 0; i < shown; i++) {
		uint32_t type = f->r->types[i].type;
		__auto_free char *name = text_type(f->t->p, type, forms[type]);

		if (!name)
			return -ENOMEM;
		fprintf(f->t->out, "%*zu", RANK_WIDTH, i + 1);
		print_figures(f, &f->r->types[i]);
		text_label(f->t, figures_width(f), name, "", 0);
	}
	print_rest(f, f->r->types, shown, f->r->n_types);
	return 0;
}

/* A line of the head; "" continues the one before. */
static void print_line(const struct text *t, const char *what, const char *figures)
{
	fprintf(t->out, "%-*s", TEXT_GC_INDENT, what);
	text_wrapped(t, TEXT_GC_INDENT, figures);
}

static void print_cycles(const struct text *t, const struct gc_report *r)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "%" PRIu64 ", %.3g a second", r->cycles,
			 r->cycles_per_second);
	const char *separator = ": ";

	for (size_t i = 0; i < PROFILE_GC_TRIGGER_MAX; i++) {
		if (!r->by_trigger[i])
			continue;
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%" PRIu64 " %s", separator,
			      r->by_trigger[i], gc_trigger_name((enum profile_gc_trigger)i));
		separator = ", ";
	}
	fputc('\n', t->out);
	print_line(t, "cycles", line);
}

static void print_pauses(const struct text *t, const struct gc_report *r)
{
	char total[32], p50[32], p95[32], max[32], line[160];

	snprintf(line, sizeof(line), "%" PRIu64 ", %s in all, %.3g%% of the time", r->pauses,
		 format_duration(total, sizeof(total), r->pause_total_ns), 100 * r->stopped_share);
	print_line(t, "pauses", line);
	snprintf(line, sizeof(line), "%s at the median, %s at 95%%, %s at the most",
		 format_duration(p50, sizeof(p50), r->pause_p50_ns),
		 format_duration(p95, sizeof(p95), r->pause_p95_ns),
		 format_duration(max, sizeof(max), r->pause_max_ns));
	print_line(t, "", line);
	if (r->pause_unattributed_ns) {
		snprintf(line, sizeof(line), "%s of them by cycles whose cause was not recorded",
			 format_duration(total, sizeof(total), r->pause_unattributed_ns));
		print_line(t, "", line);
	}
	if (r->assists) {
		snprintf(line, sizeof(line), "%s, %s in all",
			 format_count(p50, sizeof(p50), r->assists),
			 format_duration(total, sizeof(total), r->assist_ns));
		print_line(t, "assists", line);
	}
}

static void print_sweeps(const struct text *t, const struct gc_report *r)
{
	char total[32], p50[32], max[32], line[160];

	if (!r->sweeps)
		return;
	snprintf(line, sizeof(line),
		 "%" PRIu64 ", %s in all, beside the program; %s at the median, %s at the most",
		 r->sweeps, format_duration(total, sizeof(total), r->sweep_total_ns),
		 format_duration(p50, sizeof(p50), r->sweep_p50_ns),
		 format_duration(max, sizeof(max), r->sweep_max_ns));
	print_line(t, "sweeps", line);
}

static int print_groups(const struct text *t, const struct gc_report *r)
{
	fputs("\n count     total    median       95%      most  reason\n", t->out);
	for (size_t i = 0; i < r->n_groups; i++) {
		const struct gc_pause_group *g = &r->groups[i];
		__auto_free char *reason = text_clean(t->p, g->reason);
		char count[32], total[32], p50[32], p95[32], max[32];

		if (!reason)
			return -ENOMEM;
		fprintf(t->out, "%6s  %8s  %8s  %8s  %8s  ",
			format_count(count, sizeof(count), g->count),
			format_duration(total, sizeof(total), g->total_ns),
			format_duration(p50, sizeof(p50), g->p50_ns),
			format_duration(p95, sizeof(p95), g->p95_ns),
			format_duration(max, sizeof(max), g->max_ns));
		text_label(t, 48, *reason ? reason : "[reason not known]", "", 0);
	}
	return 0;
}

static int print_sentence(const struct text *t, const char *head, const char *sentence)
{
	__auto_free char *clean = utf8_clean(sentence, '?');

	if (!clean)
		return -ENOMEM;
	print_line(t, head, clean);
	return 0;
}

static int print_patterns(const struct text *t, const struct gc_report *r)
{
	int err = 0;

	if (!r->n_patterns) {
		fputc('\n', t->out);
		print_line(t, "patterns", "none of those known to be trouble was found");
	}
	for (size_t i = 0; !err && i < r->n_patterns; i++) {
		fputc('\n', t->out);
		err = print_sentence(t, gc_pattern_name(r->patterns[i].kind),
				     r->patterns[i].evidence);
		if (!err)
			err = print_sentence(t, "", r->patterns[i].remedy);
	}
	return err;
}

static int print_tables(const struct text *t, const struct export_options *opts,
			const struct gc_report *r)
{
	struct frame f = {.t = t, .r = r, .paid = true};
	int err = 0;

	for (size_t i = 0; i < r->n_sites; i++) {
		f.pause_ns += r->sites[i].pause_ns;
		f.worst_ns += r->sites[i].worst_pause_ns;
	}
	if (r->n_groups)
		err = print_groups(t, r);
	if (!err && r->n_sites)
		err = print_sites(&f, text_rows(opts, r->n_sites));
	f.paid = false;
	if (!err && r->n_types)
		err = print_types(&f, text_rows(opts, r->n_types));
	if (!err && r->n_sites) {
		fputc('\n', t->out);
		err = print_sentence(
			t, "model",
			"Each cycle, with its pauses and assists, is charged to what was allocated "
			"since the cycle before it began, by bytes. worst: of the worst 5% of "
			"pauses only. paid: time in assists of that site's own goroutines, "
			"measured.");
	}
	return err;
}

int text_gc_print(const struct text *t, const struct export_options *opts)
{
	struct gc_report *r = gc_report_new(t->p);
	int err;

	if (!r)
		return -ENOMEM;
	if (!r->cycles && !r->pauses && !r->assists) {
		fputs("\nNo collection ran and nothing stopped the world while this was "
		      "recorded.\n",
		      t->out);
		gc_report_free(r);
		return text_gc_memory_print(t, opts);
	}
	print_cycles(t, r);
	print_pauses(t, r);
	print_sweeps(t, r);
	err = text_gc_memory_print(t, opts);
	if (!err)
		err = print_patterns(t, r);
	if (!err)
		err = print_tables(t, opts, r);
	gc_report_free(r);
	return err;
}
