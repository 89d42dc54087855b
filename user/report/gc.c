// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "report/gc.h"
#include "report/gc_epochs.h"
#include "report/gc_join.h"
#include "report/gc_patterns.h"

const char *gc_trigger_name(enum profile_gc_trigger t)
{
	static const char *const names[PROFILE_GC_TRIGGER_MAX] = {
		[PROFILE_GC_HEAP] = "heap",
		[PROFILE_GC_TIME] = "time",
		[PROFILE_GC_FORCED] = "forced",
		[PROFILE_GC_UNKNOWN] = "unknown",
	};

	return names[t];
}

const char *gc_pattern_name(enum gc_pattern_kind k)
{
	static const char *const names[GC_PATTERN_MAX] = {
		[GC_PATTERN_STORM] = "storm",       [GC_PATTERN_LONG_PAUSES] = "long_pauses",
		[GC_PATTERN_TIMER] = "timer",       [GC_PATTERN_FORCED] = "forced",
		[GC_PATTERN_ASSISTS] = "assists",   [GC_PATTERN_LIMIT] = "memory_limit",
		[GC_PATTERN_STOPS] = "other_stops",
	};

	return names[k];
}

/* A pause on its way into its group. */
struct pause {
	str_id reason;
	bool gc;
	uint64_t ns;
};

static int ascending(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_groups(const struct pause *a, const struct pause *b)
{
	int order = ascending(a->reason, b->reason);

	return order ? order : ascending(a->gc, b->gc);
}

static int compare_pauses(const void *x, const void *y)
{
	const struct pause *a = x, *b = y;
	int order = compare_groups(a, b);

	return order ? order : ascending(a->ns, b->ns);
}

static int compare_lengths(const void *x, const void *y)
{
	return ascending(((const struct pause *)x)->ns, ((const struct pause *)y)->ns);
}

static int compare_totals(const void *x, const void *y)
{
	const struct gc_pause_group *a = x, *b = y;
	int order = ascending(b->total_ns, a->total_ns);

	order = order ? order : ascending(b->count, a->count);
	return order ? order : ascending(a->reason, b->reason);
}

/* The smallest that is not exceeded by @percent of @n pauses, which are in order. */
static uint64_t percentile(const struct pause *pauses, size_t n, unsigned int percent)
{
	return n ? pauses[(n * percent + 99) / 100 - 1].ns : 0;
}

/* The group of the pauses up to the next of another reason; how many it has. */
static size_t make_group(const struct pause *pauses, size_t n, struct gc_pause_group *group)
{
	*group = (struct gc_pause_group){.reason = pauses[0].reason, .gc = pauses[0].gc};
	while (group->count < n && !compare_groups(&pauses[group->count], &pauses[0]))
		group->total_ns += pauses[group->count++].ns;
	group->p50_ns = percentile(pauses, group->count, 50);
	group->p95_ns = percentile(pauses, group->count, 95);
	group->max_ns = pauses[group->count - 1].ns;
	return group->count;
}

static int group_pauses(struct gc_report *r, struct pause *pauses, size_t n)
{
	VEC(struct gc_pause_group) groups = {0};
	struct gc_pause_group group;
	int err = 0;

	qsort(pauses, n, sizeof(*pauses), compare_pauses);
	for (size_t i = 0; !err && i < n;) {
		i += make_group(pauses + i, n - i, &group);
		err = vec_push(&groups, group);
	}
	if (groups.n)
		qsort(groups.data, groups.n, sizeof(group), compare_totals);
	r->groups = groups.data;
	r->n_groups = groups.n;
	return err;
}

static int sum_pauses(struct gc_report *r, const struct profile *p)
{
	__auto_free struct pause *pauses = calloc(p->n_gc_pauses + 1, sizeof(*pauses));
	size_t n = p->n_gc_pauses;

	if (!pauses)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct profile_gc_pause *pause = &p->gc_pauses[i];

		pauses[i] = (struct pause){pause->reason, pause->gc,
					   pause->stopping_ns + pause->stopped_ns};
		r->pause_total_ns += pauses[i].ns;
	}
	qsort(pauses, n, sizeof(*pauses), compare_lengths);
	r->pauses = n;
	r->pause_p50_ns = percentile(pauses, n, 50);
	r->pause_p95_ns = percentile(pauses, n, 95);
	r->pause_max_ns = n ? pauses[n - 1].ns : 0;
	return group_pauses(r, pauses, n);
}

static int sum_sweeps(struct gc_report *r, const struct profile *p)
{
	__auto_free struct pause *sweeps = calloc(p->n_gc_cycles + 1, sizeof(*sweeps));
	size_t n = 0;

	if (!sweeps)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &p->gc_cycles[i];

		if (!c->sweep_start_ns || !c->sweep_end_ns)
			continue;
		sweeps[n].ns = c->sweep_end_ns - c->sweep_start_ns;
		r->sweep_total_ns += sweeps[n++].ns;
	}
	qsort(sweeps, n, sizeof(*sweeps), compare_lengths);
	r->sweeps = n;
	r->sweep_p50_ns = percentile(sweeps, n, 50);
	r->sweep_max_ns = n ? sweeps[n - 1].ns : 0;
	return 0;
}

/* Pauses are in the order of their targets. */
static size_t paused_targets(const struct profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_gc_pauses; i++)
		n += !i || p->gc_pauses[i].target != p->gc_pauses[i - 1].target;
	return n;
}

static void sum_rates(struct gc_report *r, const struct profile *p)
{
	double seconds = (double)p->duration_ns / 1e9;
	double wall = (double)p->duration_ns * (double)paused_targets(p);

	r->cycles = p->n_gc_cycles;
	for (size_t i = 0; i < p->n_gc_cycles; i++)
		r->by_trigger[p->gc_cycles[i].trigger]++;
	for (size_t i = 0; i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_GC_ASSIST) {
			r->assists += p->samples[i].objects;
			r->assist_ns += p->samples[i].ns;
		}
	}
	r->cycles_per_second = seconds > 0 ? (double)r->cycles / seconds : 0;
	r->stopped_share = wall > 0 ? (double)r->pause_total_ns / wall : 0;
	if (r->stopped_share > 1)
		r->stopped_share = 1;
}

static int fill(struct gc_report *r, const struct profile *p)
{
	struct gc_epochs *e = gc_epochs_new(p);
	int err = e ? gc_join(p, e, r) : -ENOMEM;

	if (!err)
		err = sum_pauses(r, p);
	if (!err)
		err = sum_sweeps(r, p);
	if (!err) {
		sum_rates(r, p);
		err = gc_patterns_find(p, e, r);
	}
	gc_epochs_free(e);
	return err;
}

struct gc_report *gc_report_new(const struct profile *p)
{
	struct gc_report *r = calloc(1, sizeof(*r));
	int err = r ? fill(r, p) : -ENOMEM;

	if (!err)
		return r;
	gc_report_free(r);
	errno = -err;
	return NULL;
}

void gc_report_free(struct gc_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_patterns; i++) {
		free(r->patterns[i].evidence);
		free(r->patterns[i].remedy);
	}
	free(r->patterns);
	free(r->groups);
	free(r->sites);
	free(r->types);
	free(r);
}
