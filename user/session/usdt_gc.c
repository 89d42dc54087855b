// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Two ways to tell of a collection (probe/gc_runtime.c says who does which).
 *
 * An interpreter stands still while it collects: the pair that encloses a
 * collection is a cycle and a pause at once. Ruby sweeps afterwards, piece by
 * piece; each piece is a pause of the same cycle, unless it lies within marking.
 *
 * HotSpot tells of stops and of collections separately, as one may span several
 * of the other:
 *
 *	stop ---- stopped(operation) ---- collect ... collect end ---- resume
 *	   stopping_ns         stopped_ns
 *
 *	pool(manager, Eden) pool(manager, Old) ... pool done(manager, Eden) ...
 *
 * A cycle is what lies between the first pool and the last "pool done" of one
 * manager. It can begin within a stop or outside of any, and cycles of two
 * managers can overlap (ZGC: minor and major).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "session/usdt_gc.h"

/* Some 100 MB in memory. A day of ten a second. */
#define ROWS_MAX 1000000

/* Memory managers whose cycles can overlap: HotSpot has two or three. */
#define MANAGERS_MAX 4

/* Parts of the heap that one manager collects: three with G1. */
#define POOLS_MAX 8

struct open_cycle {
	struct profile_gc_cycle row; /* row.name: the manager; end_ns: of the last pool done */
	char first_pool[USDT_TEXT_MAX];
	struct profile_gc_pool pools[POOLS_MAX];
	size_t n_pools;
	bool open;
};

struct process_gc {
	uint32_t id, target;
	uint32_t epoch; /* collections begun */

	/* HotSpot: the stop under way. */
	uint64_t stop_ns, stopped_ns; /* 0: none; not yet */
	char operation[USDT_TEXT_MAX];
	bool collects, full;
	struct open_cycle cycles[MANAGERS_MAX];

	/* Interpreters: the collection, or the sweeping, under way. */
	uint64_t collect_ns, sweep_ns;
	uint32_t tid;
	str_id reason;
};

struct usdt_gc {
	struct profile_builder *builder;
	VEC(struct process_gc) processes;
	uint64_t started_ns;
	uint64_t n_cycles, n_pauses, n_pools, dropped;
	uint32_t no_stack;
};

struct usdt_gc *usdt_gc_new(struct profile_builder *b)
{
	struct usdt_gc *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->builder = b;
	g->no_stack = PROFILE_NONE;
	return g;
}

void usdt_gc_free(struct usdt_gc *g)
{
	if (!g)
		return;
	vec_free(&g->processes);
	free(g);
}

void usdt_gc_start(struct usdt_gc *g, uint64_t started_ns)
{
	g->started_ns = started_ns;
}

int usdt_gc_add_target(struct usdt_gc *g, uint32_t id, uint32_t target)
{
	struct process_gc p = {.id = id, .target = target};

	return vec_push(&g->processes, p);
}

static uint64_t since_start(const struct usdt_gc *g, uint64_t time_ns)
{
	return time_ns > g->started_ns ? time_ns - g->started_ns : 0;
}

static uint32_t no_stack(struct usdt_gc *g)
{
	if (g->no_stack == PROFILE_NONE)
		g->no_stack = profile_builder_stack(g->builder, NULL, 0, 0);
	return g->no_stack;
}

/* Out of memory is the builder's to remember. */
static bool has_room(struct usdt_gc *g)
{
	if (g->n_cycles + g->n_pauses + g->n_pools < ROWS_MAX)
		return true;
	g->dropped++;
	return false;
}

static void add_cycle(struct usdt_gc *g, struct profile_gc_cycle *row)
{
	if (!has_room(g))
		return;
	row->stack = no_stack(g);
	profile_builder_gc_cycle(g->builder, row);
	g->n_cycles++;
}

static void add_pause(struct usdt_gc *g, struct profile_gc_pause *row)
{
	if (!has_room(g))
		return;
	row->stack = no_stack(g);
	profile_builder_gc_pause(g->builder, row);
	g->n_pauses++;
}

/* --- HotSpot ---------------------------------------------------------------------- */

static void stop(struct process_gc *p, const struct usdt_event *e)
{
	p->stop_ns = e->time_ns;
	p->stopped_ns = 0;
	*p->operation = 0;
	p->collects = p->full = false;
}

/* Operations that stop nothing pass this probe too; old JVMs do several in one stop. */
static void stopped(struct process_gc *p, const struct usdt_event *e)
{
	if (!p->stop_ns || p->collects)
		return;
	if (!p->stopped_ns)
		p->stopped_ns = e->time_ns;
	memcpy(p->operation, e->text[0], sizeof(p->operation));
}

static void resume(struct usdt_gc *g, struct process_gc *p, const struct usdt_event *e)
{
	uint64_t stood = p->stopped_ns ? p->stopped_ns : p->stop_ns;

	if (!p->stop_ns)
		return;
	add_pause(g, &(struct profile_gc_pause){
			     .target = p->target,
			     .start_ns = since_start(g, p->stop_ns),
			     .stopping_ns = stood - p->stop_ns,
			     .stopped_ns = e->time_ns - stood,
			     .epoch = p->collects ? p->epoch : 0,
			     .reason = profile_builder_str(g->builder, p->operation),
			     .gc = p->collects,
		     });
	p->stop_ns = 0;
}

/*
 * By the operation that stopped the world. One for an allocation may end in a full
 * collection; one for want of metadata room is always full, and nobody's wish. Of
 * the others those that are full come from System.gc() and its like.
 */
static enum profile_gc_trigger trigger_of(const struct process_gc *p)
{
	if (!p->stop_ns || strstr(p->operation, "Metadata"))
		return PROFILE_GC_UNKNOWN;
	if (strstr(p->operation, "Allocation"))
		return PROFILE_GC_HEAP;
	return p->full ? PROFILE_GC_FORCED : PROFILE_GC_UNKNOWN;
}

/* Pools that hold no objects; the names of all others differ by collector. */
static bool is_heap_pool(const char *name)
{
	static const char *const others[] = {"Metaspace", "Compressed Class Space", "CodeHeap",
					     "CodeCache", "Code Cache"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strncmp(name, others[i], strlen(others[i])))
			return false;
	}
	return true;
}

/* The manager's cycle, or a place for it; the first manager gives way to a surplus one. */
static struct open_cycle *find_cycle(struct process_gc *p, str_id manager)
{
	struct open_cycle *unused = NULL;

	for (size_t i = 0; i < MANAGERS_MAX; i++) {
		struct open_cycle *c = &p->cycles[i];

		if (c->open && c->row.name == manager)
			return c;
		if (!c->open && !unused)
			unused = c;
	}
	return unused ? unused : &p->cycles[0];
}

static void close_cycle(struct usdt_gc *g, struct open_cycle *c)
{
	if (!c->open)
		return;
	add_cycle(g, &c->row);
	/* The end of a cycle that has none was not seen: nor what was left then. */
	for (size_t i = 0; i < c->n_pools && c->row.end_ns; i++) {
		if (!has_room(g))
			continue;
		profile_builder_gc_pool(g->builder, &c->pools[i]);
		g->n_pools++;
	}
	c->open = false;
}

static void pool(struct usdt_gc *g, struct process_gc *p, const struct usdt_event *e)
{
	str_id manager = profile_builder_str(g->builder, e->text[0]);
	struct open_cycle *c = find_cycle(p, manager);

	/* One that is done, or whose end was lost: a pool comes once in a cycle. */
	if (c->open &&
	    (c->row.name != manager || c->row.end_ns || !strcmp(c->first_pool, e->text[1])))
		close_cycle(g, c);
	if (!c->open) {
		c->row = (struct profile_gc_cycle){
			.target = p->target,
			.epoch = ++p->epoch,
			.start_ns = since_start(g, e->time_ns),
			.trigger = trigger_of(p),
			.name = manager,
		};
		memcpy(c->first_pool, e->text[1], sizeof(c->first_pool));
		c->n_pools = 0;
		c->open = true;
	}
	if (!is_heap_pool(e->text[1]) || e->number < 0)
		return;
	c->row.heap_live += (uint64_t)e->number;
	if (c->n_pools < POOLS_MAX)
		c->pools[c->n_pools++] = (struct profile_gc_pool){
			.target = p->target,
			.epoch = c->row.epoch,
			.name = profile_builder_str(g->builder, e->text[1]),
			.before = (uint64_t)e->number,
		};
}

static void pool_done(struct usdt_gc *g, struct process_gc *p, const struct usdt_event *e)
{
	str_id manager = profile_builder_str(g->builder, e->text[0]);
	str_id name = profile_builder_str(g->builder, e->text[1]);
	struct open_cycle *c = find_cycle(p, manager);

	if (!c->open || c->row.name != manager)
		return;
	c->row.end_ns = since_start(g, e->time_ns);
	for (size_t i = 0; i < c->n_pools; i++) {
		if (c->pools[i].name == name && e->number > 0)
			c->pools[i].after = (uint64_t)e->number;
	}
}

/* --- interpreters ------------------------------------------------------------------- */

static str_id reason_of(struct usdt_gc *g, const struct gc_probe *probe, int64_t number)
{
	char text[64];

	if (!probe->number)
		return profile_builder_str(g->builder, probe->reason);
	snprintf(text, sizeof(text), "%s %lld", probe->reason, (long long)number);
	return profile_builder_str(g->builder, text);
}

static void begin(struct usdt_gc *g, struct process_gc *p, const struct gc_probe *probe,
		  const struct usdt_event *e)
{
	p->epoch++;
	p->collect_ns = e->time_ns;
	p->sweep_ns = 0;
	p->tid = e->tid;
	p->reason = reason_of(g, probe, e->number);
}

static void begin_sweep(struct usdt_gc *g, struct process_gc *p, const struct gc_probe *probe,
			const struct usdt_event *e)
{
	if (p->collect_ns)
		return;
	p->sweep_ns = e->time_ns;
	p->tid = e->tid;
	p->reason = reason_of(g, probe, e->number);
}

/* @since: the time the pair began, which is ended. */
static void end(struct usdt_gc *g, struct process_gc *p, uint64_t *since,
		const struct usdt_event *e)
{
	struct profile_gc_pause pause = {
		.target = p->target,
		.start_ns = since_start(g, *since),
		.stopped_ns = e->time_ns - *since,
		.epoch = p->epoch,
		.reason = p->reason,
		.gc = true,
	};

	if (!*since || p->tid != e->tid)
		return;
	if (since == &p->collect_ns)
		add_cycle(g, &(struct profile_gc_cycle){
				     .target = p->target,
				     .epoch = p->epoch,
				     .start_ns = pause.start_ns,
				     .end_ns = since_start(g, e->time_ns),
				     .trigger = PROFILE_GC_UNKNOWN,
				     .name = p->reason,
			     });
	add_pause(g, &pause);
	*since = 0;
}

static struct process_gc *find_process(struct usdt_gc *g, uint32_t id)
{
	vec_for_each (&g->processes, p) {
		if (p->id == id)
			return p;
	}
	return NULL;
}

void usdt_gc_take(struct usdt_gc *g, const struct usdt_event *e)
{
	const struct gc_probe *probe = e->probe < n_gc_probes ? &gc_probes[e->probe] : NULL;
	struct process_gc *p = find_process(g, e->target);

	if (!probe || !p)
		return;
	switch (probe->role) {
	case USDT_COLLECT_BEGIN:
		if (!probe->runtime->tells_stops) {
			begin(g, p, probe, e);
		} else if (p->stop_ns) {
			p->collects = true;
			p->full = e->number != 0;
		}
		break;
	case USDT_COLLECT_END:
		if (!probe->runtime->tells_stops)
			end(g, p, &p->collect_ns, e);
		break;
	case USDT_SWEEP_BEGIN:
		begin_sweep(g, p, probe, e);
		break;
	case USDT_SWEEP_END:
		end(g, p, &p->sweep_ns, e);
		break;
	case USDT_STOP:
		stop(p, e);
		break;
	case USDT_STOPPED:
		stopped(p, e);
		break;
	case USDT_RESUME:
		resume(g, p, e);
		break;
	case USDT_POOL:
		pool(g, p, e);
		break;
	case USDT_POOL_DONE:
		pool_done(g, p, e);
		break;
	}
}

void usdt_gc_finish(struct usdt_gc *g)
{
	vec_for_each (&g->processes, p) {
		for (size_t i = 0; i < MANAGERS_MAX; i++)
			close_cycle(g, &p->cycles[i]);
		if (p->collect_ns)
			add_cycle(g, &(struct profile_gc_cycle){
					     .target = p->target,
					     .epoch = p->epoch,
					     .start_ns = since_start(g, p->collect_ns),
					     .trigger = PROFILE_GC_UNKNOWN,
					     .name = p->reason,
				     });
		p->collect_ns = 0;
	}
}

uint64_t usdt_gc_n_cycles(const struct usdt_gc *g)
{
	return g->n_cycles;
}

uint64_t usdt_gc_n_pauses(const struct usdt_gc *g)
{
	return g->n_pauses;
}

uint64_t usdt_gc_dropped(const struct usdt_gc *g)
{
	return g->dropped;
}
