// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "report/space.h"

struct space_builder {
	const struct profile *p;
	VEC(struct space_row) rows;
	struct intern index;
	struct space_sum totals[SPACE_KINDS];
};

const char *space_kind_name(enum profile_kind kind)
{
	static const char *const names[SPACE_KINDS] = {"mmap", "munmap", "mremap", "brk"};

	return names[kind - PROFILE_MMAP];
}

/* The caller of the function that was tapped: the second line, or all there is. */
static struct profile_line caller(const struct profile *p, uint32_t stack)
{
	const struct profile_stack *s = &p->stacks[stack];
	const struct profile_location *l = &p->locations[p->stack_locations[s->first_location]];

	if (s->n_locations > 1)
		l = &p->locations[p->stack_locations[s->first_location + 1]];
	return p->lines[l->first_line];
}

static bool same_row(const void *ctx, uint32_t id, const void *key)
{
	const struct space_builder *b = ctx;
	const struct space_row *a = &b->rows.data[id], *k = key;

	return a->kind == k->kind && a->site.function == k->site.function &&
	       a->site.line == k->site.line;
}

static int add_sample(struct space_builder *b, const struct profile_sample *s)
{
	struct space_row row = {.kind = s->kind, .site = caller(b->p, s->stack)};
	uint64_t hash = hash_bytes(&row.site, sizeof(row.site), s->kind);
	uint32_t id = intern_find(&b->index, hash, same_row, b, &row);
	struct space_sum *total = &b->totals[s->kind - PROFILE_MMAP];

	if (id == INTERN_NONE) {
		id = (uint32_t)b->rows.n;
		if (vec_push(&b->rows, row) || intern_add(&b->index, hash, id))
			return -ENOMEM;
	}
	b->rows.data[id].sum.calls += s->objects;
	b->rows.data[id].sum.bytes += s->bytes;
	total->calls += s->objects;
	total->bytes += s->bytes;
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_rows(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct space_row *a = x, *b = y;
	int order = descending(a->sum.bytes, b->sum.bytes);

	if (!order)
		order = descending(a->sum.calls, b->sum.calls);
	if (!order)
		order = descending(b->kind, a->kind);
	if (!order)
		order = strcmp(profile_str(p, p->functions[a->site.function].name),
			       profile_str(p, p->functions[b->site.function].name));
	if (!order)
		order = descending(b->site.line, a->site.line);
	return order ? order : descending(b->site.function, a->site.function);
}

struct space_table *space_table_new(const struct profile *p)
{
	struct space_table *t = calloc(1, sizeof(*t));
	struct space_builder b = {.p = p};
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < p->n_samples; i++) {
		if (p->samples[i].kind >= PROFILE_MMAP && p->samples[i].kind <= PROFILE_BRK)
			err = add_sample(&b, &p->samples[i]);
	}
	intern_free(&b.index);
	if (err) {
		vec_free(&b.rows);
		free(t);
		errno = ENOMEM;
		return NULL;
	}
	t->rows = b.rows.data;
	t->n = b.rows.n;
	memcpy(t->totals, b.totals, sizeof(t->totals));
	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, (void *)p);
	return t;
}

void space_table_free(struct space_table *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t);
}
