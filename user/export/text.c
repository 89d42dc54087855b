// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The report for people. On a terminal rows are cut to fit; in a file or a pipe
 * nothing is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/exporter.h"
#include "export/summary.h"
#include "report/sites.h"

#define TOP_DEFAULT 20
/* Names up to this long are padded, so that the places behind them line up. */
#define NAME_PAD_MAX 48
#define NAME_MIN     12
/* What the columns before the name take; see print_site(). */
#define FIGURES_WIDTH 45

struct text {
	const struct profile *p;
	FILE *out;
	size_t width; /* SIZE_MAX: do not cut */
};

static size_t stream_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
		return SIZE_MAX;
	return size.ws_col;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static void print_title(const struct text *t)
{
	char duration[32];

	summary_targets(t->out, t->p);
	fprintf(t->out, ": %s, ", format_duration(duration, sizeof(duration), t->p->duration_ns));
	summary_put(t->out, profile_str(t->p, t->p->mode));
	fputs(" mode\n\n", t->out);
}

static void print_totals(const struct text *t, const struct profile_totals *sum)
{
	char bytes[32], objects[32], inserts[32], rate[32];
	double seconds = (double)t->p->duration_ns / 1e9;

	fprintf(t->out, "allocated    %s in %s objects",
		format_bytes(bytes, sizeof(bytes), sum->alloc_bytes),
		format_count(objects, sizeof(objects), sum->alloc_objects));
	if (seconds > 0)
		fprintf(t->out, ", %s/s",
			format_bytes(rate, sizeof(rate),
				     (uint64_t)((double)sum->alloc_bytes / seconds)));
	fprintf(t->out,
		"\n             exactly %" PRIu64 " bytes (%" PRIu64 " asked for), %" PRIu64
		" objects\n",
		sum->alloc_bytes, sum->alloc_requested, sum->alloc_objects);
	fprintf(t->out, "map inserts  %s",
		format_count(inserts, sizeof(inserts), sum->map_inserts));
	if (sum->map_inserts >= 1000)
		fprintf(t->out, ", exactly %" PRIu64, sum->map_inserts);
	fputc('\n', t->out);
}

static void print_stacks(const struct text *t)
{
	const struct profile *p = t->p;

	fprintf(t->out, "stacks       %zu different, %.4g%% of their frames have a name\n",
		p->n_stacks, profile_resolved_share(p) * 100);
	if (p->stacks_truncated)
		fprintf(t->out, "             %" PRIu64 " hits had more frames than are kept\n",
			p->stacks_truncated);
	if (p->stacks_broken)
		fprintf(t->out,
			"             %" PRIu64 " hits had a frame that could not be read\n",
			p->stacks_broken);
}

static void print_cost(const struct text *t)
{
	fputs("cost         ", t->out);
	summary_cost(t->out, t->p);
	fputc('\n', t->out);
}

static void print_losses(const struct text *t)
{
	fputs("lost         ", t->out);
	if (!t->p->n_losses)
		fputs("nothing\n", t->out);
	for (size_t i = 0; i < t->p->n_losses; i++) {
		fputs(i ? "             " : "", t->out);
		summary_loss(t->out, t->p, &t->p->losses[i]);
		fputc('\n', t->out);
	}
}

/* "/src/main.go:42", or less where less is known; the caller's to free. */
static char *site_place(const struct profile *p, const struct site *s)
{
	const char *file = profile_str(p, p->functions[s->function].file);
	__auto_free char *clean = utf8_clean(file, '?');
	char *place;

	if (!clean || !*clean || !s->line)
		return clean ? strdup(clean) : NULL;
	return asprintf(&place, "%s:%u", clean, s->line) < 0 ? NULL : place;
}

/* The last @width characters of @s, with "..." for what is missing. */
static void print_tail(FILE *out, const char *s, size_t width)
{
	size_t length = utf8_length(s), skip;

	if (length <= width) {
		fputs(s, out);
		return;
	}
	for (skip = length - width + 3; skip; skip--) {
		while (((unsigned char)*++s & 0xc0) == 0x80)
			;
	}
	fprintf(out, "...%s", s);
}

/*
 * Name and place of a call site; @pad is how wide names are in this table. Where
 * a terminal is too narrow, the folder is the first to go, then the beginning of
 * the name, then the place.
 */
static void print_label(const struct text *t, const char *name, const char *place, size_t pad)
{
	size_t length = utf8_length(name), room = SIZE_MAX;
	const char *slash = strrchr(place, '/');

	if (t->width != SIZE_MAX) {
		room = t->width > FIGURES_WIDTH ? t->width - FIGURES_WIDTH : 0;
		room = room > NAME_MIN ? room : NAME_MIN;
	}
	if (slash && (length > pad ? length : pad) + 2 + utf8_length(place) > room)
		place = slash + 1;
	if (*place && NAME_MIN + 2 + utf8_length(place) > room)
		place = "";
	if (*place && room != SIZE_MAX)
		room -= 2 + utf8_length(place);
	length = length < room ? length : room;
	pad = pad < room ? pad : room;
	print_tail(t->out, name, length);
	if (*place)
		fprintf(t->out, "%*s  %s", length < pad ? (int)(pad - length) : 0, "", place);
	fputc('\n', t->out);
}

static int print_site(const struct text *t, const struct profile_totals *sum, const struct site *s,
		      size_t rank, size_t pad)
{
	const struct profile_function *f = &t->p->functions[s->function];
	__auto_free char *name = utf8_clean(profile_str(t->p, f->name), '?');
	__auto_free char *place = site_place(t->p, s);
	char bytes[32], objects[32], inserts[32];

	if (!name || !place)
		return -ENOMEM;
	fprintf(t->out, "%5zu  %8s  %5.1f%%  %8s  %8s  ", rank,
		format_bytes(bytes, sizeof(bytes), s->bytes), percent(s->bytes, sum->alloc_bytes),
		format_count(objects, sizeof(objects), s->objects),
		format_count(inserts, sizeof(inserts), s->inserts));
	print_label(t, name, place, pad);
	return 0;
}

static size_t name_pad(const struct profile *p, const struct site *sites, size_t n)
{
	size_t pad = 0;

	for (size_t i = 0; i < n; i++) {
		const struct profile_function *f = &p->functions[sites[i].function];
		size_t length = utf8_length(profile_str(p, f->name));

		if (length <= NAME_PAD_MAX && length > pad)
			pad = length;
	}
	return pad;
}

static void print_rest(const struct text *t, const struct site_table *table, size_t shown)
{
	struct site rest = {0};
	char bytes[32], objects[32], inserts[32];

	for (size_t i = shown; i < table->n; i++) {
		rest.bytes += table->sites[i].bytes;
		rest.objects += table->sites[i].objects;
		rest.inserts += table->sites[i].inserts;
	}
	fprintf(t->out, "       %8s  %5.1f%%  %8s  %8s  in %zu more: --top %zu shows all\n",
		format_bytes(bytes, sizeof(bytes), rest.bytes),
		percent(rest.bytes, table->totals.alloc_bytes),
		format_count(objects, sizeof(objects), rest.objects),
		format_count(inserts, sizeof(inserts), rest.inserts), table->n - shown, table->n);
}

static int print_sites(const struct text *t, const struct site_table *table, size_t top)
{
	size_t shown = top < table->n ? top : table->n;
	size_t pad = name_pad(t->p, table->sites, shown);

	if (!table->n) {
		fputs("\nNothing was allocated or inserted while this was recorded.\n", t->out);
		return 0;
	}
	fputs("\n rank     bytes   share   objects   inserts  call site\n", t->out);
	for (size_t i = 0; i < shown; i++) {
		int err = print_site(t, &table->totals, &table->sites[i], i + 1, pad);

		if (err)
			return err;
	}
	if (shown < table->n)
		print_rest(t, table, shown);
	return 0;
}

static int text_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct text t = {.p = p, .out = out, .width = stream_width(out)};
	struct site_table *sites = site_table_new(p);
	int err;

	if (!sites)
		return -ENOMEM;
	print_title(&t);
	print_totals(&t, &sites->totals);
	print_stacks(&t);
	print_cost(&t);
	print_losses(&t);
	err = print_sites(&t, sites, opts->top ? opts->top : TOP_DEFAULT);
	site_table_free(sites);
	return err;
}

const struct exporter exporter_text = {
	.name = "text",
	.suffix = ".txt",
	.help = "report for people: totals, losses, cost, top call sites",
	.write = text_write,
};
