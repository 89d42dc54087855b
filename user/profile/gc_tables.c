// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>

#include "profile/gc_tables.h"

void gc_tables_free(struct gc_tables *t)
{
	vec_free(&t->cycles);
	vec_free(&t->pauses);
	vec_free(&t->pools);
	vec_free(&t->memory);
}

/* A heap goal is beyond all memory where nothing limits the heap. */
static uint64_t heap_size(uint64_t size)
{
	return size > PROFILE_HEAP_MAX ? 0 : size;
}

int gc_tables_add_cycle(struct gc_tables *t, const struct profile_gc_cycle *c)
{
	struct profile_gc_cycle row = *c;

	row.heap_live = heap_size(c->heap_live);
	row.heap_goal = heap_size(c->heap_goal);
	row.memory_limit = heap_size(c->memory_limit);
	return vec_push(&t->cycles, row);
}

int gc_tables_add_pool(struct gc_tables *t, const struct profile_gc_pool *pool)
{
	struct profile_gc_pool row = *pool;

	row.before = heap_size(pool->before);
	row.after = heap_size(pool->after);
	return vec_push(&t->pools, row);
}

int gc_tables_add_memory(struct gc_tables *t, const struct profile_memory *m)
{
	struct profile_memory row = *m;

	row.bytes = heap_size(m->bytes);
	row.peak = heap_size(m->peak);
	if (row.peak < row.bytes)
		row.peak = row.bytes;
	return vec_push(&t->memory, row);
}

static int ascending(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_cycles(const void *x, const void *y)
{
	const struct profile_gc_cycle *a = x, *b = y;
	int order = ascending(a->target, b->target);

	order = order ? order : ascending(a->epoch, b->epoch);
	return order ? order : ascending(a->start_ns, b->start_ns);
}

static int compare_pauses(const void *x, const void *y)
{
	const struct profile_gc_pause *a = x, *b = y;
	int order = ascending(a->target, b->target);

	return order ? order : ascending(a->start_ns, b->start_ns);
}

static int compare_pools(const void *x, const void *y)
{
	const struct profile_gc_pool *a = x, *b = y;
	int order = ascending(a->target, b->target);

	order = order ? order : ascending(a->epoch, b->epoch);
	return order ? order : ascending(a->name, b->name);
}

static int compare_memory(const void *x, const void *y)
{
	const struct profile_memory *a = x, *b = y;
	int order = ascending(a->target, b->target);

	return order ? order : ascending(a->time_ns, b->time_ns);
}

static int compare_bins(const void *x, const void *y)
{
	const struct profile_bin *a = x, *b = y;
	int order = ascending(a->target, b->target);

	return order ? order : ascending(a->time_ns, b->time_ns);
}

static void sort(void *rows, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n)
		qsort(rows, n, size, compare);
}

/* The vector's rows go to the profile's table of that name. */
#define TAKE(p, table, vec, compare)                                            \
	do {                                                                    \
		(p)->table = (vec)->data;                                       \
		(p)->n_##table = (vec)->n;                                      \
		sort((p)->table, (p)->n_##table, sizeof(*(p)->table), compare); \
	} while (0)

void gc_tables_take(struct gc_tables *t, struct profile *p)
{
	TAKE(p, gc_cycles, &t->cycles, compare_cycles);
	TAKE(p, gc_pauses, &t->pauses, compare_pauses);
	TAKE(p, gc_pools, &t->pools, compare_pools);
	TAKE(p, memory, &t->memory, compare_memory);
	sort(p->bins, p->n_bins, sizeof(*p->bins), compare_bins);
	*t = (struct gc_tables){0};
}
