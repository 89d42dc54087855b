// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "report/leaks.h"

#define NOT_TRIED UINT32_MAX
#define NO_MATCH  (UINT32_MAX - 1)

struct leak_builder {
	const struct profile *p;
	const struct suppressions *suppressions;
	struct leak_table *t;
	VEC(struct leak_row) rows;
	VEC(uint64_t) largest; /* of each row: bytes of the stack it shows */
	struct intern index;
	/* The first suppression that matches a function or its file, a mapping's file. */
	uint32_t *function_match, *mapping_match;
};

static uint32_t match_names(const struct leak_builder *b, const char *name, const char *other)
{
	for (size_t i = 0; i < suppressions_count(b->suppressions); i++) {
		if (suppressions_match(b->suppressions, i, name) ||
		    suppressions_match(b->suppressions, i, other))
			return (uint32_t)i;
	}
	return NO_MATCH;
}

static uint32_t match_function(struct leak_builder *b, uint32_t function)
{
	const struct profile_function *f = &b->p->functions[function];
	uint32_t *match = &b->function_match[function];

	if (*match == NOT_TRIED)
		*match = match_names(b, profile_str(b->p, f->name), profile_str(b->p, f->file));
	return *match;
}

static uint32_t match_mapping(struct leak_builder *b, uint32_t mapping)
{
	uint32_t *match;

	if (mapping == PROFILE_NONE)
		return NO_MATCH;
	match = &b->mapping_match[mapping];
	if (*match == NOT_TRIED)
		*match = match_names(b, profile_str(b->p, b->p->mappings[mapping].file), "");
	return *match;
}

/* The first frame, from the leaf, that is matched decides which suppression it is. */
static uint32_t match_stack(struct leak_builder *b, uint32_t stack)
{
	const struct profile *p = b->p;
	const struct profile_stack *s = &p->stacks[stack];
	uint32_t match = NO_MATCH;

	for (uint32_t i = 0; match == NO_MATCH && i < s->n_locations; i++) {
		const struct profile_location *l =
			&p->locations[p->stack_locations[s->first_location + i]];

		match = match_mapping(b, l->mapping);
		for (uint32_t j = 0; match == NO_MATCH && j < l->n_lines; j++)
			match = match_function(b, p->lines[l->first_line + j].function);
	}
	return match;
}

static void add_sum(struct leak_sum *sum, const struct profile_live *live)
{
	sum->objects += live->objects;
	sum->bytes += live->bytes;
}

static bool suppress(struct leak_builder *b, const struct profile_live *live)
{
	uint32_t match = b->suppressions ? match_stack(b, live->stack) : NO_MATCH;

	if (match == NO_MATCH)
		return false;
	add_sum(&b->t->suppressed, live);
	add_sum(&b->t->by_suppression[match], live);
	return true;
}

static bool same_row(const void *ctx, uint32_t id, const void *key)
{
	const struct leak_builder *b = ctx;
	const struct leak_row *row = &b->rows.data[id];
	const struct profile_line *site = key;

	return row->site.function == site->function && row->site.line == site->line;
}

static uint32_t find_row(struct leak_builder *b, const struct profile_live *live)
{
	struct leak_row row = {.site = profile_stack_site(b->p, live->stack),
			       .target = live->target,
			       .stack = live->stack};
	uint64_t hash = hash_bytes(&row.site, sizeof(row.site), 0);
	uint32_t id = intern_find(&b->index, hash, same_row, b, &row.site);

	if (id != INTERN_NONE)
		return id;
	id = (uint32_t)b->rows.n;
	if (vec_push(&b->rows, row) || vec_push(&b->largest, live->bytes) ||
	    intern_add(&b->index, hash, id))
		return INTERN_NONE;
	return id;
}

static uint64_t age_of(const struct profile *p, const struct profile_live *live)
{
	uint64_t end = p->targets[live->target].end_ns ?: p->duration_ns;

	return live->oldest_ns < end ? end - live->oldest_ns : 0;
}

static int add_live(struct leak_builder *b, const struct profile_live *live)
{
	uint32_t id = find_row(b, live), looks = b->p->heap.n_snapshots;
	uint64_t age = age_of(b->p, live);
	struct leak_row *row;

	if (id == INTERN_NONE)
		return -ENOMEM;
	row = &b->rows.data[id];
	row->n_stacks++;
	row->objects += live->objects;
	row->bytes += live->bytes;
	row->peak_bytes += live->peak_bytes;
	if (live->objects && age > row->age_ns)
		row->age_ns = age;
	for (uint32_t i = 0; i < looks; i++)
		row->look_bytes[i] += live->snapshot_bytes[i];
	row->look_bytes[looks] += live->bytes;
	if (live->bytes > b->largest.data[id]) {
		b->largest.data[id] = live->bytes;
		row->target = live->target;
		row->stack = live->stack;
	}
	add_sum(&b->t->sum, live);
	return 0;
}

static void find_growth(const struct leak_table *t, struct leak_row *row)
{
	const uint64_t *bytes = row->look_bytes;
	uint32_t last = t->n_looks - 1, since = last, rises = 0, middle;
	uint64_t ns;

	for (; since && bytes[since - 1] <= bytes[since]; since--)
		rises += bytes[since - 1] < bytes[since];
	/* What lies level before it rises is no part of it. */
	while (since < last && bytes[since] == bytes[since + 1])
		since++;
	row->grows_since = t->n_looks;
	ns = t->look_ns[last] - t->look_ns[since];
	middle = since > last / 2 ? since : last / 2;
	if (rises < LEAK_GROWTH_LOOKS || bytes[middle] == bytes[last] || !ns)
		return;
	row->grows_since = since;
	row->growth_per_s = (double)(bytes[last] - bytes[since]) / ((double)ns / 1e9);
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_rows(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct leak_row *a = x, *b = y;
	int order = descending(a->bytes, b->bytes);

	if (!order)
		order = descending(a->objects, b->objects);
	if (!order)
		order = strcmp(profile_str(p, p->functions[a->site.function].name),
			       profile_str(p, p->functions[b->site.function].name));
	if (!order)
		order = descending(b->site.line, a->site.line);
	return order ? order : descending(b->site.function, a->site.function);
}

static int compare_ages(const void *x, const void *y, void *ctx)
{
	const struct leak_row *rows = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	int order = descending(rows[a].age_ns, rows[b].age_ns);

	return order ? order : descending(b, a);
}

static int compare_growths(const void *x, const void *y, void *ctx)
{
	const struct leak_row *rows = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	if (rows[a].growth_per_s > rows[b].growth_per_s)
		return -1;
	return rows[a].growth_per_s < rows[b].growth_per_s ? 1 : descending(b, a);
}

static void set_looks(struct leak_table *t, const struct profile *p)
{
	uint32_t n = p->heap.n_snapshots;

	memcpy(t->look_ns, p->heap.snapshot_ns, n * sizeof(*t->look_ns));
	/* A file may say that it ended before its last look. */
	t->look_ns[n] =
		!n || p->duration_ns > t->look_ns[n - 1] ? p->duration_ns : t->look_ns[n - 1];
	t->n_looks = n + 1;
}

/* Rows that once had something and have nothing any more are of no interest. */
static void keep_living(struct leak_table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].objects)
			t->rows[kept++] = t->rows[i];
	}
	t->n = kept;
}

static int order_rows(struct leak_table *t, const struct profile *p)
{
	t->by_age = calloc(t->n + 1, sizeof(*t->by_age));
	t->by_growth = calloc(t->n + 1, sizeof(*t->by_growth));
	if (!t->by_age || !t->by_growth)
		return -ENOMEM;
	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, (void *)p);
	for (uint32_t i = 0; i < t->n; i++) {
		t->by_age[i] = i;
		find_growth(t, &t->rows[i]);
		if (t->rows[i].grows_since < t->n_looks)
			t->by_growth[t->n_growing++] = i;
	}
	qsort_r(t->by_age, t->n, sizeof(*t->by_age), compare_ages, t->rows);
	qsort_r(t->by_growth, t->n_growing, sizeof(*t->by_growth), compare_growths, t->rows);
	return 0;
}

static int new_matches(struct leak_builder *b)
{
	const struct profile *p = b->p;

	if (!b->suppressions)
		return 0;
	b->t->by_suppression =
		calloc(suppressions_count(b->suppressions) + 1, sizeof(*b->t->by_suppression));
	b->function_match = malloc((p->n_functions + 1) * sizeof(*b->function_match));
	b->mapping_match = malloc((p->n_mappings + 1) * sizeof(*b->mapping_match));
	if (!b->t->by_suppression || !b->function_match || !b->mapping_match)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_functions; i++)
		b->function_match[i] = NOT_TRIED;
	for (size_t i = 0; i < p->n_mappings; i++)
		b->mapping_match[i] = NOT_TRIED;
	return 0;
}

static int make_rows(struct leak_builder *b)
{
	int err = new_matches(b);

	set_looks(b->t, b->p);
	for (size_t i = 0; !err && i < b->p->n_live; i++) {
		if (!suppress(b, &b->p->live[i]))
			err = add_live(b, &b->p->live[i]);
	}
	b->t->rows = b->rows.data;
	b->t->n = b->rows.n;
	keep_living(b->t);
	return err ? err : order_rows(b->t, b->p);
}

struct leak_table *leak_table_new(const struct profile *p, const struct suppressions *suppressions)
{
	struct leak_builder b = {
		.p = p, .suppressions = suppressions, .t = calloc(1, sizeof(*b.t))};
	int err = b.t ? make_rows(&b) : -ENOMEM;

	intern_free(&b.index);
	vec_free(&b.largest);
	free(b.function_match);
	free(b.mapping_match);
	if (!err)
		return b.t;
	leak_table_free(b.t);
	errno = ENOMEM;
	return NULL;
}

void leak_table_free(struct leak_table *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t->by_age);
	free(t->by_growth);
	free(t->by_suppression);
	free(t);
}
