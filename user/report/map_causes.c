// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Why an insert allocated.
 *
 * The answer is in the functions between the allocator and mapassign, and where
 * mapassign itself allocates, in the type of the object. All that a map ever
 * allocates while a key is put into it (runtime/map*.go of Go 1.18 ... 1.25,
 * internal/runtime/maps of 1.24 ... 1.27):
 *
 *	classic
 *	  mapassign*                      the first bucket           first
 *	  mapassign                       key, value over 128 bytes  box
 *	  mapassign* < hashGrow < makeBucketArray
 *	                                  array of twice the buckets, or of
 *	                                  as many again              growth
 *	  mapassign* < hashGrow           mapextra, once a map has spare
 *	                                  overflow buckets           growth
 *	  mapassign* < newoverflow        a bucket                   overflow
 *	  mapassign* < growWork* < evacuate* < newoverflow
 *	                                  a bucket, while entries move
 *	                                  to the larger array        overflow
 *	  ... newoverflow < createOverflow, growslice
 *	                                  the list that keeps overflow buckets
 *	                                  alive where buckets have no pointers
 *	                                                             overflow
 *	Swiss
 *	  mapassign* < growToSmall        the first group            first
 *	  mapassign < putSlotSmall ...    key, value over 128 bytes  box
 *	  mapassign* < growToTable < newTable
 *	                                  a table, its groups        growth
 *	  mapassign* < growToTable        the directory with the one table
 *	                                                             directory
 *	  mapassign* < rehash < grow < newTable
 *	                                  a table of twice the groups growth
 *	  mapassign* < rehash < split < newTable
 *	                                  two tables instead of one  directory
 *	  ... split < installTableSplit   a directory of twice the size
 *	                                                             directory
 *
 * Two things look alike by their functions: in the classic mapassign the first
 * bucket and a box. Their types tell. The variants for short keys (_fast32,
 * _faststr ...) are never used for maps with boxes.
 *
 * An allocation may find that it is time for a collection, or that it has to help
 * with one, and that allocates in turn: goroutines for the collector's workers,
 * threads to run them, what a goroutine waits with (runtime.sudog). Such stacks show
 * two allocations, one below the other. They go under "other", a few per collection
 * at the most, as does what a panic about an unhashable key takes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/map_private.h"

/* Lines between the allocator and mapassign: 15 at the most, seen when a collection starts. */
#define INSIDE_MAX 64

#define MAPS "internal/runtime/maps."

/* Our own meaning of MAP_CAUSE_MAX: not decided here, look further out. */
#define FURTHER_OUT MAP_CAUSE_MAX

static const struct rule {
	const char *function;
	enum map_cause own;   /* of what the function allocates itself */
	enum map_cause below; /* of what those do which it calls, and which leave it open */
} rules[] = {
	{"runtime.(*hmap).newoverflow", MAP_CAUSE_OVERFLOW, MAP_CAUSE_OVERFLOW},
	{"runtime.(*hmap).createOverflow", MAP_CAUSE_OVERFLOW, MAP_CAUSE_OVERFLOW},
	{"runtime.hashGrow", MAP_CAUSE_GROWTH, MAP_CAUSE_GROWTH},
	{MAPS "newTable", FURTHER_OUT, FURTHER_OUT},
	{MAPS "(*Map).growToSmall", MAP_CAUSE_FIRST, MAP_CAUSE_FIRST},
	{MAPS "(*Map).growToTable", MAP_CAUSE_DIRECTORY, MAP_CAUSE_GROWTH},
	{MAPS "(*table).grow", MAP_CAUSE_GROWTH, MAP_CAUSE_GROWTH},
	{MAPS "(*table).split", MAP_CAUSE_DIRECTORY, MAP_CAUSE_DIRECTORY},
	{MAPS "(*Map).installTableSplit", MAP_CAUSE_DIRECTORY, MAP_CAUSE_DIRECTORY},
};

enum role {
	ROLE_RUNTIME, /* nothing to learn from it */
	ROLE_OUTSIDE, /* the program's own: the stack is not inside an insert */
	ROLE_ALLOCATOR,
	ROLE_ASSIGN,
	ROLE_ASSIGN_FAST,
	ROLE_RULE, /* and those after it: rules[role - ROLE_RULE] */
};

struct map_causes {
	const struct profile *p;
	uint8_t *roles; /* enum role of each function */
};

static const char *const cause_names[MAP_CAUSE_MAX] = {
	[MAP_CAUSE_GROWTH] = "growth",     [MAP_CAUSE_BOX] = "box",
	[MAP_CAUSE_OVERFLOW] = "overflow", [MAP_CAUSE_DIRECTORY] = "directory",
	[MAP_CAUSE_FIRST] = "first",       [MAP_CAUSE_OTHER] = "other",
};

const char *map_cause_name(enum map_cause cause)
{
	return cause_names[cause];
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static uint8_t role_of(const struct profile *p, const struct profile_function *f)
{
	const char *name = profile_str(p, f->name);

	if (f->category != FUNCTION_GO_RUNTIME)
		return ROLE_OUTSIDE;
	if (!strcmp(name, "runtime.mapassign"))
		return ROLE_ASSIGN;
	if (has_prefix(name, "runtime.mapassign_fast"))
		return ROLE_ASSIGN_FAST;
	if (has_prefix(name, "runtime.mallocgc"))
		return ROLE_ALLOCATOR;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!strcmp(name, rules[i].function))
			return (uint8_t)(ROLE_RULE + i);
	}
	return ROLE_RUNTIME;
}

struct map_causes *map_causes_new(const struct profile *p)
{
	struct map_causes *c = calloc(1, sizeof(*c));

	if (c) {
		c->p = p;
		c->roles = malloc(p->n_functions + 1);
	}
	if (!c || !c->roles) {
		free(c);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < p->n_functions; i++)
		c->roles[i] = role_of(p, &p->functions[i]);
	return c;
}

void map_causes_free(struct map_causes *c)
{
	if (!c)
		return;
	free(c->roles);
	free(c);
}

/* A walk from the leaf of a stack outwards. */
struct walk {
	enum map_cause cause; /* FURTHER_OUT: still open */
	bool left_allocator;  /* seen a function that is not the allocator */
	bool called;          /* seen a function that leaves the cause open */
};

static void step(struct walk *w, uint8_t role)
{
	const struct rule *rule;

	if (role == ROLE_ALLOCATOR) {
		if (w->left_allocator)
			w->cause = MAP_CAUSE_OTHER;
		return;
	}
	w->left_allocator = true;
	if (role < ROLE_RULE || w->cause != FURTHER_OUT)
		return;
	rule = &rules[role - ROLE_RULE];
	w->cause = w->called ? rule->below : rule->own;
	w->called = true;
}

bool map_causes_frame(const struct map_causes *c, uint32_t stack, struct map_frame *f)
{
	const struct profile *p = c->p;
	const struct profile_stack *s = &p->stacks[stack];
	struct walk w = {.cause = FURTHER_OUT};
	size_t seen = 0;

	for (uint32_t i = 0; i < s->n_locations; i++) {
		uint32_t location = p->stack_locations[s->first_location + i];
		const struct profile_location *l = &p->locations[location];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			uint32_t function = p->lines[l->first_line + j].function;
			uint8_t role = c->roles[function];

			if (role == ROLE_OUTSIDE || ++seen > INSIDE_MAX)
				return false;
			if (role == ROLE_ASSIGN || role == ROLE_ASSIGN_FAST) {
				*f = (struct map_frame){function, i + 1, w.cause,
							role == ROLE_ASSIGN_FAST};
				return true;
			}
			step(&w, role);
		}
	}
	return false;
}

bool map_same_type(const struct profile *p, uint32_t a, uint32_t b)
{
	const struct profile_type *t = &p->types[a], *u = &p->types[b];

	return a && b &&
	       (a == b || (t->hash == u->hash && t->size == u->size && t->name == u->name &&
			   t->package == u->package));
}

enum map_cause map_cause_of(const struct profile *p, const struct map_frame *f, uint32_t map,
			    uint32_t type)
{
	const struct profile_type *m = &p->types[map];

	if (f->cause != MAP_CAUSE_MAX)
		return f->cause;
	if (f->fast || map_same_type(p, type, m->group))
		return MAP_CAUSE_FIRST;
	if (m->flags & PROFILE_TYPE_KEY_BOXED && map_same_type(p, type, m->key))
		return MAP_CAUSE_BOX;
	if (m->flags & PROFILE_TYPE_ELEM_BOXED && map_same_type(p, type, m->elem))
		return MAP_CAUSE_BOX;
	return MAP_CAUSE_OTHER;
}
