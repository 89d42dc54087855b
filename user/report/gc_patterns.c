// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Each pattern is a function that looks for it and, if it is there, says so in
 * numbers and says what to do. It is better to miss a case than to cry wolf: the
 * thresholds are where a person who saw the timeline would agree. Here are the
 * patterns of why cycles start and who pays; gc_patterns_stops.c has the others.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/gc_patterns.h"
#include "report/gc_storm.h"

/* One burst is a start-up; it takes this many, and this share of the cycles, to be a habit. */
#define STORM_CYCLES_MIN 3
#define STORM_SHARE      0.1
/* Of one goroutine's time. Less is what a heap costs that grows now and then. */
#define ASSIST_SHARE 0.05

double gc_share_of(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

bool gc_target_is_go(const struct profile *p, uint32_t target)
{
	return !strcmp(profile_str(p, p->targets[target].runtime), "go");
}

const struct profile_gc_cycle *gc_cycle_of(const struct profile *p,
					   const struct profile_gc_pause *pause)
{
	size_t low = 0, high = p->n_gc_cycles;
	const struct profile_gc_cycle *c;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		c = &p->gc_cycles[middle];
		if (c->target < pause->target ||
		    (c->target == pause->target && c->epoch < pause->epoch))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p->n_gc_cycles)
		return NULL;
	c = &p->gc_cycles[low];
	return c->target == pause->target && c->epoch == pause->epoch ? c : NULL;
}

static size_t rows_named(size_t n)
{
	return n < GC_TALLY_NAMED ? n : GC_TALLY_NAMED;
}

int gc_find_storm(const struct gc_finder *f)
{
	struct gc_storms s;
	char peak[32], usual[32];
	int err = gc_storms_find(f->p, f->e, &s);

	if (err || s.cycles < STORM_CYCLES_MIN ||
	    gc_share_of((double)s.cycles, (double)s.heap_cycles) < STORM_SHARE) {
		gc_tally_free(&s.sites);
		return err;
	}
	fprintf(f->evidence,
		"%" PRIu64 " of %" PRIu64
		" cycles that the heap started began in a burst: up to %s in 10 ms just before, "
		"where %s is usual.",
		s.cycles, s.heap_cycles, format_bytes(peak, sizeof(peak), s.peak_bytes),
		format_bytes(usual, sizeof(usual), s.usual_bytes));
	for (size_t i = 0; i < rows_named(s.sites.rows.n); i++) {
		const struct gc_tally_row *row = &s.sites.rows.data[i];

		fputs(i ? ", " : " What led to those cycles was allocated at ", f->evidence);
		gc_put_line(f->evidence, f->p, row->line);
		fprintf(f->evidence, " %.1f%%",
			100 * gc_share_of((double)row->bytes, (double)s.sites.bytes));
	}
	fputs(s.sites.rows.n ? "." : "", f->evidence);
	fputs("Keep what the burst allocates for the next one (a buffer, a sync.Pool), or spread "
	      "the work. A higher GOGC with GOMEMLIMIT as a ceiling lets the heap take a burst "
	      "without a cycle.",
	      f->remedy);
	gc_tally_free(&s.sites);
	return 1;
}

int gc_find_timer(const struct gc_finder *f)
{
	if (!f->r->by_trigger[PROFILE_GC_TIME])
		return 0;
	fprintf(f->evidence,
		"%" PRIu64 " of %" PRIu64
		" cycles were started by the two-minute timer: in that time the program did not "
		"allocate enough for a cycle of its own.",
		f->r->by_trigger[PROFILE_GC_TIME], f->r->cycles);
	fputs("Nothing needs to be done: that is an idle program's cycle. What it costs is to mark "
	      "what lives: a smaller live heap makes it cheaper.",
	      f->remedy);
	return 1;
}

/* Who forced cycles, with the time of the pauses of those. */
static int tally_forced(const struct profile *p, struct gc_tally *t, bool *go)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &p->gc_cycles[i];

		if (c->trigger != PROFILE_GC_FORCED)
			continue;
		*go = *go || gc_target_is_go(p, c->target);
		err = gc_tally_add(
			t, &(struct gc_tally_row){.line = gc_caller(p, c->stack), .count = 1});
	}
	for (size_t i = 0; !err && i < p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &p->gc_pauses[i];
		const struct profile_gc_cycle *c = pause->gc ? gc_cycle_of(p, pause) : NULL;

		if (c && c->trigger == PROFILE_GC_FORCED)
			err = gc_tally_add(t, &(struct gc_tally_row){
						      .line = gc_caller(p, c->stack),
						      .ns = pause->stopping_ns + pause->stopped_ns,
					      });
	}
	gc_tally_sort(t);
	return err;
}

int gc_find_forced(const struct gc_finder *f)
{
	struct gc_tally t = {0};
	bool go = false;
	char ns[32];
	int err = tally_forced(f->p, &t, &go);

	if (err || !t.count) {
		gc_tally_free(&t);
		return err;
	}
	fprintf(f->evidence,
		"%" PRIu64 " of %" PRIu64
		" cycles were started by call, and stopped the world for %s: ",
		t.count, f->r->cycles, format_duration(ns, sizeof(ns), t.ns));
	for (size_t i = 0; i < rows_named(t.rows.n); i++) {
		const struct gc_tally_row *row = &t.rows.data[i];

		fputs(i ? "; by " : "by ", f->evidence);
		gc_put_line(f->evidence, f->p, row->line);
		fputs(" ", f->evidence);
		gc_put_times(f->evidence, row->count);
		fprintf(f->evidence, ", %s", format_duration(ns, sizeof(ns), row->ns));
	}
	fputs(".", f->evidence);
	fputs(go ? "Drop the calls of runtime.GC() and debug.FreeOSMemory(): the runtime starts "
		   "cycles when they pay. Where memory has to be held down, set GOMEMLIMIT."
		 : "Drop the calls that force a collection (System.gc(), gc.collect(), GC.start): "
		   "the runtime starts one when it pays.",
	      f->remedy);
	gc_tally_free(&t);
	return 1;
}

static uint64_t marking_ns(const struct profile *p)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &p->gc_cycles[i];

		if (c->end_ns)
			ns += c->end_ns - c->start_ns;
	}
	return ns;
}

static int compare_paid(const void *x, const void *y)
{
	const struct gc_share *a = x, *b = y;

	return (a->assist_paid_ns < b->assist_paid_ns) - (a->assist_paid_ns > b->assist_paid_ns);
}

static int compare_caused(const void *x, const void *y)
{
	const struct gc_share *a = x, *b = y;

	return (a->assist_ns < b->assist_ns) - (a->assist_ns > b->assist_ns);
}

/* The sites, first by @compare. */
static struct gc_share *sites_by(const struct gc_report *r,
				 int (*compare)(const void *, const void *))
{
	struct gc_share *sites = calloc(r->n_sites + 1, sizeof(*sites));

	if (sites && r->n_sites) {
		memcpy(sites, r->sites, r->n_sites * sizeof(*sites));
		qsort(sites, r->n_sites, sizeof(*sites), compare);
	}
	return sites;
}

static int put_payers(const struct gc_finder *f)
{
	struct gc_share *sites = sites_by(f->r, compare_paid);
	char ns[32];

	if (!sites)
		return -ENOMEM;
	for (size_t i = 0; i < rows_named(f->r->n_sites) && sites[i].assist_paid_ns; i++) {
		fputs(i ? ", " : " They were paid at ", f->evidence);
		gc_put_line(f->evidence, f->p, sites[i].line);
		fprintf(f->evidence, " %s",
			format_duration(ns, sizeof(ns), sites[i].assist_paid_ns));
	}
	fputs(".", f->evidence);
	free(sites);
	return 0;
}

static int put_causers(const struct gc_finder *f)
{
	struct gc_share *sites = sites_by(f->r, compare_caused);

	if (!sites)
		return -ENOMEM;
	fputs("Goroutines assist when allocation outruns the GC. Allocate less", f->remedy);
	for (size_t i = 0; i < rows_named(f->r->n_sites) && sites[i].assist_ns > 0; i++) {
		fputs(i ? ", " : " at ", f->remedy);
		gc_put_line(f->remedy, f->p, sites[i].line);
		fprintf(f->remedy, " (%.0f%% of it)",
			100 * gc_share_of(sites[i].assist_ns, (double)f->r->assist_ns));
	}
	fputs("; or raise GOGC, with GOMEMLIMIT as a ceiling, for fewer cycles.", f->remedy);
	free(sites);
	return 0;
}

int gc_find_assists(const struct gc_finder *f)
{
	double ns = (double)f->r->assist_ns, wall = (double)f->p->duration_ns;
	double marking = (double)marking_ns(f->p);
	char count[32], time[32];
	int err;

	if (!f->r->assist_ns || ns < ASSIST_SHARE * wall)
		return 0;
	fprintf(f->evidence,
		"Goroutines spent %s in %s assists of the GC: %.2g of them at any moment",
		format_duration(time, sizeof(time), f->r->assist_ns),
		format_count(count, sizeof(count), f->r->assists), gc_share_of(ns, wall));
	if (marking > 0)
		fprintf(f->evidence, ", %.2g while it marked", ns / marking);
	fputs(".", f->evidence);
	err = put_payers(f);
	err = err ? err : put_causers(f);
	return err ? err : 1;
}

static int (*const finders[GC_PATTERN_MAX])(const struct gc_finder *f) = {
	[GC_PATTERN_STORM] = gc_find_storm,     [GC_PATTERN_LONG_PAUSES] = gc_find_long_pauses,
	[GC_PATTERN_TIMER] = gc_find_timer,     [GC_PATTERN_FORCED] = gc_find_forced,
	[GC_PATTERN_ASSISTS] = gc_find_assists, [GC_PATTERN_LIMIT] = gc_find_limit,
	[GC_PATTERN_STOPS] = gc_find_stops,
};

/* Closes both streams; what they wrote is there then, unless memory ran out. */
static int close_streams(struct gc_finder *f)
{
	int err = 0;

	if (!f->evidence || ferror(f->evidence) || !f->remedy || ferror(f->remedy))
		err = -ENOMEM;
	if (f->evidence && fclose(f->evidence))
		err = -ENOMEM;
	if (f->remedy && fclose(f->remedy))
		err = -ENOMEM;
	return err;
}

/* 1: *pattern was found, 0: not. */
static int find_one(struct gc_finder *f, enum gc_pattern_kind kind, struct gc_pattern *pattern)
{
	size_t evidence_len, remedy_len;
	int found = -ENOMEM, err;

	*pattern = (struct gc_pattern){.kind = kind};
	f->evidence = open_memstream(&pattern->evidence, &evidence_len);
	f->remedy = open_memstream(&pattern->remedy, &remedy_len);
	if (f->evidence && f->remedy)
		found = finders[kind](f);
	err = close_streams(f);
	if (err || found <= 0) {
		free(pattern->evidence);
		free(pattern->remedy);
	}
	return err ? err : found;
}

int gc_patterns_find(const struct profile *p, const struct gc_epochs *e, struct gc_report *r)
{
	struct gc_finder f = {.p = p, .e = e, .r = r};

	r->patterns = calloc(GC_PATTERN_MAX, sizeof(*r->patterns));
	if (!r->patterns)
		return -ENOMEM;
	for (size_t kind = 0; kind < GC_PATTERN_MAX; kind++) {
		int found = find_one(&f, (enum gc_pattern_kind)kind, &r->patterns[r->n_patterns]);

		if (found < 0)
			return found;
		r->n_patterns += (size_t)found;
	}
	return 0;
}
