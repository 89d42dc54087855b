// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The compiler turns new(T), &T{...}, a variable that is moved to the heap, and a
 * closure into a call of runtime.newobject, or of the allocator itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "binary/go_kind.h"
#include "report/escapes.h"

struct escape_builder {
	const struct profile *p;
	VEC(struct escape) rows;
	struct intern index;
};

/* The lines of a stack from the leaf, inlined ones too. */
struct walk {
	const struct profile *p;
	const uint32_t *location, *end; /* in profile.stack_locations */
	uint32_t line;                  /* of that location, the next */
};

static const struct profile_line *walk_next(struct walk *w)
{
	const struct profile_location *l;

	if (w->location == w->end)
		return NULL;
	l = &w->p->locations[*w->location];
	if (w->line + 1 < l->n_lines)
		return &w->p->lines[l->first_line + w->line++];
	w->location++;
	w->line = 0;
	return &w->p->lines[l->first_line + l->n_lines - 1];
}

static const char *name_of(const struct profile *p, const struct profile_line *line)
{
	return profile_str(p, p->functions[line->function].name);
}

static bool is_allocator(const char *name)
{
	static const char prefix[] = "runtime.mallocgc";

	return !strncmp(name, prefix, sizeof(prefix) - 1);
}

static bool is_program(const struct profile *p, const struct profile_line *line)
{
	return p->functions[line->function].category == FUNCTION_GO;
}

/* A function of the runtime's by another name (runtime/slice.go): bytes for strings. */
static bool is_lent(const char *name)
{
	return !strcmp(name, "internal/bytealg.MakeNoZero");
}

/*
 * What the allocator was called for directly: make() and copy() in one are such a
 * call too, but of a slice (profile/untyped.c says so by the type's name).
 */
static bool is_slice(const struct profile *p, uint32_t type)
{
	const struct profile_type *t = &p->types[type];
	const char *name = profile_str(p, t->name);

	if (t->kind)
		return t->kind == GO_KIND_SLICE && !t->size;
	return !strncmp(name, "[slice of", 9) || !strncmp(name, "[no type", 8);
}

/* Where the program made a single object; NULL where this is no such allocation. */
static const struct profile_line *escape_line(const struct profile *p,
					      const struct profile_sample *s)
{
	const struct profile_stack *stack = &p->stacks[s->stack];
	const uint32_t *first = p->stack_locations + stack->first_location;
	struct walk w = {.p = p, .location = first, .end = first + stack->n_locations};
	const struct profile_line *line = walk_next(&w);

	if (!line || !is_allocator(name_of(p, line)))
		return NULL;
	while (line && is_allocator(name_of(p, line)))
		line = walk_next(&w);
	if (line && !strcmp(name_of(p, line), "runtime.newobject"))
		line = walk_next(&w);
	else if (line && (is_lent(name_of(p, line)) || is_slice(p, s->type)))
		return NULL;
	return line && is_program(p, line) ? line : NULL;
}

static bool same_escape(const void *ctx, uint32_t id, const void *key)
{
	const struct escape_builder *b = ctx;
	const struct escape *x = &b->rows.data[id], *y = key;

	return x->type == y->type && x->line.function == y->line.function &&
	       x->line.line == y->line.line;
}

static struct escape *intern_escape(struct escape_builder *b, const struct profile_line *line,
				    uint32_t type)
{
	struct escape row = {.line = *line, .type = type};
	uint64_t hash = hash_bytes(&row, offsetof(struct escape, type) + sizeof(type), 0);
	uint32_t id = intern_find(&b->index, hash, same_escape, b, &row);

	if (id != INTERN_NONE)
		return &b->rows.data[id];
	if (vec_push(&b->rows, row) || intern_add(&b->index, hash, (uint32_t)b->rows.n - 1))
		return NULL;
	return &b->rows.data[b->rows.n - 1];
}

static int add_samples(struct escape_builder *b)
{
	for (size_t i = 0; i < b->p->n_samples; i++) {
		const struct profile_sample *s = &b->p->samples[i];
		const struct profile_line *line =
			s->kind == PROFILE_ALLOC ? escape_line(b->p, s) : NULL;
		struct escape *row = line ? intern_escape(b, line, s->type) : NULL;

		if (!line)
			continue;
		if (!row)
			return -ENOMEM;
		row->objects += s->objects;
		row->bytes += s->bytes;
	}
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_escapes(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct escape *a = x, *b = y;
	const struct profile_function *f = &p->functions[a->line.function];
	const struct profile_function *g = &p->functions[b->line.function];
	int order = descending(a->objects, b->objects);

	if (!order)
		order = descending(a->bytes, b->bytes);
	if (!order)
		order = strcmp(profile_str(p, f->file), profile_str(p, g->file));
	if (!order)
		order = descending(b->line.line, a->line.line);
	if (!order)
		order = descending(b->line.function, a->line.function);
	return order ? order : descending(b->type, a->type);
}

struct escape_table *escape_table_new(const struct profile *p)
{
	struct escape_table *t = calloc(1, sizeof(*t));
	struct escape_builder b = {.p = p};
	int err = t ? add_samples(&b) : -ENOMEM;

	intern_free(&b.index);
	if (err) {
		vec_free(&b.rows);
		free(t);
		errno = -err;
		return NULL;
	}
	t->rows = b.rows.data;
	t->n = b.rows.n;
	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_escapes, (void *)p);
	for (size_t i = 0; i < t->n; i++) {
		t->objects += t->rows[i].objects;
		t->bytes += t->rows[i].bytes;
	}
	return t;
}

void escape_table_free(struct escape_table *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t);
}
