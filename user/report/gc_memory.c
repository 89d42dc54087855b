// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/gc_memory.h"

static void add_growths(struct gc_memory *m, const struct profile *p)
{
	for (size_t i = 0; i < p->n_memory; i++) {
		const struct profile_memory *row = &p->memory[i];
		struct memory_growth *g = &m->growths[m->n_growths];

		if (m->n_growths && g[-1].target == row->target) {
			g--;
		} else {
			*g = (struct memory_growth){
				.target = row->target, .first = row->bytes, .row = i};
			m->n_growths++;
		}
		g->last = row->bytes;
		g->peak = row->peak > g->peak ? row->peak : g->peak;
		g->n_rows++;
	}
}

static int compare_pools(const void *x, const void *y)
{
	const struct profile_gc_pool *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

/* @rows are in the order of compare_pools(). */
static void add_pools(struct gc_memory *m, const struct profile_gc_pool *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct profile_gc_pool *row = &rows[i];
		struct pool_use *u = &m->pools[m->n_pools];

		if (i && !compare_pools(row, row - 1)) {
			u--;
		} else {
			*u = (struct pool_use){.target = row->target, .name = row->name};
			m->n_pools++;
		}
		u->collections++;
		u->most_before = row->before > u->most_before ? row->before : u->most_before;
		u->most_after = row->after > u->most_after ? row->after : u->most_after;
		u->freed += row->before > row->after ? row->before - row->after : 0;
	}
}

struct gc_memory *gc_memory_new(const struct profile *p)
{
	struct gc_memory *m = calloc(1, sizeof(*m));
	struct profile_gc_pool *rows = calloc(p->n_gc_pools + 1, sizeof(*rows));

	if (m) {
		m->growths = calloc(p->n_targets + 1, sizeof(*m->growths));
		m->pools = calloc(p->n_gc_pools + 1, sizeof(*m->pools));
	}
	if (!m || !rows || !m->growths || !m->pools) {
		free(rows);
		gc_memory_free(m);
		errno = ENOMEM;
		return NULL;
	}
	add_growths(m, p);
	if (p->n_gc_pools) {
		memcpy(rows, p->gc_pools, p->n_gc_pools * sizeof(*rows));
		qsort(rows, p->n_gc_pools, sizeof(*rows), compare_pools);
	}
	add_pools(m, rows, p->n_gc_pools);
	free(rows);
	return m;
}

void gc_memory_free(struct gc_memory *m)
{
	if (!m)
		return;
	free(m->growths);
	free(m->pools);
	free(m);
}
