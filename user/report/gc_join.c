// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What a collection cost is first added up by the epoch that led to it (charge),
 * then every site and type takes of each epoch's charge the share that it has of
 * that epoch's bytes. One walk over the samples does it for all epochs: no matrix
 * of sites by cycles is made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/gc_join.h"

/* The share of pauses that are the worst, rounded up to whole pauses. */
#define WORST_PER_CENT 5

/* What the collections after an epoch cost. */
struct charge {
	double cycles, pause_ns, worst_pause_ns, assist_ns;
};

struct join {
	const struct profile *p;
	const struct gc_epochs *e;
	struct gc_report *r;
	struct charge *charges; /* one per row of e */
	bool *worst;            /* one per pause of p */
};

struct ranked {
	uint64_t ns;
	size_t pause;
};

static uint64_t pause_length(const struct profile_gc_pause *pause)
{
	return pause->stopping_ns + pause->stopped_ns;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_ranked(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	int order = descending(a->ns, b->ns);

	return order ? order : descending(b->pause, a->pause);
}

static int mark_worst(struct join *j)
{
	const struct profile *p = j->p;
	__auto_free struct ranked *ranked = calloc(p->n_gc_pauses + 1, sizeof(*ranked));
	size_t n = 0;

	j->worst = calloc(p->n_gc_pauses + 1, sizeof(*j->worst));
	if (!ranked || !j->worst)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_gc_pauses; i++) {
		if (p->gc_pauses[i].gc)
			ranked[n++] = (struct ranked){pause_length(&p->gc_pauses[i]), i};
	}
	qsort(ranked, n, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < (n * WORST_PER_CENT + 99) / 100; i++)
		j->worst[ranked[i].pause] = true;
	return 0;
}

/* Assists happen while a cycle marks; those of folded epochs are one sum for all of them. */
static uint32_t assist_cause(const struct join *j, const struct profile_sample *s)
{
	if (profile_epoch_folded(j->p, s->epoch))
		return gc_epochs_find(j->e, j->p, s->target, s->epoch);
	return gc_epochs_cause(j->e, j->p, s->target, s->epoch);
}

static void charge_epochs(struct join *j)
{
	const struct profile *p = j->p;

	for (size_t i = 0; i < p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &p->gc_cycles[i];
		uint32_t row = gc_epochs_cause(j->e, p, c->target, c->epoch);

		if (row != PROFILE_NONE)
			j->charges[row].cycles++;
	}
	for (size_t i = 0; i < p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &p->gc_pauses[i];
		uint32_t row = gc_epochs_cause(j->e, p, pause->target, pause->epoch);

		if (!pause->gc)
			continue;
		if (row == PROFILE_NONE) {
			j->r->pause_unattributed_ns += pause_length(pause);
			continue;
		}
		j->charges[row].pause_ns += (double)pause_length(pause);
		if (j->worst[i])
			j->charges[row].worst_pause_ns += (double)pause_length(pause);
	}
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint32_t row = s->kind == PROFILE_GC_ASSIST ? assist_cause(j, s) : PROFILE_NONE;

		if (row != PROFILE_NONE)
			j->charges[row].assist_ns += (double)s->ns;
	}
}

/* @bytes of what was allocated in the epoch of @row. */
static void take_share(const struct join *j, struct gc_share *share, uint32_t row, uint64_t bytes)
{
	const struct charge *c = &j->charges[row];
	double part = (double)bytes / (double)j->e->rows[row].bytes;

	share->cycles_caused += part * c->cycles;
	share->pause_ns += part * c->pause_ns;
	share->worst_pause_ns += part * c->worst_pause_ns;
	share->assist_ns += part * c->assist_ns;
}

static void add_allocation(const struct join *j, struct gc_share *site, struct gc_share *type,
			   const struct profile_sample *s)
{
	uint32_t row = gc_epochs_find(j->e, j->p, s->target, s->epoch);

	j->r->total_bytes += s->bytes;
	site->bytes += s->bytes;
	site->objects += s->objects;
	type->bytes += s->bytes;
	type->objects += s->objects;
	if (!s->bytes)
		return;
	take_share(j, site, row, s->bytes);
	take_share(j, type, row, s->bytes);
}

static void share_out(struct join *j)
{
	for (size_t i = 0; i < j->p->n_samples; i++) {
		const struct profile_sample *s = &j->p->samples[i];
		struct gc_share *site = &j->r->sites[j->e->site_of_stack[s->stack]];
		struct gc_share *type = &j->r->types[s->type];

		if (s->kind == PROFILE_ALLOC) {
			add_allocation(j, site, type, s);
		} else if (s->kind == PROFILE_MAP_INSERT) {
			site->inserts += s->objects;
			type->inserts += s->objects;
		} else if (s->kind == PROFILE_GC_ASSIST) {
			site->assist_paid_ns += s->ns;
		}
	}
}

static const char *share_name(const struct profile *p, const struct gc_share *s)
{
	return s->type ? profile_str(p, p->types[s->type].name)
		       : profile_str(p, p->functions[s->line.function].name);
}

static int compare_shares(const void *x, const void *y, void *ctx)
{
	const struct gc_share *a = x, *b = y;
	const struct profile *p = ctx;

	if (a->pause_ns != b->pause_ns)
		return a->pause_ns < b->pause_ns ? 1 : -1;
	if (a->bytes != b->bytes)
		return descending(a->bytes, b->bytes);
	if (a->assist_paid_ns != b->assist_paid_ns)
		return descending(a->assist_paid_ns, b->assist_paid_ns);
	if (a->inserts != b->inserts)
		return descending(a->inserts, b->inserts);
	if (strcmp(share_name(p, a), share_name(p, b)))
		return strcmp(share_name(p, a), share_name(p, b));
	if (a->line.line != b->line.line)
		return descending(b->line.line, a->line.line);
	return descending((uint64_t)b->line.function + b->type,
			  (uint64_t)a->line.function + a->type);
}

/* Drops rows that have nothing, sorts the others; how many those are. */
static size_t finish_shares(const struct profile *p, struct gc_share *shares, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct gc_share *s = &shares[i];

		if (s->objects || s->inserts || s->assist_paid_ns)
			shares[kept++] = *s;
	}
	qsort_r(shares, kept, sizeof(*shares), compare_shares, (void *)p);
	return kept;
}

static int run(struct join *j)
{
	const struct gc_epochs *e = j->e;
	struct gc_report *r = j->r;
	int err = mark_worst(j);

	j->charges = calloc(e->n + 1, sizeof(*j->charges));
	r->sites = calloc(e->n_lines + 1, sizeof(*r->sites));
	r->types = calloc(j->p->n_types + 1, sizeof(*r->types));
	if (err || !j->charges || !r->sites || !r->types)
		return -ENOMEM;
	for (size_t i = 0; i < e->n_lines; i++)
		r->sites[i].line = e->lines[i];
	for (size_t i = 0; i < j->p->n_types; i++)
		r->types[i].type = (uint32_t)i;
	charge_epochs(j);
	share_out(j);
	r->n_sites = finish_shares(j->p, r->sites, e->n_lines);
	r->n_types = finish_shares(j->p, r->types, j->p->n_types);
	return 0;
}

int gc_join(const struct profile *p, const struct gc_epochs *e, struct gc_report *r)
{
	struct join j = {.p = p, .e = e, .r = r};
	int err = run(&j);

	free(j.charges);
	free(j.worst);
	return err;
}
