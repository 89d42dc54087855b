// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A comparison for people: what the recordings are, the totals, then sites, types,
 * maps and what lives by how much they changed. What did not change is left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "export/diff_export.h"
#include "export/summary.h"
#include "export/text_parts.h"

/* What the columns before the name take, with that of inserts; see print_row(). */
#define FIGURES_WIDTH 69
#define INSERTS_WIDTH 12

/* ECMA-48 SGR: what is more is red, what is less green. */
#define MORE  "\x1b[31m"
#define LESS  "\x1b[32m"
#define PLAIN "\x1b[0m"

struct diff_text {
	const struct diff *d;
	FILE *out;
	size_t width; /* SIZE_MAX: do not cut */
	bool color;
};

/* https://no-color.org: set to anything but nothing, it is a no. */
static bool wants_color(FILE *out)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fileno(out)) && !(no && *no);
}

/* "12.3MB/s", or without the "/s" where sums are compared; @buf has 32 bytes. */
static const char *format_amount(char *buf, const struct diff *d, const struct diff_row *r,
				 enum diff_measure m, double value)
{
	char amount[24];
	/* Doubles of 2^64 and more have no uint64_t; recordings may claim anything. */
	uint64_t rounded = value < 0x1p63 ? (uint64_t)(value + 0.5) : INT64_MAX;

	if (m == DIFF_BYTES)
		format_bytes(amount, sizeof(amount), rounded);
	else
		format_count(amount, sizeof(amount), rounded);
	snprintf(buf, 32, "%s%s", amount, d->per_second && !r->at_end ? "/s" : "");
	return buf;
}

/* Right-aligned in @width columns, with its sign and colour; 0 as "=". */
static void print_change(const struct diff_text *t, int width, const struct diff_row *r,
			 enum diff_measure m)
{
	double delta = diff_delta(t->d, r, m);
	char amount[32], text[40] = "=";

	if (delta != 0)
		snprintf(text, sizeof(text), "%c%s", delta < 0 ? '-' : '+',
			 format_amount(amount, t->d, r, m, fabs(delta)));
	fprintf(t->out, "%s%*s%s",
		!t->color || delta == 0 ? ""
		: delta < 0             ? LESS
					: MORE,
		width, text, t->color && delta != 0 ? PLAIN : "");
}

/* The change in percent, or the word for what has none; 8 columns. */
static void print_percent(const struct diff_text *t, const struct diff_row *r, enum diff_measure m)
{
	double before = diff_value(t->d, r, DIFF_BEFORE, m);
	double after = diff_value(t->d, r, DIFF_AFTER, m);
	char percent[40];

	if (before == after)
		snprintf(percent, sizeof(percent), "=");
	else if (before == 0)
		snprintf(percent, sizeof(percent), "new");
	else if (!r->present[DIFF_AFTER])
		snprintf(percent, sizeof(percent), "gone");
	else if (after / before < 100)
		snprintf(percent, sizeof(percent), "%+.1f%%", 100 * (after / before - 1));
	else
		snprintf(percent, sizeof(percent), "x%.4g", after / before);
	fprintf(t->out, "%8s", percent);
}

static void print_side(const struct diff_text *t, enum diff_side side)
{
	const struct profile *p = t->d->profiles[side];
	char duration[32];

	fprintf(t->out, "%-13s", diff_side_name(side));
	summary_targets(t->out, p);
	fprintf(t->out, ": %s, ", format_duration(duration, sizeof(duration), p->duration_ns));
	summary_put(t->out, profile_str(p, p->mode));
	fputs(" mode\n", t->out);
}

static void print_how(const struct diff_text *t)
{
	if (t->d->per_second)
		fputs("compared     per second; --totals compares sums, for runs that did the "
		      "same work\n",
		      t->out);
	else
		fputs("compared     sums, however long the recordings are\n", t->out);
}

static void print_total(const struct diff_text *t, const char *name, const struct diff_row *r,
			enum diff_measure m)
{
	double before = diff_value(t->d, r, DIFF_BEFORE, m);
	double after = diff_value(t->d, r, DIFF_AFTER, m);
	char left[32], right[32];

	fprintf(t->out, "%-13s%10s  %10s  ", name, format_amount(left, t->d, r, m, before),
		format_amount(right, t->d, r, m, after));
	print_change(t, 11, r, m);
	print_percent(t, r, m);
	fputc('\n', t->out);
}

/* What of a recording is missing, so that nobody takes it for a change. */
static void print_gaps(const struct diff_text *t, enum diff_side side)
{
	const struct profile *p = t->d->profiles[side];

	for (enum diff_caveat c = 1; c <= DIFF_LOST; c <<= 1) {
		if (t->d->caveats[side] & c)
			fprintf(t->out, "note         %s %s\n", diff_side_name(side),
				diff_caveat_text(c));
	}
	for (size_t i = 0; i < p->n_losses; i++) {
		fprintf(t->out, "lost         %s: ", diff_side_name(side));
		summary_loss(t->out, p, &p->losses[i]);
		fputc('\n', t->out);
	}
	if (p->stacks_truncated)
		fprintf(t->out, "note         %s: %" PRIu64 " hits had more frames than are kept\n",
			diff_side_name(side), p->stacks_truncated);
	if (p->stacks_broken)
		fprintf(t->out,
			"note         %s: %" PRIu64 " hits had a frame that could not be read\n",
			diff_side_name(side), p->stacks_broken);
}

/* "/src/main.go:42 (40 before)"; the caller's to free, NULL: no memory. */
static char *moved_place(const struct diff *d, const struct diff_row *r)
{
	enum diff_side shown = diff_shown(r);
	char *place = text_place(d->profiles[shown], r->line[shown]), *moved;
	uint32_t before = r->line[DIFF_BEFORE].line;

	if (!place || r->match == DIFF_ALONE || before == r->line[DIFF_AFTER].line)
		return place;
	if (asprintf(&moved, "%s (%u before%s)", place, before,
		     r->match == DIFF_BY_FUNCTION ? ", by its function" : "") < 0)
		moved = NULL;
	free(place);
	return moved;
}

static char *type_name_of(const struct diff *d, const struct diff_row *r, enum diff_side side)
{
	const struct profile *p = d->profiles[side];

	return text_type(p, r->type[side], TYPE_NAME_SHORT);
}

/* "map[K]*V (was map[K]V)"; the caller's to free, NULL: no memory. */
static char *changed_type(const struct diff *d, const struct diff_row *r)
{
	char *name = type_name_of(d, r, diff_shown(r)), *changed;
	__auto_free char *before = NULL;

	if (!name || r->match != DIFF_BY_FUNCTION)
		return name;
	before = type_name_of(d, r, DIFF_BEFORE);
	if (!before || asprintf(&changed, "%s (was %s)", name, before) < 0)
		changed = NULL;
	free(name);
	return changed;
}

static bool of_site(enum diff_table_kind kind)
{
	return kind == DIFF_SITES || kind == DIFF_LIVE;
}

static bool has_inserts(enum diff_table_kind kind)
{
	return kind == DIFF_SITES || kind == DIFF_MAPS;
}

static char *row_name(const struct diff *d, enum diff_table_kind kind, const struct diff_row *r)
{
	enum diff_side shown = diff_shown(r);
	const struct profile *p = d->profiles[shown];

	if (!of_site(kind))
		return changed_type(d, r);
	return text_clean(p, p->functions[r->line[shown].function].name);
}

static int print_label(const struct diff_text *t, enum diff_table_kind kind,
		       const struct diff_row *r)
{
	enum diff_side shown = diff_shown(r);
	const struct profile *p = t->d->profiles[shown];
	struct text label = {.p = p, .out = t->out, .width = t->width};
	__auto_free char *name = row_name(t->d, kind, r), *place = NULL;

	if (of_site(kind))
		place = moved_place(t->d, r);
	else if (kind == DIFF_TYPES)
		place = text_clean(p, p->types[r->type[shown]].package);
	else
		place = text_clean(p, p->functions[r->line[shown].function].name);
	if (!name || !place)
		return -ENOMEM;
	text_label(&label, FIGURES_WIDTH - (has_inserts(kind) ? 0 : INSERTS_WIDTH), name, place, 0);
	return 0;
}

static int print_row(const struct diff_text *t, enum diff_table_kind kind, const struct diff_row *r)
{
	double before = diff_value(t->d, r, DIFF_BEFORE, DIFF_BYTES);
	double after = diff_value(t->d, r, DIFF_AFTER, DIFF_BYTES);
	char left[32], right[32];

	fprintf(t->out, "%10s  %10s  ", format_amount(left, t->d, r, DIFF_BYTES, before),
		format_amount(right, t->d, r, DIFF_BYTES, after));
	print_change(t, 11, r, DIFF_BYTES);
	print_percent(t, r, DIFF_BYTES);
	print_change(t, 12, r, DIFF_OBJECTS);
	if (has_inserts(kind))
		print_change(t, INSERTS_WIDTH, r, DIFF_INSERTS);
	fputs("  ", t->out);
	return print_label(t, kind, r);
}

static bool has_changed(const struct diff *d, const struct diff_row *r)
{
	for (enum diff_measure m = 0; m < DIFF_MEASURES; m++) {
		if (diff_delta(d, r, m) != 0)
			return true;
	}
	return false;
}

static int print_table(const struct diff_text *t, enum diff_table_kind kind,
		       const struct export_options *opts)
{
	static const char *const labels[] = {"call site", "type", "map, inserted into by",
					     "call site, of what lives"};
	const struct diff_table *table = &t->d->tables[kind];
	size_t changed = 0, shown;
	int err = 0;

	/* By the size of the change: those without one are last. */
	while (changed < table->n && has_changed(t->d, &table->rows[changed]))
		changed++;
	if (!table->n)
		return 0;
	if (!changed) {
		fprintf(t->out, "\n%s: none of %zu changed\n", diff_table_name(kind), table->n);
		return 0;
	}
	fprintf(t->out, "\n%s: %zu of %zu changed\n", diff_table_name(kind), changed, table->n);
	fprintf(t->out, "    before       after       change           objects  %s%s\n",
		has_inserts(kind) ? "   inserts  " : "", labels[kind]);
	shown = text_rows(opts, changed);
	for (size_t i = 0; !err && i < shown; i++)
		err = print_row(t, kind, &table->rows[i]);
	if (!err && shown < changed)
		fprintf(t->out, "%*s%zu more: --top %zu shows all\n", 10, "", changed - shown,
			changed);
	return err;
}

int diff_text_write(const struct diff *d, const struct export_options *opts, FILE *out)
{
	struct diff_text t = {
		.d = d, .out = out, .width = text_width(out), .color = wants_color(out)};
	int err = 0;

	for (enum diff_side side = 0; side < DIFF_SIDES; side++)
		print_side(&t, side);
	print_how(&t);
	fprintf(out, "\n%23s  %10s  %11s\n", "before", "after", "change");
	print_total(&t, "allocated", &d->total, DIFF_BYTES);
	print_total(&t, "objects", &d->total, DIFF_OBJECTS);
	print_total(&t, "map inserts", &d->total, DIFF_INSERTS);
	if (d->live.present[DIFF_BEFORE] || d->live.present[DIFF_AFTER]) {
		print_total(&t, "live at end", &d->live, DIFF_BYTES);
		print_total(&t, "live objects", &d->live, DIFF_OBJECTS);
	}
	for (enum diff_side side = 0; side < DIFF_SIDES; side++)
		print_gaps(&t, side);
	for (enum diff_table_kind kind = 0; !err && kind < DIFF_TABLES; kind++)
		err = print_table(&t, kind, opts);
	return err;
}
