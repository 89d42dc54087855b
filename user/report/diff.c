// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/diff.h"
#include "report/diff_match.h"
#include "report/maps.h"
#include "report/sites.h"
#include "report/types.h"

static int add_sites(struct diff_matcher *m, enum diff_side side, const struct profile *p)
{
	struct site_table *t = site_table_new(p);
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < t->n; i++) {
		const struct site *s = &t->sites[i];
		struct diff_item item = {.line = {s->function, s->line},
					 .amount = {s->bytes, s->objects, s->inserts}};

		err = diff_match_site(m, side, p, &item);
	}
	site_table_free(t);
	return err;
}

static int add_live(struct diff_matcher *m, enum diff_side side, const struct profile *p)
{
	struct site_table *t = site_table_new(p);
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < t->n; i++) {
		const struct site *s = &t->sites[i];
		struct diff_item item = {.line = {s->function, s->line},
					 .amount = {s->live_bytes, s->live_objects, 0}};

		if (s->live_objects)
			err = diff_match_site(m, side, p, &item);
	}
	site_table_free(t);
	return err;
}

static int add_types(struct diff_matcher *m, enum diff_side side, const struct profile *p)
{
	struct type_table *t = type_table_new(p);
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < t->n; i++) {
		const struct type_row *r = &t->rows[i];
		struct diff_item item = {.type = r->type, .amount = {r->bytes, r->objects, 0}};

		err = diff_match_type(m, side, p, &item);
	}
	type_table_free(t);
	return err;
}

static int add_maps(struct diff_matcher *m, enum diff_side side, const struct profile *p)
{
	struct map_table *t = map_table_new(p);
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < t->n; i++) {
		const struct map_row *r = &t->rows[i];
		struct diff_item item = {.type = r->type,
					 .line = r->site,
					 .amount = {r->bytes, r->objects, r->inserts}};

		err = diff_match_map(m, side, p, &item);
	}
	map_table_free(t);
	return err;
}

double diff_value(const struct diff *d, const struct diff_row *r, enum diff_side side,
		  enum diff_measure m)
{
	return (double)r->amount[side][m] * (r->at_end ? 1 : d->scale[side]);
}

double diff_delta(const struct diff *d, const struct diff_row *r, enum diff_measure m)
{
	return diff_value(d, r, DIFF_AFTER, m) - diff_value(d, r, DIFF_BEFORE, m);
}

enum diff_side diff_shown(const struct diff_row *r)
{
	return r->present[DIFF_AFTER] ? DIFF_AFTER : DIFF_BEFORE;
}

static const char *function_name(const struct diff *d, const struct diff_row *r)
{
	const struct profile *p = d->profiles[diff_shown(r)];

	/* Types have no line; all of theirs then compare equal. */
	if (!p->n_functions)
		return "";
	return profile_str(p, p->functions[r->line[diff_shown(r)].function].name);
}

static const char *type_name_of(const struct diff *d, const struct diff_row *r)
{
	const struct profile *p = d->profiles[diff_shown(r)];

	return profile_str(p, p->types[r->type[diff_shown(r)]].name);
}

static int compare_rows(const void *x, const void *y, void *ctx)
{
	const struct diff *d = ctx;
	const struct diff_row *a = x, *b = y;
	int order;

	for (enum diff_measure m = 0; m < DIFF_MEASURES; m++) {
		double left = fabs(diff_delta(d, a, m)), right = fabs(diff_delta(d, b, m));

		if (left != right)
			return left > right ? -1 : 1;
	}
	order = strcmp(type_name_of(d, a), type_name_of(d, b));
	if (!order)
		order = strcmp(function_name(d, a), function_name(d, b));
	if (!order && a->line[diff_shown(a)].line != b->line[diff_shown(b)].line)
		order = a->line[diff_shown(a)].line < b->line[diff_shown(b)].line ? -1 : 1;
	return order;
}

static int fill_table(struct diff *d, enum diff_table_kind kind)
{
	static int (*const add[DIFF_TABLES])(struct diff_matcher *, enum diff_side,
					     const struct profile *) = {
		[DIFF_SITES] = add_sites,
		[DIFF_TYPES] = add_types,
		[DIFF_MAPS] = add_maps,
		[DIFF_LIVE] = add_live,
	};
	struct diff_table *t = &d->tables[kind];
	struct diff_matcher *m = diff_matcher_new();
	int err = m ? 0 : -ENOMEM;

	for (enum diff_side side = 0; !err && side < DIFF_SIDES; side++)
		err = add[kind](m, side, d->profiles[side]);
	if (!err && kind != DIFF_TYPES)
		err = diff_match_left_over(m);
	if (!err)
		t->n = diff_matcher_take(m, &t->rows);
	diff_matcher_free(m);
	for (size_t i = 0; i < t->n; i++)
		t->rows[i].at_end = kind == DIFF_LIVE;
	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, d);
	return err;
}

static bool has_types(const struct profile *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_ALLOC && p->samples[i].type)
			return true;
	}
	return false;
}

static bool has_flushes(const struct profile *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_WB_FLUSH)
			return true;
	}
	return false;
}

static void find_caveats(struct diff *d)
{
	unsigned int *caveats = d->caveats, both;

	for (enum diff_side side = 0; side < DIFF_SIDES; side++) {
		const uint64_t *amount = d->total.amount[side];

		caveats[side] = (amount[DIFF_OBJECTS] ? 0 : DIFF_NO_ALLOCATIONS) |
				(amount[DIFF_INSERTS] ? 0 : DIFF_NO_INSERTS) |
				(has_types(d->profiles[side]) ? 0 : DIFF_NO_TYPES) |
				(has_flushes(d->profiles[side]) ? 0 : DIFF_NO_FLUSHES) |
				(d->live.present[side] ? 0 : DIFF_NO_LIVE);
	}
	/* What both lack is no difference. */
	both = caveats[DIFF_BEFORE] & caveats[DIFF_AFTER];
	for (enum diff_side side = 0; side < DIFF_SIDES; side++) {
		caveats[side] &= ~both;
		if (profile_lost(d->profiles[side]))
			caveats[side] |= DIFF_LOST;
	}
}

static int fill(struct diff *d)
{
	int err = 0;

	for (enum diff_side side = 0; side < DIFF_SIDES; side++) {
		const struct profile *p = d->profiles[side];
		struct profile_totals t = profile_totals(p);

		d->scale[side] = d->per_second ? 1e9 / (double)p->duration_ns : 1;
		d->total.present[side] = true;
		d->total.amount[side][DIFF_BYTES] = t.alloc_bytes;
		d->total.amount[side][DIFF_OBJECTS] = t.alloc_objects;
		d->total.amount[side][DIFF_INSERTS] = t.map_inserts;
		d->live.at_end = true;
		d->live.present[side] = p->heap.recorded;
		d->live.amount[side][DIFF_BYTES] = t.live_bytes;
		d->live.amount[side][DIFF_OBJECTS] = t.live_objects;
	}
	find_caveats(d);
	for (enum diff_table_kind kind = 0; !err && kind < DIFF_TABLES; kind++)
		err = fill_table(d, kind);
	return err;
}

struct diff *diff_new(const struct profile *const profiles[DIFF_SIDES], bool per_second)
{
	struct diff *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return NULL;
	for (enum diff_side side = 0; side < DIFF_SIDES; side++)
		d->profiles[side] = profiles[side];
	d->per_second = per_second && profiles[DIFF_BEFORE]->duration_ns &&
			profiles[DIFF_AFTER]->duration_ns;
	err = fill(d);
	if (err) {
		diff_free(d);
		errno = -err;
		return NULL;
	}
	return d;
}

void diff_free(struct diff *d)
{
	if (!d)
		return;
	for (enum diff_table_kind kind = 0; kind < DIFF_TABLES; kind++)
		free(d->tables[kind].rows);
	free(d);
}

const char *diff_side_name(enum diff_side side)
{
	return side == DIFF_BEFORE ? "before" : "after";
}

const char *diff_measure_name(enum diff_measure m)
{
	static const char *const names[] = {"bytes", "objects", "inserts"};

	return names[m];
}

const char *diff_table_name(enum diff_table_kind kind)
{
	static const char *const names[] = {"sites", "types", "maps", "live"};

	return names[kind];
}

const char *diff_caveat_text(enum diff_caveat caveat)
{
	switch (caveat) {
	case DIFF_NO_ALLOCATIONS:
		return "has no allocations: was it made with --probe map?";
	case DIFF_NO_INSERTS:
		return "has no map inserts: was it made with --probe alloc?";
	case DIFF_NO_TYPES:
		return "has no types: was it made with --no-types?";
	case DIFF_NO_FLUSHES:
		return "has no write barrier flushes: was it made without --probe wb?";
	case DIFF_NO_LIVE:
		return "does not say what lives: was it made without --live?";
	case DIFF_LOST:
		return "lost events: what it shows is less than what was";
	}
	return "";
}
