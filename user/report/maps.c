// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Joins three things that the kernel side counts apart:
 *
 *	insert	mapassign_faststr < main.load < main.main		map[string]main.User
 *	object	mallocgc < newobject < mapassign_faststr < main.load < main.main
 *								map.bucket[string]main.User
 *	growth	hashGrow < mapassign_faststr < main.load < main.main	map[string]main.User
 *
 * Only inserts and growths know the type of the map. An object belongs to the
 * map that was inserted into where its stack passes through mapassign: at the
 * same place, that is the same function called through the same PLACE_DEPTH
 * calls. (Not through all of them: deep stacks are cut at their outer end, and
 * that of the object is the deeper one.)
 *
 * Nearly always one type of map is inserted into at a place. Where it is several
 * (reflection, generic functions that share code), the object's own type says
 * which: it is the bucket, group, key or elem of one of them. What is the same for
 * all maps (tables, directories, lists of overflow buckets) goes to the type that
 * grew most there, and where none did to the one inserted into most.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "profile/native_container.h"
#include "report/map_private.h"
#include "report/type_layout.h"

#define PLACE_DEPTH 16
#define NO_CELL     UINT32_MAX

/* Where in a target maps are inserted into. */
struct place {
	uint32_t target;
	uint32_t function; /* mapassign or a sibling */
	uint32_t stack;    /* one that passes through it; its calls begin at @outer */
	uint32_t outer;
	uint32_t cells; /* the first one */
};

/* A type of map at a place. */
struct cell {
	uint32_t place, type;
	uint32_t next; /* of the place */
	uint64_t inserts, growths;
};

struct joiner {
	struct map_work work;
	VEC(struct place) places;
	VEC(struct cell) cells;
	struct intern place_index, cell_index, row_index;
};

static const uint32_t *place_calls(const struct profile *p, const struct place *l, uint32_t *n)
{
	const struct profile_stack *s = &p->stacks[l->stack];

	*n = s->n_locations - l->outer;
	if (*n > PLACE_DEPTH)
		*n = PLACE_DEPTH;
	return &p->stack_locations[s->first_location + l->outer];
}

static bool same_place(const void *ctx, uint32_t id, const void *key)
{
	const struct joiner *j = ctx;
	const struct place *a = &j->places.data[id], *b = key;
	uint32_t n, m;
	const uint32_t *calls = place_calls(j->work.p, a, &n);
	const uint32_t *others = place_calls(j->work.p, b, &m);

	return a->target == b->target && a->function == b->function && n == m &&
	       !memcmp(calls, others, n * sizeof(*calls));
}

/* The place of a stack, made if need be; INTERN_NONE without memory. */
static uint32_t find_place(struct joiner *j, uint32_t target, uint32_t stack,
			   const struct map_frame *f)
{
	struct place place = {target, f->function, stack, f->outer, NO_CELL};
	uint32_t n, id;
	const uint32_t *calls = place_calls(j->work.p, &place, &n);
	uint64_t hash = hash_bytes(calls, n * sizeof(*calls), (uint64_t)target << 32 | f->function);

	id = intern_find(&j->place_index, hash, same_place, j, &place);
	if (id != INTERN_NONE)
		return id;
	id = (uint32_t)j->places.n;
	if (vec_push(&j->places, place) || intern_add(&j->place_index, hash, id))
		return INTERN_NONE;
	return id;
}

static bool same_cell(const void *ctx, uint32_t id, const void *key)
{
	const struct joiner *j = ctx;
	const struct cell *a = &j->cells.data[id], *b = key;

	return a->place == b->place && a->type == b->type;
}

static struct cell *find_cell(struct joiner *j, uint32_t place, uint32_t type)
{
	struct cell cell = {.place = place, .type = type};
	uint64_t hash = hash_bytes(&place, sizeof(place), type);
	uint32_t id = intern_find(&j->cell_index, hash, same_cell, j, &cell);

	if (id != INTERN_NONE)
		return &j->cells.data[id];
	id = (uint32_t)j->cells.n;
	cell.next = j->places.data[place].cells;
	if (vec_push(&j->cells, cell) || intern_add(&j->cell_index, hash, id))
		return NULL;
	j->places.data[place].cells = id;
	return &j->cells.data[id];
}

static bool same_row(const void *ctx, uint32_t id, const void *key)
{
	const struct joiner *j = ctx;
	const struct map_row *a = &j->work.rows.data[id], *b = key;

	return a->type == b->type && a->site.function == b->site.function &&
	       a->site.line == b->site.line;
}

/* The row of a type where @stack inserts; INTERN_NONE without memory. */
static uint32_t find_row(struct joiner *j, uint32_t target, uint32_t stack, uint32_t type)
{
	struct map_row row = {.target = target, .type = type};
	struct map_detail detail = {0};
	uint64_t hash;
	uint32_t id;

	row.site = profile_stack_site(j->work.p, stack);
	hash = hash_bytes(&row.site, sizeof(row.site), type);
	id = intern_find(&j->row_index, hash, same_row, j, &row);
	if (id != INTERN_NONE)
		return id;
	id = (uint32_t)j->work.rows.n;
	if (vec_push(&j->work.rows, row) || vec_push(&j->work.details, detail) ||
	    intern_add(&j->row_index, hash, id))
		return INTERN_NONE;
	return id;
}

static int add_insert(struct joiner *j, const struct profile_sample *s)
{
	uint32_t row = find_row(j, s->target, s->stack, s->type), place;
	struct map_frame f;
	struct map_row *r;
	struct cell *c;

	if (row == INTERN_NONE)
		return -ENOMEM;
	r = &j->work.rows.data[row];
	r->inserts = map_add(r->inserts, s->objects);
	if (s->entries > r->largest)
		r->largest = s->entries;
	/* Not so where the stack was lost. */
	if (!map_causes_frame(j->work.causes, s->stack, &f))
		return 0;
	place = find_place(j, s->target, s->stack, &f);
	c = place != INTERN_NONE ? find_cell(j, place, s->type) : NULL;
	if (!c)
		return -ENOMEM;
	c->inserts = map_add(c->inserts, s->objects);
	return 0;
}

static int add_growth(struct joiner *j, uint32_t index)
{
	const struct profile_growth *g = &j->work.p->growths[index];
	struct map_grown grown = {.growth = index, .type = g->type};
	struct map_frame f;
	struct map_row *r;
	struct cell *c;
	uint32_t place;

	/* Deleting moves entries on too, and may chain a bucket: no insert's doing. */
	if (!map_causes_frame(j->work.causes, g->stack, &f))
		return 0;
	grown.row = find_row(j, g->target, g->stack, g->type);
	place = grown.row != INTERN_NONE ? find_place(j, g->target, g->stack, &f) : INTERN_NONE;
	c = place != INTERN_NONE ? find_cell(j, place, g->type) : NULL;
	if (!c || vec_push(&j->work.grown, grown))
		return -ENOMEM;
	c->growths = map_add(c->growths, g->count);
	r = &j->work.rows.data[grown.row];
	if (g->entries > r->largest)
		r->largest = g->entries;
	return 0;
}

static bool is_part(const struct profile *p, uint32_t map, uint32_t type)
{
	const struct profile_type *m = &p->types[map];

	return map_same_type(p, type, m->group) || map_same_type(p, type, m->key) ||
	       map_same_type(p, type, m->elem);
}

/* The type of map that an object of @type at @place was for; 0: none was inserted into. */
static uint32_t map_of(const struct joiner *j, uint32_t place, uint32_t type)
{
	const struct cell *best = NULL;
	bool best_part = false;

	for (uint32_t i = j->places.data[place].cells; i != NO_CELL; i = j->cells.data[i].next) {
		const struct cell *c = &j->cells.data[i];
		bool part = is_part(j->work.p, c->type, type), better = !best;

		if (best && part != best_part)
			better = part;
		else if (best && c->growths != best->growths)
			better = c->growths > best->growths;
		else if (best)
			better = c->inserts > best->inserts;
		if (!better)
			continue;
		best = c;
		best_part = part;
	}
	return best ? best->type : 0;
}

static void add_to(struct map_cause_sum *sum, const struct profile_sample *s)
{
	sum->objects = map_add(sum->objects, s->objects);
	sum->bytes = map_add(sum->bytes, s->bytes);
}

static int add_object(struct joiner *j, const struct profile_sample *s)
{
	const struct profile *p = j->work.p;
	uint32_t place, map, row;
	enum map_cause cause;
	struct map_frame f;
	struct map_row *r;

	if (!map_causes_frame(j->work.causes, s->stack, &f))
		return 0;
	place = find_place(j, s->target, s->stack, &f);
	if (place == INTERN_NONE)
		return -ENOMEM;
	map = map_of(j, place, s->type);
	row = find_row(j, s->target, s->stack, map);
	if (row == INTERN_NONE)
		return -ENOMEM;
	r = &j->work.rows.data[row];
	cause = map_cause_of(p, &f, map, s->type);
	add_to(&r->causes[cause], s);
	r->objects = map_add(r->objects, s->objects);
	r->bytes = map_add(r->bytes, s->bytes);
	if (cause == MAP_CAUSE_BOX && map_same_type(p, s->type, p->types[map].elem))
		add_to(&j->work.details.data[row].elem_boxes, s);
	return 0;
}

/* Types are known only once all inserts and growths are. */
static int join(struct joiner *j)
{
	const struct profile *p = j->work.p;
	int err = 0;

	for (size_t i = 0; !err && i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_MAP_INSERT &&
		    !container_of_type(p, p->samples[i].type))
			err = add_insert(j, &p->samples[i]);
	}
	for (size_t i = 0; !err && i < p->n_growths; i++) {
		if (!container_of_type(p, p->growths[i].type))
			err = add_growth(j, (uint32_t)i);
	}
	for (size_t i = 0; !err && i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_ALLOC)
			err = add_object(j, &p->samples[i]);
	}
	return err;
}

const struct map_value *map_value_of(struct map_work *w, uint32_t target, uint32_t type)
{
	struct map_value *v = &w->values[type];
	struct type_layout *l;

	if (v->known)
		return v;
	l = type_layout_new(w->p, target, type);
	if (!l && errno == ENOMEM)
		return NULL;
	*v = (struct map_value){
		.known = true,
		.is_struct = l,
		.pointer_fields = l ? l->pointer_fields : w->p->types[type].ptr_bytes > 0,
		.padding = l ? l->padding : 0,
		.optimal_size = l ? l->optimal_size : w->p->types[type].size,
	};
	type_layout_free(l);
	return v;
}

static int add_facts(struct map_work *w, struct map_row *r)
{
	const struct profile_type *m = &w->p->types[r->type];
	const struct map_value *v = map_value_of(w, r->target, m->elem);
	double pair = (double)w->p->types[m->key].size + (double)w->p->types[m->elem].size;

	if (!v)
		return -ENOMEM;
	r->elem_padding = v->padding;
	r->elem_pointer_fields = v->pointer_fields;
	if (m->key && m->elem && r->inserts && pair > 0)
		r->amplification = (double)r->bytes / ((double)r->inserts * pair);
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_rows(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct map_row *a = x, *b = y;
	const struct profile_function *f = &p->functions[a->site.function];
	const struct profile_function *g = &p->functions[b->site.function];
	int order = descending(a->bytes, b->bytes);

	if (!order)
		order = descending(a->inserts, b->inserts);
	if (!order)
		order = strcmp(profile_str(p, p->types[a->type].name),
			       profile_str(p, p->types[b->type].name));
	if (!order)
		order = strcmp(profile_str(p, f->name), profile_str(p, g->name));
	if (!order)
		order = strcmp(profile_str(p, f->file), profile_str(p, g->file));
	if (!order)
		order = descending(b->site.line, a->site.line);
	if (!order)
		order = descending(b->site.function, a->site.function);
	return order ? order : descending(b->type, a->type);
}

static int make_rows(struct joiner *j)
{
	const struct profile *p = j->work.p;
	int err = 0;

	j->work.causes = map_causes_new(p);
	j->work.heaps = calloc(p->n_targets + 1, sizeof(*j->work.heaps));
	j->work.values = calloc(p->n_types, sizeof(*j->work.values));
	if (!j->work.causes || !j->work.heaps || !j->work.values)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_targets; i++)
		j->work.heaps[i] = go_heap_of(p, (uint32_t)i);
	err = join(j);
	for (size_t i = 0; !err && i < j->work.rows.n; i++)
		err = add_facts(&j->work, &j->work.rows.data[i]);
	if (!err)
		err = map_growth_add(&j->work);
	if (!err)
		err = map_advice_add(&j->work);
	return err ? err : map_containers_add(&j->work);
}

static struct map_table *make_table(struct joiner *j)
{
	struct map_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->rows = j->work.rows.data;
	t->n = j->work.rows.n;
	j->work.rows.data = NULL;
	j->work.rows.n = 0;
	for (size_t i = 0; i < t->n; i++) {
		t->inserts = map_add(t->inserts, t->rows[i].inserts);
		t->bytes = map_add(t->bytes, t->rows[i].bytes);
	}
	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, (void *)j->work.p);
	return t;
}

static void free_rows(struct map_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < rows[i].n_advice; k++)
			free(rows[i].advice[k].text);
		free(rows[i].advice);
	}
	free(rows);
}

struct map_table *map_table_new(const struct profile *p)
{
	struct joiner j = {.work.p = p};
	struct map_table *t = make_rows(&j) ? NULL : make_table(&j);

	map_causes_free(j.work.causes);
	free_rows(j.work.rows.data, j.work.rows.n);
	vec_free(&j.work.details);
	vec_free(&j.work.grown);
	free(j.work.heaps);
	free(j.work.values);
	vec_free(&j.places);
	vec_free(&j.cells);
	intern_free(&j.place_index);
	intern_free(&j.cell_index);
	intern_free(&j.row_index);
	if (!t)
		errno = ENOMEM;
	return t;
}

void map_table_free(struct map_table *t)
{
	if (!t)
		return;
	free_rows(t->rows, t->n);
	free(t);
}
