// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "binary/go_kind.h"
#include "report/map_callers.h"

/*
 * Lines outwards from what called the runtime in which a function that inserts is
 * looked for: strconv.FormatInt < strconv.Itoa < main.key < main.load.
 */
#define CALLER_DEPTH 4
/* ... and in all: the runtime's own are few. */
#define LINES_MAX 64
/* profile/untyped.c names strings so: the runtime gives them no type. */
#define STRINGS "[string bytes]"

struct sum {
	uint32_t function, type;
	struct map_cause_sum of;
};

struct named {
	const char *name;
	uint32_t type;
};

struct map_callers {
	const struct profile *p;
	bool *inserts; /* does the function insert into a map? */
	VEC(struct sum) sums;
	struct intern index;
	VEC(struct named) names; /* of the types in sums, by name */
};

static bool same_sum(const void *ctx, uint32_t id, const void *key)
{
	const struct map_callers *c = ctx;
	const struct sum *a = &c->sums.data[id], *b = key;

	return a->function == b->function && a->type == b->type;
}

static uint64_t hash_sum(const struct sum *s)
{
	return hash_bytes(&s->function, sizeof(s->function), s->type);
}

static int add(struct map_callers *c, uint32_t function, const struct profile_sample *s)
{
	struct sum sum = {.function = function, .type = s->type};
	uint64_t hash = hash_sum(&sum);
	uint32_t id = intern_find(&c->index, hash, same_sum, c, &sum);

	if (id == INTERN_NONE) {
		id = (uint32_t)c->sums.n;
		if (vec_push(&c->sums, sum) || intern_add(&c->index, hash, id))
			return -ENOMEM;
	}
	c->sums.data[id].of.objects = map_add(c->sums.data[id].of.objects, s->objects);
	c->sums.data[id].of.bytes = map_add(c->sums.data[id].of.bytes, s->bytes);
	return 0;
}

/* The nearest function of @stack that inserts into maps, or PROFILE_NONE. */
static uint32_t caller_of(const struct map_callers *c, uint32_t stack)
{
	const struct profile *p = c->p;
	const struct profile_stack *s = &p->stacks[stack];
	unsigned int depth = 0, seen = 0;

	for (uint32_t i = 0; i < s->n_locations; i++) {
		uint32_t location = p->stack_locations[s->first_location + i];
		const struct profile_location *l = &p->locations[location];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			uint32_t function = p->lines[l->first_line + j].function;

			if (++seen > LINES_MAX)
				return PROFILE_NONE;
			if (p->functions[function].category == FUNCTION_GO_RUNTIME && !depth)
				continue;
			if (c->inserts[function])
				return function;
			if (++depth == CALLER_DEPTH)
				return PROFILE_NONE;
		}
	}
	return PROFILE_NONE;
}

static int collect(struct map_callers *c, const struct map_work *w)
{
	const struct profile *p = c->p;
	struct map_frame f;

	vec_for_each (&w->rows, r)
		c->inserts[r->site.function] = true;
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint32_t caller;

		if (s->kind != PROFILE_ALLOC || map_causes_frame(w->causes, s->stack, &f))
			continue;
		caller = caller_of(c, s->stack);
		if (caller != PROFILE_NONE && add(c, caller, s))
			return -ENOMEM;
	}
	return 0;
}

static int compare_names(const void *x, const void *y)
{
	const struct named *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int collect_names(struct map_callers *c)
{
	vec_for_each (&c->sums, s) {
		struct named named = {profile_str(c->p, c->p->types[s->type].name), s->type};

		if (vec_push(&c->names, named))
			return -ENOMEM;
	}
	if (c->names.n)
		qsort(c->names.data, c->names.n, sizeof(*c->names.data), compare_names);
	return 0;
}

struct map_callers *map_callers_new(const struct map_work *w)
{
	struct map_callers *c = calloc(1, sizeof(*c));

	if (c) {
		c->p = w->p;
		c->inserts = calloc(w->p->n_functions + 1, sizeof(*c->inserts));
	}
	if (!c || !c->inserts || collect(c, w) || collect_names(c)) {
		map_callers_free(c);
		errno = ENOMEM;
		return NULL;
	}
	return c;
}

void map_callers_free(struct map_callers *c)
{
	if (!c)
		return;
	free(c->inserts);
	vec_free(&c->sums);
	vec_free(&c->names);
	intern_free(&c->index);
	free(c);
}

struct map_cause_sum map_callers_sum(const struct map_callers *c, uint32_t function, uint32_t type)
{
	struct sum key = {.function = function, .type = type};
	uint32_t id = intern_find(&c->index, hash_sum(&key), same_sum, c, &key);

	return id == INTERN_NONE ? (struct map_cause_sum){0} : c->sums.data[id].of;
}

static uint32_t type_named(const struct map_callers *c, const char *name)
{
	struct named key = {.name = name};
	const struct named *found = NULL;

	if (c->names.n)
		found = bsearch(&key, c->names.data, c->names.n, sizeof(key), compare_names);
	return found ? found->type : 0;
}

struct map_cause_sum map_callers_strings(const struct map_callers *c, uint32_t function)
{
	uint32_t type = type_named(c, STRINGS);

	return type ? map_callers_sum(c, function, type) : (struct map_cause_sum){0};
}

uint32_t map_callers_pointee(const struct map_callers *c, uint32_t pointer)
{
	const struct profile_type *t = &c->p->types[pointer];
	const char *name = profile_str(c->p, t->name);

	return t->kind == GO_KIND_POINTER && *name == '*' ? type_named(c, name + 1) : 0;
}
