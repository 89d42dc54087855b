// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Collections, for programs. A cycle has the call sites of what led to it. What
 * led to several (folded epochs), or to none yet, is in "other_epochs": with the
 * bytes there, those of the cycles are all that was allocated, exactly.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "export/json_parts.h"
#include "report/gc.h"
#include "report/gc_epochs.h"
#include "report/gc_memory.h"

struct gc_writer {
	struct json_writer *w;
	const struct profile *p;
	const struct gc_epochs *e;
	uint32_t *cycles; /* of each row of e: how many it led to */
	const struct gc_memory *m;
};

static void write_pid(const struct gc_writer *g, uint32_t target)
{
	json_uint(g->w, "pid", g->p->targets[target].pid);
}

/* "bytes", "sites": what was allocated in the epoch of a row. */
static void write_epoch(const struct gc_writer *g, uint32_t row)
{
	const struct gc_epoch *epoch = row == PROFILE_NONE ? NULL : &g->e->rows[row];

	json_uint(g->w, "bytes", epoch ? epoch->bytes : 0);
	json_array(g->w, "sites");
	for (size_t i = 0; epoch && i < epoch->n_sites; i++) {
		const struct gc_epoch_site *s = &g->e->sites[epoch->first_site + i];

		json_object(g->w, NULL);
		json_line(g->w, g->p, g->e->lines[s->site]);
		json_uint(g->w, "bytes", s->bytes);
		json_uint(g->w, "objects", s->objects);
		json_end(g->w);
	}
	json_end(g->w);
}

/* "pools": [...] of a cycle; from *@next on they are those of this and later ones. */
static void write_pools(const struct gc_writer *g, const struct profile_gc_cycle *c, size_t *next)
{
	const struct profile *p = g->p;

	json_array(g->w, "pools");
	for (; *next < p->n_gc_pools; ++*next) {
		const struct profile_gc_pool *pool = &p->gc_pools[*next];

		if (pool->target > c->target ||
		    (pool->target == c->target && pool->epoch > c->epoch))
			break;
		if (pool->target < c->target || pool->epoch < c->epoch)
			continue;
		json_object(g->w, NULL);
		json_string(g->w, "pool", profile_str(p, pool->name));
		json_uint(g->w, "before", pool->before);
		json_uint(g->w, "after", pool->after);
		json_end(g->w);
	}
	json_end(g->w);
}

static void write_cycles(const struct gc_writer *g)
{
	size_t pool = 0;

	json_array(g->w, "cycles");
	for (size_t i = 0; i < g->p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &g->p->gc_cycles[i];
		uint32_t row = gc_epochs_cause(g->e, g->p, c->target, c->epoch);

		json_object(g->w, NULL);
		json_uint(g->w, "n", c->epoch);
		write_pid(g, c->target);
		json_string(g->w, "name", profile_str(g->p, c->name));
		json_string(g->w, "trigger", gc_trigger_name(c->trigger));
		json_uint(g->w, "start_ns", c->start_ns);
		json_uint(g->w, "end_ns", c->end_ns);
		json_uint(g->w, "sweep_start_ns", c->sweep_start_ns);
		json_uint(g->w, "sweep_end_ns", c->sweep_end_ns);
		json_uint(g->w, "heap_live", c->heap_live);
		json_uint(g->w, "heap_goal", c->heap_goal);
		json_uint(g->w, "memory_limit", c->memory_limit);
		json_double(g->w, "gc_percent", c->gc_percent);
		write_pools(g, c, &pool);
		json_bool(g->w, "folded", row != PROFILE_NONE && g->cycles[row] > 1);
		write_epoch(g, row != PROFILE_NONE && g->cycles[row] > 1 ? PROFILE_NONE : row);
		json_end(g->w);
	}
	json_end(g->w);
}

static void write_other_epochs(const struct gc_writer *g)
{
	json_array(g->w, "other_epochs");
	for (uint32_t row = 0; row < g->e->n; row++) {
		if (g->cycles[row] == 1)
			continue;
		json_object(g->w, NULL);
		write_pid(g, g->e->rows[row].target);
		json_uint(g->w, "epoch", g->e->rows[row].epoch);
		json_uint(g->w, "cycles", g->cycles[row]);
		write_epoch(g, row);
		json_end(g->w);
	}
	json_end(g->w);
}

static void write_pauses(const struct gc_writer *g)
{
	json_array(g->w, "pauses");
	for (size_t i = 0; i < g->p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &g->p->gc_pauses[i];

		json_object(g->w, NULL);
		json_uint(g->w, "cycle", pause->epoch);
		write_pid(g, pause->target);
		json_string(g->w, "reason", profile_str(g->p, pause->reason));
		json_bool(g->w, "gc", pause->gc);
		json_uint(g->w, "start_ns", pause->start_ns);
		json_uint(g->w, "stopping_ns", pause->stopping_ns);
		json_uint(g->w, "stopped_ns", pause->stopped_ns);
		json_line(g->w, g->p, profile_stack_site(g->p, pause->stack));
		json_end(g->w);
	}
	json_end(g->w);
}

static void write_memory(const struct gc_writer *g)
{
	json_array(g->w, "memory");
	for (size_t i = 0; i < g->m->n_growths; i++) {
		const struct memory_growth *m = &g->m->growths[i];

		json_object(g->w, NULL);
		write_pid(g, m->target);
		json_uint(g->w, "first_bytes", m->first);
		json_uint(g->w, "last_bytes", m->last);
		json_uint(g->w, "peak_bytes", m->peak);
		json_array(g->w, "looks");
		for (size_t k = m->row; k < m->row + m->n_rows; k++) {
			json_object(g->w, NULL);
			json_uint(g->w, "time_ns", g->p->memory[k].time_ns);
			json_uint(g->w, "bytes", g->p->memory[k].bytes);
			json_uint(g->w, "peak_bytes", g->p->memory[k].peak);
			json_end(g->w);
		}
		json_end(g->w);
		json_end(g->w);
	}
	json_end(g->w);
}

static void write_share(const struct gc_writer *g, const struct gc_share *s)
{
	json_uint(g->w, "bytes", s->bytes);
	json_uint(g->w, "objects", s->objects);
	json_uint(g->w, "inserts", s->inserts);
	json_double(g->w, "cycles_caused", s->cycles_caused);
	json_double(g->w, "pause_ns", s->pause_ns);
	json_double(g->w, "worst_pause_ns", s->worst_pause_ns);
	json_double(g->w, "assist_ns", s->assist_ns);
}

static void write_shares(const struct gc_writer *g, const struct gc_report *r)
{
	json_array(g->w, "sites");
	for (size_t i = 0; i < r->n_sites; i++) {
		json_object(g->w, NULL);
		json_line(g->w, g->p, r->sites[i].line);
		write_share(g, &r->sites[i]);
		json_uint(g->w, "assist_paid_ns", r->sites[i].assist_paid_ns);
		json_end(g->w);
	}
	json_end(g->w);
	json_array(g->w, "types");
	for (size_t i = 0; i < r->n_types; i++) {
		const struct profile_type *type = &g->p->types[r->types[i].type];

		json_object(g->w, NULL);
		json_string(g->w, "type", profile_str(g->p, type->name));
		json_string(g->w, "package", profile_str(g->p, type->package));
		write_share(g, &r->types[i]);
		json_end(g->w);
	}
	json_end(g->w);
}

void json_gc_totals(struct json_writer *w, const struct gc_report *r)
{
	json_object(w, "totals");
	json_uint(w, "cycles", r->cycles);
	json_object(w, "by_trigger");
	for (size_t i = 0; i < PROFILE_GC_TRIGGER_MAX; i++)
		json_uint(w, gc_trigger_name((enum profile_gc_trigger)i), r->by_trigger[i]);
	json_end(w);
	json_double(w, "cycles_per_second", r->cycles_per_second);
	json_uint(w, "pauses", r->pauses);
	json_uint(w, "pause_ns", r->pause_total_ns);
	json_uint(w, "pause_p50_ns", r->pause_p50_ns);
	json_uint(w, "pause_p95_ns", r->pause_p95_ns);
	json_uint(w, "pause_max_ns", r->pause_max_ns);
	json_uint(w, "pause_unattributed_ns", r->pause_unattributed_ns);
	json_double(w, "stopped_share", r->stopped_share);
	json_uint(w, "assists", r->assists);
	json_uint(w, "assist_ns", r->assist_ns);
	json_uint(w, "sweeps", r->sweeps);
	json_uint(w, "sweep_ns", r->sweep_total_ns);
	json_uint(w, "sweep_p50_ns", r->sweep_p50_ns);
	json_uint(w, "sweep_max_ns", r->sweep_max_ns);
	json_end(w);
}

void json_gc_reasons(struct json_writer *w, const struct profile *p, const struct gc_report *r)
{
	json_array(w, "reasons");
	for (size_t i = 0; i < r->n_groups; i++) {
		const struct gc_pause_group *group = &r->groups[i];

		json_object(w, NULL);
		json_string(w, "reason", profile_str(p, group->reason));
		json_bool(w, "gc", group->gc);
		json_uint(w, "pauses", group->count);
		json_uint(w, "pause_ns", group->total_ns);
		json_uint(w, "p50_ns", group->p50_ns);
		json_uint(w, "p95_ns", group->p95_ns);
		json_uint(w, "max_ns", group->max_ns);
		json_end(w);
	}
	json_end(w);
}

void json_gc_patterns(struct json_writer *w, const struct gc_report *r)
{
	json_array(w, "patterns");
	for (size_t i = 0; i < r->n_patterns; i++) {
		json_object(w, NULL);
		json_string(w, "kind", gc_pattern_name(r->patterns[i].kind));
		json_string(w, "evidence", r->patterns[i].evidence);
		json_string(w, "remedy", r->patterns[i].remedy);
		json_end(w);
	}
	json_end(w);
}

static void count_cycles(const struct gc_writer *g)
{
	for (size_t i = 0; i < g->p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &g->p->gc_cycles[i];
		uint32_t row = gc_epochs_cause(g->e, g->p, c->target, c->epoch);

		if (row != PROFILE_NONE)
			g->cycles[row]++;
	}
}

static void write_all(const struct gc_writer *g, const struct gc_report *r)
{
	count_cycles(g);
	json_object(g->w, "gc");
	json_gc_totals(g->w, r);
	json_gc_patterns(g->w, r);
	json_gc_reasons(g->w, g->p, r);
	write_cycles(g);
	write_other_epochs(g);
	write_pauses(g);
	write_memory(g);
	write_shares(g, r);
	json_end(g->w);
}

int json_gc(struct json_writer *w, const struct profile *p)
{
	struct gc_epochs *e;
	struct gc_memory *m;
	struct gc_report *r;
	uint32_t *cycles;
	int err = -ENOMEM;

	if (!p->n_gc_cycles && !p->n_gc_pauses && !p->n_bins && !p->n_memory)
		return 0;
	r = gc_report_new(p);
	e = gc_epochs_new(p);
	m = gc_memory_new(p);
	cycles = e ? calloc(e->n + 1, sizeof(*cycles)) : NULL;
	if (r && m && cycles) {
		write_all(&(struct gc_writer){w, p, e, cycles, m}, r);
		err = 0;
	}
	free(cycles);
	gc_memory_free(m);
	gc_epochs_free(e);
	gc_report_free(r);
	return err;
}
