// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "binary/go_kind.h"
#include "report/types.h"

/* All sites of all types, as they are found; the tops go to the rows. */
struct place {
	uint32_t type;
	struct profile_line line;
	uint64_t objects, bytes;
};

struct type_builder {
	const struct profile *p;
	uint32_t *row_of; /* of each type, plus 1; 0: none yet */
	VEC(struct type_row) rows;
	VEC(struct place) places;
	struct intern index;
};

static bool same_place(const void *ctx, uint32_t id, const void *key)
{
	const struct type_builder *b = ctx;
	const struct place *x = &b->places.data[id], *y = key;

	return x->type == y->type && x->line.function == y->line.function &&
	       x->line.line == y->line.line;
}

static struct place *intern_place(struct type_builder *b, uint32_t type, struct profile_line line)
{
	struct place place = {.type = type, .line = line};
	uint64_t hash = hash_bytes(&place, offsetof(struct place, line) + sizeof(line), 0);
	uint32_t id = intern_find(&b->index, hash, same_place, b, &place);

	if (id != INTERN_NONE)
		return &b->places.data[id];
	if (vec_push(&b->places, place) || intern_add(&b->index, hash, (uint32_t)b->places.n - 1))
		return NULL;
	return &b->places.data[b->places.n - 1];
}

static struct type_row *row_of(struct type_builder *b, uint32_t type, uint32_t target)
{
	struct type_row row = {.type = type, .target = target};

	if (!b->row_of[type]) {
		if (vec_push(&b->rows, row))
			return NULL;
		b->row_of[type] = (uint32_t)b->rows.n;
	}
	return &b->rows.data[b->row_of[type] - 1];
}

static int add_sample(struct type_builder *b, const struct profile_sample *s)
{
	struct place *place = intern_place(b, s->type, profile_stack_site(b->p, s->stack));
	struct type_row *row = row_of(b, s->type, s->target);
	uint64_t size = b->p->types[s->type].size;

	if (!place || !row)
		return -ENOMEM;
	place->objects += s->objects;
	place->bytes += s->bytes;
	row->objects += s->objects;
	row->bytes += s->bytes;
	row->requested += s->requested;
	if (size && s->requested / size == s->objects && s->requested % size == 0)
		row->singles += s->objects;
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_lines(const struct profile *p, struct profile_line a, struct profile_line b)
{
	const struct profile_function *f = &p->functions[a.function],
				      *g = &p->functions[b.function];
	int order = strcmp(profile_str(p, f->file), profile_str(p, g->file));

	if (!order)
		order = descending(b.line, a.line);
	if (!order)
		order = strcmp(profile_str(p, f->name), profile_str(p, g->name));
	return order ? order : descending(b.function, a.function);
}

static int compare_places(const void *x, const void *y, void *ctx)
{
	const struct place *a = x, *b = y;
	int order = descending(b->type, a->type);

	if (!order)
		order = descending(a->bytes, b->bytes);
	if (!order)
		order = descending(a->objects, b->objects);
	return order ? order : compare_lines(ctx, a->line, b->line);
}

static int compare_rows(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct type_row *a = x, *b = y;
	const struct profile_type *t = &p->types[a->type], *u = &p->types[b->type];
	int order = descending(a->bytes, b->bytes);

	if (!order)
		order = descending(a->objects, b->objects);
	if (!order)
		order = strcmp(profile_str(p, t->name), profile_str(p, u->name));
	if (!order)
		order = strcmp(profile_str(p, t->package), profile_str(p, u->package));
	return order ? order : descending(b->type, a->type);
}

/* Of what the array of a slice is called by; 0: @type is no such. */
static uint32_t slice_elem(const struct profile *p, uint32_t type)
{
	return p->types[type].kind == GO_KIND_SLICE ? p->types[type].elem : 0;
}

static void add_slice(struct type_row *row, const struct type_row *slice)
{
	row->slice_objects += slice->objects;
	row->slice_bytes += slice->bytes;
	row->slice_requested += slice->requested;
}

static void fill_slices(struct type_builder *b)
{
	vec_for_each (&b->rows, row) {
		uint32_t elem = slice_elem(b->p, row->type);

		if (elem && b->row_of[elem])
			add_slice(&b->rows.data[b->row_of[elem] - 1], row);
	}
}

/* The places of a type follow each other, the greatest first. */
static void fill_sites(struct type_builder *b)
{
	if (b->places.n)
		qsort_r(b->places.data, b->places.n, sizeof(*b->places.data), compare_places,
			(void *)b->p);
	vec_for_each (&b->places, place) {
		struct type_row *row = &b->rows.data[b->row_of[place->type] - 1];

		if (row->n_sites < TYPE_SITES_MAX)
			row->sites[row->n_sites] =
				(struct type_site){place->line, place->objects, place->bytes};
		row->n_sites++;
	}
}

static int build(struct type_builder *b)
{
	int err = 0;

	b->row_of = calloc(b->p->n_types, sizeof(*b->row_of));
	if (!b->row_of)
		return -ENOMEM;
	for (size_t i = 0; !err && i < b->p->n_samples; i++) {
		if (b->p->samples[i].kind == PROFILE_ALLOC)
			err = add_sample(b, &b->p->samples[i]);
	}
	if (err)
		return err;
	fill_sites(b);
	fill_slices(b);
	if (b->rows.n)
		qsort_r(b->rows.data, b->rows.n, sizeof(*b->rows.data), compare_rows, (void *)b->p);
	return 0;
}

struct type_table *type_table_new(const struct profile *p)
{
	struct type_table *t = calloc(1, sizeof(*t));
	struct type_builder b = {.p = p};
	int err = t ? build(&b) : -ENOMEM;

	intern_free(&b.index);
	vec_free(&b.places);
	free(b.row_of);
	if (err) {
		vec_free(&b.rows);
		free(t);
		errno = -err;
		return NULL;
	}
	t->rows = b.rows.data;
	t->n = b.rows.n;
	t->totals = profile_totals(p);
	return t;
}

void type_table_free(struct type_table *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t);
}

struct type_row type_table_find(const struct type_table *t, const struct profile *p, uint32_t type)
{
	struct type_row found = {.type = type};

	for (size_t i = 0; i < t->n; i++) {
		const struct type_row *row = &t->rows[i];

		if (row->type == type)
			return *row;
		if (slice_elem(p, row->type) == type)
			add_slice(&found, row);
	}
	return found;
}

uint64_t type_row_saving(const struct type_row *row, const struct type_layout *l)
{
	uint64_t requested = row->requested + row->slice_requested;
	uint64_t in_arrays = l->size ? requested / l->size - row->singles : 0;

	return row->singles * (l->heap_bytes - l->optimal_heap_bytes) +
	       in_arrays * (l->size - l->optimal_size);
}
