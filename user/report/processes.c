// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>

#include "report/processes.h"

static void add_sample(struct process_table *t, const struct profile_sample *s)
{
	struct process_row *row = &t->rows[s->target];

	if (s->kind == PROFILE_ALLOC) {
		row->objects += s->objects;
		row->bytes += s->bytes;
	} else if (s->kind == PROFILE_MAP_INSERT) {
		row->inserts += s->objects;
	}
}

struct process_table *process_table_new(const struct profile *p)
{
	struct process_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->n = p->n_targets;
	t->rows = calloc(t->n ? t->n : 1, sizeof(*t->rows));
	if (!t->rows) {
		process_table_free(t);
		return NULL;
	}
	for (size_t i = 0; i < t->n; i++) {
		t->rows[i].target = (uint32_t)i;
		t->n_partial += p->targets[i].untapped_ns > 0;
	}
	for (size_t i = 0; i < p->n_samples; i++)
		add_sample(t, &p->samples[i]);
	return t;
}

static int more_first(const void *a, const void *b)
{
	const struct process_row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	if (x->objects != y->objects)
		return x->objects < y->objects ? 1 : -1;
	return x->target < y->target ? -1 : x->target > y->target;
}

void process_table_sort(struct process_table *t)
{
	qsort(t->rows, t->n, sizeof(*t->rows), more_first);
}

void process_table_free(struct process_table *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t);
}
