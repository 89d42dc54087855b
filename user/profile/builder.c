// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Every table of the builder is interned, and most in the same way: the first
 * key_size bytes of a row tell whether it is there already. Those bytes are
 * plain integers without padding (asserted below), so memcmp() will do.
 * Locations and stacks also own a run of another array and compare that too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "profile/builder.h"
#include "profile/gc_tables.h"
#include "profile/live_table.h"
#include "profile/profile_strings.h"

struct table {
	void *rows;
	size_t n, cap, row_size, key_size;
	struct intern index;
};

#define TABLE(type, last_key_field)                                  \
	((struct table){.row_size = sizeof(type),                    \
			.key_size = offsetof(type, last_key_field) + \
				    sizeof(((type *)0)->last_key_field)})

_Static_assert(offsetof(struct profile_mapping, build_id) ==
		       3 * sizeof(uint64_t) + 2 * sizeof(uint32_t),
	       "no padding");
_Static_assert(offsetof(struct profile_function, category) == 4 * sizeof(uint32_t), "no padding");
_Static_assert(offsetof(struct profile_sample, type) == 4 * sizeof(uint32_t), "no padding");
_Static_assert(offsetof(struct profile_growth, map) == 5 * sizeof(uint32_t), "no padding");
_Static_assert(offsetof(struct profile_bin, target) == sizeof(uint64_t), "no padding");
_Static_assert(offsetof(struct profile_type, group) == 5 * sizeof(uint64_t) + 8 * sizeof(uint32_t),
	       "no padding");
_Static_assert(sizeof(enum profile_kind) == sizeof(uint32_t) &&
		       sizeof(enum function_category) == sizeof(uint32_t),
	       "no padding");

struct profile_builder {
	struct strtab strings;
	struct table targets, mappings, functions, locations, stacks, types, samples, growths, bins,
		losses;
	VEC(struct profile_line) lines;
	VEC(struct profile_field) fields;
	VEC(uint32_t) stack_locations;
	struct gc_tables gc;
	struct live_table live;
	bool failed;
};

struct location_key {
	uint64_t address;
	uint32_t mapping;
	const struct profile_line *lines;
	size_t n_lines;
};

struct type_key {
	const struct profile_type *type;
	const struct profile_field *fields;
	size_t n;
};

struct stack_key {
	uint32_t flags;
	const uint32_t *locations;
	size_t n;
};

static void *table_row(const struct table *t, uint32_t id)
{
	return (char *)t->rows + id * t->row_size;
}

static void table_free(struct table *t)
{
	intern_free(&t->index);
	free(t->rows);
	t->rows = NULL;
	t->n = t->cap = 0;
}

static uint32_t table_append(struct table *t, uint64_t hash, const void *row)
{
	if (vec_grow(&t->rows, &t->cap, t->n + 1, t->row_size) ||
	    intern_add(&t->index, hash, (uint32_t)t->n))
		return PROFILE_NONE;
	memcpy(table_row(t, (uint32_t)t->n), row, t->row_size);
	return (uint32_t)t->n++;
}

static bool same_key(const void *ctx, uint32_t id, const void *key)
{
	const struct table *t = ctx;

	return !memcmp(table_row(t, id), key, t->key_size);
}

/* The id of the row with the key of @row, appended if new (*added says so). */
static uint32_t table_intern(struct table *t, const void *row, bool *added)
{
	uint64_t hash = hash_bytes(row, t->key_size, 0);
	uint32_t id = intern_find(&t->index, hash, same_key, t, row);

	*added = id == INTERN_NONE;
	return *added ? table_append(t, hash, row) : id;
}

static uint32_t checked(struct profile_builder *b, uint32_t id)
{
	if (id == PROFILE_NONE)
		b->failed = true;
	return id;
}

static uint32_t builder_intern(struct profile_builder *b, struct table *t, const void *row)
{
	bool added;

	return b->failed ? PROFILE_NONE : checked(b, table_intern(t, row, &added));
}

static int builder_init(struct profile_builder *b)
{
	*b = (struct profile_builder){
		.targets = TABLE(struct profile_target, end_ns),
		.mappings = TABLE(struct profile_mapping, build_id),
		.functions = TABLE(struct profile_function, category),
		.locations = {.row_size = sizeof(struct profile_location)},
		.stacks = {.row_size = sizeof(struct profile_stack)},
		.types = TABLE(struct profile_type, group),
		.samples = TABLE(struct profile_sample, type),
		.growths = TABLE(struct profile_growth, map),
		.bins = TABLE(struct profile_bin, target),
		.losses = TABLE(struct profile_loss, reason),
	};
	if (strtab_init(&b->strings))
		return -ENOMEM;
	profile_builder_type(b, &(struct profile_type){0}, NULL, 0);
	return b->failed ? -ENOMEM : 0;
}

struct profile_builder *profile_builder_new(void)
{
	struct profile_builder *b = malloc(sizeof(*b));

	if (b && builder_init(b)) {
		profile_builder_free(b);
		return NULL;
	}
	return b;
}

static void builder_clear(struct profile_builder *b)
{
	strtab_free(&b->strings);
	table_free(&b->targets);
	table_free(&b->mappings);
	table_free(&b->functions);
	table_free(&b->locations);
	table_free(&b->stacks);
	table_free(&b->types);
	table_free(&b->samples);
	table_free(&b->growths);
	table_free(&b->bins);
	table_free(&b->losses);
	live_table_free(&b->live);
	vec_free(&b->lines);
	vec_free(&b->fields);
	vec_free(&b->stack_locations);
	gc_tables_free(&b->gc);
}

void profile_builder_free(struct profile_builder *b)
{
	if (!b)
		return;
	builder_clear(b);
	free(b);
}

str_id profile_builder_str(struct profile_builder *b, const char *s)
{
	int64_t id = b->failed ? -1 : strtab_add(&b->strings, s);

	return checked(b, id < 0 ? PROFILE_NONE : (str_id)id);
}

uint32_t profile_builder_target(struct profile_builder *b, const struct profile_target *target)
{
	uint64_t number = b->targets.n;

	if (b->failed)
		return PROFILE_NONE;
	return checked(b,
		       table_append(&b->targets, hash_bytes(&number, sizeof(number), 0), target));
}

uint32_t profile_builder_mapping(struct profile_builder *b, const struct profile_mapping *m)
{
	return builder_intern(b, &b->mappings, m);
}

uint32_t profile_builder_function(struct profile_builder *b, const struct profile_function *f)
{
	return builder_intern(b, &b->functions, f);
}

static bool same_location(const void *ctx, uint32_t id, const void *key)
{
	const struct profile_builder *b = ctx;
	const struct location_key *k = key;
	const struct profile_location *l = table_row(&b->locations, id);

	return l->address == k->address && l->mapping == k->mapping && l->n_lines == k->n_lines &&
	       !memcmp(b->lines.data + l->first_line, k->lines, k->n_lines * sizeof(*k->lines));
}

static uint32_t intern_location(struct profile_builder *b, const struct location_key *k)
{
	struct profile_location row = {.address = k->address,
				       .mapping = k->mapping,
				       .first_line = (uint32_t)b->lines.n,
				       .n_lines = (uint32_t)k->n_lines};
	uint64_t hash = hash_bytes(k->lines, k->n_lines * sizeof(*k->lines), k->address);
	uint32_t id;

	hash = hash_bytes(&k->mapping, sizeof(k->mapping), hash);
	id = intern_find(&b->locations.index, hash, same_location, b, k);
	if (id != INTERN_NONE)
		return id;
	if (b->lines.n + k->n_lines > UINT32_MAX || vec_reserve(&b->lines, b->lines.n + k->n_lines))
		return PROFILE_NONE;
	memcpy(b->lines.data + b->lines.n, k->lines, k->n_lines * sizeof(*k->lines));
	b->lines.n += k->n_lines;
	return table_append(&b->locations, hash, &row);
}

/* A function that says why there is no real one. */
static uint32_t special_function(struct profile_builder *b, const char *name)
{
	str_id id = profile_builder_str(b, name);

	return profile_builder_function(b,
					&(struct profile_function){.name = id, .system_name = id});
}

uint32_t profile_builder_location(struct profile_builder *b, uint64_t address, uint32_t mapping,
				  const struct profile_line *lines, size_t n_lines)
{
	struct location_key key = {address, mapping, lines, n_lines};
	struct profile_line unknown = {0};

	if (!n_lines) {
		unknown.function = special_function(b, "[unknown]");
		key.lines = &unknown;
		key.n_lines = 1;
	}
	return b->failed ? PROFILE_NONE : checked(b, intern_location(b, &key));
}

static bool same_stack(const void *ctx, uint32_t id, const void *key)
{
	const struct profile_builder *b = ctx;
	const struct stack_key *k = key;
	const struct profile_stack *s = table_row(&b->stacks, id);

	return s->flags == k->flags && s->n_locations == k->n &&
	       !memcmp(b->stack_locations.data + s->first_location, k->locations,
		       k->n * sizeof(*k->locations));
}

static uint32_t intern_stack(struct profile_builder *b, const struct stack_key *k)
{
	struct profile_stack row = {.first_location = (uint32_t)b->stack_locations.n,
				    .n_locations = (uint32_t)k->n,
				    .flags = k->flags};
	uint64_t hash = hash_bytes(k->locations, k->n * sizeof(*k->locations), k->flags);
	uint32_t id = intern_find(&b->stacks.index, hash, same_stack, b, k);
	size_t end = b->stack_locations.n + k->n;

	if (id != INTERN_NONE)
		return id;
	if (end > UINT32_MAX || vec_reserve(&b->stack_locations, end))
		return PROFILE_NONE;
	memcpy(b->stack_locations.data + b->stack_locations.n, k->locations,
	       k->n * sizeof(*k->locations));
	b->stack_locations.n = end;
	return table_append(&b->stacks, hash, &row);
}

uint32_t profile_builder_stack(struct profile_builder *b, const uint32_t *locations, size_t n,
			       uint32_t flags)
{
	struct stack_key key = {flags, locations, n};
	struct profile_line line = {0};
	uint32_t nowhere;

	if (!n) {
		line.function = special_function(b, "[no stack]");
		nowhere = profile_builder_location(b, 0, PROFILE_NONE, &line, 1);
		key.locations = &nowhere;
		key.n = 1;
	}
	return b->failed ? PROFILE_NONE : checked(b, intern_stack(b, &key));
}

const char *profile_builder_stack_line(const struct profile_builder *b, uint32_t stack, size_t i)
{
	const struct profile_stack *s;

	if (b->failed || stack >= b->stacks.n)
		return NULL;
	s = table_row(&b->stacks, stack);
	for (uint32_t j = 0; j < s->n_locations; j++) {
		const struct profile_location *l =
			table_row(&b->locations, b->stack_locations.data[s->first_location + j]);

		if (i < l->n_lines) {
			const struct profile_line *line = &b->lines.data[l->first_line + i];
			const struct profile_function *f = table_row(&b->functions, line->function);

			return strtab_get(&b->strings, f->name);
		}
		i -= l->n_lines;
	}
	return NULL;
}

static bool same_field(const struct profile_field *f, const struct profile_field *g)
{
	return f->offset == g->offset && f->name == g->name && f->type == g->type &&
	       f->embedded == g->embedded;
}

static bool same_type(const void *ctx, uint32_t id, const void *key)
{
	const struct profile_builder *b = ctx;
	const struct type_key *k = key;
	const struct profile_type *t = table_row(&b->types, id);

	if (memcmp(t, k->type, b->types.key_size) || t->n_fields != k->n)
		return false;
	for (size_t i = 0; i < k->n; i++) {
		if (!same_field(&b->fields.data[t->first_field + i], &k->fields[i]))
			return false;
	}
	return true;
}

static uint32_t intern_type(struct profile_builder *b, const struct type_key *k)
{
	uint64_t hash = hash_bytes(k->type, b->types.key_size, k->n);
	uint32_t id = intern_find(&b->types.index, hash, same_type, b, k);
	struct profile_type row = *k->type;
	size_t end = b->fields.n + k->n;

	if (id != INTERN_NONE)
		return id;
	if (end > UINT32_MAX || vec_reserve(&b->fields, end))
		return PROFILE_NONE;
	row.first_field = k->n ? (uint32_t)b->fields.n : 0;
	row.n_fields = (uint32_t)k->n;
	for (size_t i = 0; i < k->n; i++)
		b->fields.data[b->fields.n++] = k->fields[i];
	return table_append(&b->types, hash, &row);
}

uint32_t profile_builder_type(struct profile_builder *b, const struct profile_type *type,
			      const struct profile_field *fields, size_t n_fields)
{
	struct type_key key = {type, fields, n_fields};

	return b->failed ? PROFILE_NONE : checked(b, intern_type(b, &key));
}

const char *profile_builder_type_name(const struct profile_builder *b, uint32_t type)
{
	const struct profile_type *t;

	if (b->failed || type >= b->types.n)
		return "";
	t = table_row(&b->types, type);
	return strtab_get(&b->strings, t->name);
}

int profile_builder_growth(struct profile_builder *b, const struct profile_growth *g)
{
	struct profile_growth *sum;
	uint32_t id;
	bool added;

	if (b->failed)
		return -ENOMEM;
	id = checked(b, table_intern(&b->growths, g, &added));
	if (id == PROFILE_NONE)
		return -ENOMEM;
	if (!added) {
		sum = table_row(&b->growths, id);
		sum->count += g->count;
		if (g->entries > sum->entries)
			sum->entries = g->entries;
	}
	return 0;
}

int profile_builder_sample(struct profile_builder *b, const struct profile_sample *s)
{
	struct profile_sample *sum;
	uint32_t id;
	bool added;

	if (b->failed)
		return -ENOMEM;
	id = checked(b, table_intern(&b->samples, s, &added));
	if (id == PROFILE_NONE)
		return -ENOMEM;
	if (!added) {
		sum = table_row(&b->samples, id);
		sum->objects += s->objects;
		sum->bytes += s->bytes;
		sum->requested += s->requested;
		sum->ns += s->ns;
		if (s->entries > sum->entries)
			sum->entries = s->entries;
	}
	return 0;
}

int profile_builder_gc_cycle(struct profile_builder *b, const struct profile_gc_cycle *c)
{
	b->failed = b->failed || gc_tables_add_cycle(&b->gc, c);
	return b->failed ? -ENOMEM : 0;
}

int profile_builder_gc_pause(struct profile_builder *b, const struct profile_gc_pause *pause)
{
	b->failed = b->failed || vec_push(&b->gc.pauses, *pause);
	return b->failed ? -ENOMEM : 0;
}

int profile_builder_gc_pool(struct profile_builder *b, const struct profile_gc_pool *pool)
{
	b->failed = b->failed || gc_tables_add_pool(&b->gc, pool);
	return b->failed ? -ENOMEM : 0;
}

int profile_builder_memory(struct profile_builder *b, const struct profile_memory *m)
{
	b->failed = b->failed || gc_tables_add_memory(&b->gc, m);
	return b->failed ? -ENOMEM : 0;
}

int profile_builder_bin(struct profile_builder *b, const struct profile_bin *bin)
{
	struct profile_bin row = *bin, *sum;
	uint32_t id;
	bool added;

	if (b->failed)
		return -ENOMEM;
	row.time_ns -= bin->time_ns % PROFILE_BIN_NS;
	id = checked(b, table_intern(&b->bins, &row, &added));
	if (id == PROFILE_NONE)
		return -ENOMEM;
	if (!added) {
		sum = table_row(&b->bins, id);
		sum->objects += bin->objects;
		sum->bytes += bin->bytes;
	}
	return 0;
}

int profile_builder_live(struct profile_builder *b, const struct profile_live *live)
{
	b->failed = b->failed || live_table_add(&b->live, live);
	return b->failed ? -ENOMEM : 0;
}

int profile_builder_loss(struct profile_builder *b, const char *reason, const char *text,
			 uint64_t count)
{
	struct profile_loss row = {.count = count};
	uint32_t id;
	bool added;

	if (!count)
		return 0;
	row.reason = profile_builder_str(b, reason);
	row.text = profile_builder_str(b, text);
	if (b->failed)
		return -ENOMEM;
	id = checked(b, table_intern(&b->losses, &row, &added));
	if (id == PROFILE_NONE)
		return -ENOMEM;
	if (!added)
		((struct profile_loss *)table_row(&b->losses, id))->count += count;
	return 0;
}

#define TAKE(pointer)                                   \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

static void *take_rows(struct table *t, size_t *n)
{
	*n = t->n;
	return TAKE(t->rows);
}

struct profile *profile_builder_finish(struct profile_builder *b)
{
	struct profile *p = b->failed ? NULL : calloc(1, sizeof(*p));

	if (p)
		p->strings = calloc(1, sizeof(*p->strings));
	if (!p || !p->strings) {
		free(p);
		errno = ENOMEM;
		return NULL;
	}
	p->n_strings = b->strings.n;
	p->strings->pool_len = b->strings.pool_len;
	p->strings->pool = TAKE(b->strings.pool);
	p->strings->offsets = TAKE(b->strings.offsets);
	p->targets = take_rows(&b->targets, &p->n_targets);
	p->mappings = take_rows(&b->mappings, &p->n_mappings);
	p->functions = take_rows(&b->functions, &p->n_functions);
	p->locations = take_rows(&b->locations, &p->n_locations);
	p->stacks = take_rows(&b->stacks, &p->n_stacks);
	p->types = take_rows(&b->types, &p->n_types);
	p->growths = take_rows(&b->growths, &p->n_growths);
	p->samples = take_rows(&b->samples, &p->n_samples);
	p->losses = take_rows(&b->losses, &p->n_losses);
	p->live = live_table_take(&b->live, &p->n_live);
	p->bins = take_rows(&b->bins, &p->n_bins);
	gc_tables_take(&b->gc, p);
	p->n_fields = b->fields.n;
	p->fields = TAKE(b->fields.data);
	p->n_lines = b->lines.n;
	p->lines = TAKE(b->lines.data);
	p->n_stack_locations = b->stack_locations.n;
	p->stack_locations = TAKE(b->stack_locations.data);
	builder_clear(b);
	b->failed = builder_init(b) != 0;
	return p;
}
