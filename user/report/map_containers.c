// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Rows of the map report for containers of C++ and Rust: by container and by the
 * call site outside the standard library.
 *
 * What an insert allocates is allocated before or after the function that is
 * tapped, not inside it, so stacks do not lie one below the other as Go's do. An
 * allocation belongs to a container's row if it is made at the same call site, and
 * one of the container's own functions lies between the site and the allocator. Where
 * these were all inlined and nothing tells of it (no debug information), what
 * the site allocates directly is taken for the container's: by_site says so.
 *
 * What reserve() spares: tables double, and each growth allocates a new one and
 * frees the old. Of a table that grew last from level k (log2 of its buckets) only
 * the last array would have been allocated. With g growths from level k and h from
 * the next level that any grew from, g - h tables ended there. So the share of all
 * that growths allocated that reserve() spares is
 *
 *	1 - sum((g - h) * 2^k) / sum(g * 2^k)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/units.h"
#include "profile/native_container.h"
#include "report/map_private.h"

/* Bytes, and a share of what the row allocates: one call more at one place is little to do. */
#define SAVING_MIN   4096
#define SAVING_SHARE 0.05

/* What names of a container's own functions, and of what they call, have in them. */
static const char *const marks[CONTAINER_MAX][5] = {
	[CONTAINER_TREE] = {"_Rb_tree<", "_Rb_tree_node<"},
	[CONTAINER_HASH] = {"_Hashtable<", "_Hash_node<", "_Hashtable_alloc<", "_Map_base<"},
	[CONTAINER_CXX_TREE] = {"__tree<", "__tree_node<"},
	[CONTAINER_CXX_HASH] = {"__hash_table<", "__hash_node<"},
	[CONTAINER_HASHBROWN] = {"hashbrown::"},
	[CONTAINER_ABSL] = {"container_internal::"},
};

/* Tables that are reallocated as a whole, and functions that do it where entries are nodes. */
static const char *const growth_marks[] = {"_M_rehash", "_M_allocate_buckets", "__rehash",
					   "reserve_rehash", "resize"};

static const struct {
	bool reserves, nodes;
} facts[CONTAINER_MAX] = {
	[CONTAINER_TREE] = {false, true},      [CONTAINER_HASH] = {true, true},
	[CONTAINER_CXX_TREE] = {false, true},  [CONTAINER_CXX_HASH] = {true, true},
	[CONTAINER_HASHBROWN] = {true, false}, [CONTAINER_ABSL] = {true, false},
};

struct row_state {
	enum container container;
	bool marked; /* an insert's stack has one of the container's functions besides the leaf */
	uint64_t growths[MAP_LEVELS]; /* by level */
};

struct rows {
	struct map_work *work;
	size_t first; /* of work->rows */
	VEC(struct row_state) states;
	struct intern index;
};

static bool has_mark(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n && list[i]; i++) {
		if (strstr(name, list[i]))
			return true;
	}
	return false;
}

/* The functions of a stack from the leaf to its call site, which is not among them. */
struct inner_walk {
	const struct profile *p;
	const struct profile_stack *s;
	uint32_t location, line;
	struct profile_line site;
};

static struct inner_walk inner_begin(const struct profile *p, uint32_t stack)
{
	return (struct inner_walk){
		.p = p, .s = &p->stacks[stack], .site = profile_stack_site(p, stack)};
}

/* NULL where the site is reached. */
static const char *inner_next(struct inner_walk *w)
{
	const struct profile *p = w->p;
	const struct profile_location *l;
	const struct profile_line *line;

	if (w->location == w->s->n_locations)
		return NULL;
	l = &p->locations[p->stack_locations[w->s->first_location + w->location]];
	line = &p->lines[l->first_line + w->line];
	if (line->function == w->site.function)
		return NULL;
	if (++w->line == l->n_lines) {
		w->line = 0;
		w->location++;
	}
	return profile_str(p, p->functions[line->function].name);
}

static bool same_row(const void *ctx, uint32_t id, const void *key)
{
	const struct rows *r = ctx;
	const struct map_row *a = &r->work->rows.data[r->first + id], *b = key;

	return a->type == b->type && a->site.function == b->site.function &&
	       a->site.line == b->site.line;
}

static uint64_t row_hash(const struct map_row *row)
{
	return hash_bytes(&row->site, sizeof(row->site), row->type);
}

/* The row of a container at the site of @stack; INTERN_NONE without memory. */
static uint32_t make_row(struct rows *r, uint32_t target, uint32_t stack, uint32_t type)
{
	const struct profile *p = r->work->p;
	struct map_row row = {.target = target, .type = type, .site = profile_stack_site(p, stack)};
	struct row_state state = {.container = container_of_type(p, type)};
	uint32_t id = intern_find(&r->index, row_hash(&row), same_row, r, &row);

	if (id != INTERN_NONE)
		return id;
	id = (uint32_t)r->states.n;
	if (vec_push(&r->work->rows, row) || vec_push(&r->states, state) ||
	    intern_add(&r->index, row_hash(&row), id))
		return INTERN_NONE;
	return id;
}

static struct map_row *row_at(struct rows *r, uint32_t id)
{
	return &r->work->rows.data[r->first + id];
}

/* The leaf is the function that was tapped: it says nothing of the others. */
static void look_for_marks(struct rows *r, uint32_t id, uint32_t stack)
{
	struct row_state *state = &r->states.data[id];
	struct inner_walk w = inner_begin(r->work->p, stack);
	const char *name = inner_next(&w);

	while (name && !state->marked) {
		name = inner_next(&w);
		state->marked = name && has_mark(name, marks[state->container],
						 ARRAY_SIZE(marks[state->container]));
	}
}

static int add_insert(struct rows *r, const struct profile_sample *s)
{
	uint32_t id = make_row(r, s->target, s->stack, s->type);
	struct map_row *row;

	if (id == INTERN_NONE)
		return -ENOMEM;
	row = row_at(r, id);
	row->inserts = map_add(row->inserts, s->objects);
	if (s->entries > row->largest)
		row->largest = s->entries;
	look_for_marks(r, id, s->stack);
	return 0;
}

static int add_growth(struct rows *r, const struct profile_growth *g)
{
	uint32_t id = make_row(r, g->target, g->stack, g->type);
	uint64_t *level;
	struct map_row *row;

	if (id == INTERN_NONE)
		return -ENOMEM;
	row = row_at(r, id);
	row->growths = map_add(row->growths, g->count);
	if (g->entries > row->largest)
		row->largest = g->entries;
	level = &r->states.data[id].growths[g->level];
	*level = map_add(*level, g->count);
	look_for_marks(r, id, g->stack);
	return 0;
}

/* How a stack runs through containers on its way to the allocator. */
struct passage {
	bool through[CONTAINER_MAX];
	bool direct; /* through nothing but allocators' functions: no library's of any kind */
	bool growth;
};

static struct passage passage_of(const struct profile *p, uint32_t stack)
{
	struct inner_walk w = inner_begin(p, stack);
	struct passage passage = {.direct = true};
	const char *name;

	while ((name = inner_next(&w))) {
		passage.direct = passage.direct && !strstr(name, "::");
		passage.growth =
			passage.growth || has_mark(name, growth_marks, ARRAY_SIZE(growth_marks));
		for (int c = CONTAINER_TREE; c < CONTAINER_MAX; c++)
			passage.through[c] = passage.through[c] ||
					     has_mark(name, marks[c], ARRAY_SIZE(marks[c]));
	}
	return passage;
}

static void add_to(struct map_row *row, enum map_cause cause, const struct profile_sample *s)
{
	struct map_cause_sum *sum = &row->causes[cause];

	sum->objects = map_add(sum->objects, s->objects);
	sum->bytes = map_add(sum->bytes, s->bytes);
	row->objects = map_add(row->objects, s->objects);
	row->bytes = map_add(row->bytes, s->bytes);
}

/* Of rows at one site that would all have it, the first gets it: nothing counts twice. */
static void add_object(struct rows *r, const uint32_t *type_of, const struct profile_sample *s)
{
	struct passage passage = passage_of(r->work->p, s->stack);
	struct map_row key = {.site = profile_stack_site(r->work->p, s->stack)};

	for (enum container c = CONTAINER_TREE; c < CONTAINER_MAX; c++) {
		enum map_cause cause =
			facts[c].nodes && !passage.growth ? MAP_CAUSE_BOX : MAP_CAUSE_GROWTH;
		uint32_t id;

		key.type = type_of[c];
		if (!key.type || !(passage.through[c] || passage.direct))
			continue;
		id = intern_find(&r->index, row_hash(&key), same_row, r, &key);
		if (id == INTERN_NONE || (!passage.through[c] && r->states.data[id].marked))
			continue;
		if (!passage.through[c]) {
			row_at(r, id)->by_site = true;
			cause = MAP_CAUSE_OTHER;
		}
		add_to(row_at(r, id), cause, s);
		return;
	}
}

static double spared_share(const struct row_state *state)
{
	double all = 0, kept = 0;
	uint64_t later = 0;

	for (int level = MAP_LEVELS - 1; level >= 0; level--) {
		uint64_t g = state->growths[level];
		double size = (double)(1ull << level);

		if (!g)
			continue;
		all += (double)g * size;
		kept += g > later ? (double)(g - later) * size : 0;
		later = g;
	}
	return all > 0 ? 1 - kept / all : 0;
}

static char *advice_text(const struct profile *p, const struct map_row *row)
{
	__auto_free char *place = map_place_of(p, row->site);
	char growths[32], entries[48] = "";
	char *text;

	if (row->largest)
		snprintf(entries, sizeof(entries), " to %" PRIu64 " entries at the most",
			 row->largest);
	if (!place ||
	    asprintf(&text,
		     "Tables filled at %s were made larger %s, on the way%s: reserve() room "
		     "before, and each is allocated once.",
		     place, format_times(growths, sizeof(growths), row->growths), entries) < 0)
		return NULL;
	return text;
}

static int advise(struct rows *r, uint32_t id)
{
	struct map_row *row = row_at(r, id);
	uint64_t tables = row->causes[MAP_CAUSE_GROWTH].bytes;
	double saving = (double)tables * spared_share(&r->states.data[id]);

	if (!facts[r->states.data[id].container].reserves || saving < SAVING_MIN)
		return 0;
	row->presize_saving_bytes = (uint64_t)saving;
	if (saving < SAVING_SHARE * (double)row->bytes)
		return 0;
	row->advice = calloc(1, sizeof(*row->advice));
	if (!row->advice)
		return -ENOMEM;
	row->n_advice = 1;
	row->advice->kind = MAP_ADVICE_PRESIZE;
	row->advice->saving_bytes = row->presize_saving_bytes;
	row->advice->text = advice_text(r->work->p, row);
	return row->advice->text ? 0 : -ENOMEM;
}

static int add_rows(struct rows *r)
{
	const struct profile *p = r->work->p;
	uint32_t type_of[CONTAINER_MAX] = {0};
	int err = 0;

	for (uint32_t i = 1; i < p->n_types; i++) {
		enum container c = container_of_type(p, i);

		if (c && !type_of[c])
			type_of[c] = i;
	}
	for (size_t i = 0; !err && i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_MAP_INSERT &&
		    container_of_type(p, p->samples[i].type))
			err = add_insert(r, &p->samples[i]);
	}
	for (size_t i = 0; !err && i < p->n_growths; i++) {
		if (container_of_type(p, p->growths[i].type))
			err = add_growth(r, &p->growths[i]);
	}
	for (size_t i = 0; !err && r->states.n && i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_ALLOC)
			add_object(r, type_of, &p->samples[i]);
	}
	for (uint32_t i = 0; !err && i < r->states.n; i++)
		err = advise(r, i);
	return err;
}

int map_containers_add(struct map_work *w)
{
	struct rows r = {.work = w, .first = w->rows.n};
	int err = add_rows(&r);

	vec_free(&r.states);
	intern_free(&r.index);
	return err;
}
