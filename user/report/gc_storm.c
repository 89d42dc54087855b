// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/gc_storm.h"

/* A burst shows in the bin a cycle begins in, or in the two before when it begins early in one. */
#define BINS_BEFORE 3
/* Steady programs stay below twice their usual rate in three bins of 10 ms; a burst is no doubt. */
#define STORM_RATIO 4

/* What one target allocated over time. */
struct span {
	const struct profile_bin *bins;
	size_t n;
	uint64_t usual; /* bytes in a bin */
};

static int ascending(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_bytes(const void *x, const void *y)
{
	return ascending(*(const uint64_t *)x, *(const uint64_t *)y);
}

/* The median of all bins, empty ones too, which are not in the table. */
static uint64_t median(uint64_t *bytes, size_t n, uint64_t all)
{
	uint64_t middle = all / 2, empty = all - n;

	qsort(bytes, n, sizeof(*bytes), compare_bytes);
	return middle >= empty && n ? bytes[middle - empty] : 0;
}

/*
 * The median bin, or the mean one where that is more: of a program that mostly
 * sleeps the median is nothing, and anything would be a burst.
 */
static int set_usual(const struct profile *p, struct span *span)
{
	__auto_free uint64_t *bytes = calloc(span->n + 1, sizeof(*bytes));
	uint64_t all = p->duration_ns / PROFILE_BIN_NS, sum = 0, middle;

	if (!bytes)
		return -ENOMEM;
	all = all > span->n ? all : span->n;
	for (size_t i = 0; i < span->n; i++) {
		bytes[i] = span->bins[i].bytes;
		sum += bytes[i];
	}
	middle = median(bytes, span->n, all);
	span->usual = all && sum / all > middle ? sum / all : middle;
	return 0;
}

/* The fullest of the last bins up to @time. */
static uint64_t peak_before(const struct span *span, uint64_t time)
{
	uint64_t peak = 0;
	size_t low = 0, high = span->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span->bins[middle].time_ns <= time)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- && span->bins[low].time_ns + BINS_BEFORE * PROFILE_BIN_NS > time) {
		if (span->bins[low].bytes > peak)
			peak = span->bins[low].bytes;
	}
	return peak;
}

static int tally_epoch(const struct gc_epochs *e, uint32_t row, struct gc_tally *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->rows[row].n_sites; i++) {
		const struct gc_epoch_site *s = &e->sites[e->rows[row].first_site + i];

		err = gc_tally_add(t, &(struct gc_tally_row){.line = e->lines[s->site],
							     .count = s->objects,
							     .bytes = s->bytes});
	}
	return err;
}

static int check_cycle(const struct profile *p, const struct gc_epochs *e, const struct span *span,
		       const struct profile_gc_cycle *c, struct gc_storms *s)
{
	uint32_t row = gc_epochs_cause(e, p, c->target, c->epoch);
	uint64_t peak;

	if (c->trigger != PROFILE_GC_HEAP || !c->start_ns)
		return 0;
	s->heap_cycles++;
	peak = peak_before(span, c->start_ns);
	if (!peak || peak / STORM_RATIO < span->usual)
		return 0;
	s->cycles++;
	if (peak > s->peak_bytes) {
		s->peak_bytes = peak;
		s->usual_bytes = span->usual;
	}
	/* What was folded with other cycles says nothing about this one. */
	if (row == PROFILE_NONE || c->epoch <= p->epochs_folded)
		return 0;
	return tally_epoch(e, row, &s->sites);
}

/* Cycles and bins are in the order of their targets. */
int gc_storms_find(const struct profile *p, const struct gc_epochs *e, struct gc_storms *s)
{
	size_t cycle = 0, bin = 0;
	int err = 0;

	*s = (struct gc_storms){0};
	for (uint32_t target = 0; !err && target < p->n_targets; target++) {
		struct span span = {.bins = p->bins + bin};

		for (; bin < p->n_bins && p->bins[bin].target == target; bin++)
			span.n++;
		err = set_usual(p, &span);
		for (; cycle < p->n_gc_cycles && p->gc_cycles[cycle].target == target; cycle++) {
			if (!err && span.n)
				err = check_cycle(p, e, &span, &p->gc_cycles[cycle], s);
		}
	}
	gc_tally_sort(&s->sites);
	return err;
}
