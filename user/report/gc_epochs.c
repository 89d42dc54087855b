// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "base/intern.h"
#include "base/vec.h"
#include "report/gc_epochs.h"

/* One sample, on its way into its epoch. */
struct entry {
	uint32_t target, epoch, site;
	uint64_t bytes, objects;
};

struct epochs_builder {
	const struct profile *p;
	struct gc_epochs *e;
	VEC(struct profile_line) lines;
	struct intern line_index;
	VEC(struct entry) entries;
	VEC(struct gc_epoch) rows;
	VEC(struct gc_epoch_site) sites;
};

static bool same_line(const void *ctx, uint32_t id, const void *key)
{
	const struct epochs_builder *b = ctx;
	const struct profile_line *line = key;

	return b->lines.data[id].function == line->function && b->lines.data[id].line == line->line;
}

/* The site of a stack; PROFILE_NONE: no memory. */
static uint32_t intern_site(struct epochs_builder *b, uint32_t stack)
{
	uint32_t *known = &b->e->site_of_stack[stack];
	struct profile_line line;
	uint64_t hash;

	if (*known != PROFILE_NONE)
		return *known;
	line = profile_stack_site(b->p, stack);
	hash = hash_bytes(&line, sizeof(line), 0);
	*known = intern_find(&b->line_index, hash, same_line, b, &line);
	if (*known != INTERN_NONE)
		return *known;
	if (vec_push(&b->lines, line) || intern_add(&b->line_index, hash, (uint32_t)b->lines.n - 1))
		return PROFILE_NONE;
	*known = (uint32_t)b->lines.n - 1;
	return *known;
}

static int add_samples(struct epochs_builder *b)
{
	for (size_t i = 0; i < b->p->n_samples; i++) {
		const struct profile_sample *s = &b->p->samples[i];
		struct entry entry = {.target = s->target,
				      .epoch = s->epoch,
				      .site = intern_site(b, s->stack),
				      .bytes = s->bytes,
				      .objects = s->objects};

		if (entry.site == PROFILE_NONE)
			return -ENOMEM;
		if (s->kind == PROFILE_ALLOC && s->bytes && vec_push(&b->entries, entry))
			return -ENOMEM;
	}
	return 0;
}

static int ascending(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_epochs(const struct entry *a, const struct entry *b)
{
	int order = ascending(a->target, b->target);

	return order ? order : ascending(a->epoch, b->epoch);
}

static int compare_entries(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order = compare_epochs(a, b);

	return order ? order : ascending(a->site, b->site);
}

static int compare_sites(const void *x, const void *y)
{
	const struct gc_epoch_site *a = x, *b = y;
	int order = ascending(b->bytes, a->bytes);

	return order ? order : ascending(a->site, b->site);
}

/* Entry number @i, behind those before it in their order. */
static int add_entry(struct epochs_builder *b, size_t i)
{
	const struct entry *now = &b->entries.data[i], *last = i ? now - 1 : NULL;
	struct gc_epoch row = {
		.target = now->target, .epoch = now->epoch, .first_site = b->sites.n};
	struct gc_epoch_site site = {.site = now->site};
	bool new_row = !last || compare_epochs(last, now);

	if (new_row && vec_push(&b->rows, row))
		return -ENOMEM;
	if (new_row || last->site != now->site) {
		if (vec_push(&b->sites, site))
			return -ENOMEM;
		b->rows.data[b->rows.n - 1].n_sites++;
	}
	b->rows.data[b->rows.n - 1].bytes += now->bytes;
	b->rows.data[b->rows.n - 1].objects += now->objects;
	b->sites.data[b->sites.n - 1].bytes += now->bytes;
	b->sites.data[b->sites.n - 1].objects += now->objects;
	return 0;
}

static int add_entries(struct epochs_builder *b)
{
	int err = 0;

	if (b->entries.n)
		qsort(b->entries.data, b->entries.n, sizeof(*b->entries.data), compare_entries);
	for (size_t i = 0; !err && i < b->entries.n; i++)
		err = add_entry(b, i);
	vec_for_each (&b->rows, row)
		qsort(b->sites.data + row->first_site, row->n_sites, sizeof(*b->sites.data),
		      compare_sites);
	return err;
}

static int build(struct epochs_builder *b)
{
	struct gc_epochs *e = b->e;
	int err;

	e->site_of_stack = calloc(b->p->n_stacks + 1, sizeof(*e->site_of_stack));
	if (!e->site_of_stack)
		return -ENOMEM;
	for (size_t i = 0; i < b->p->n_stacks; i++)
		e->site_of_stack[i] = PROFILE_NONE;
	err = add_samples(b);
	return err ? err : add_entries(b);
}

struct gc_epochs *gc_epochs_new(const struct profile *p)
{
	struct epochs_builder b = {.p = p, .e = calloc(1, sizeof(*b.e))};
	int err = b.e ? build(&b) : -ENOMEM;

	intern_free(&b.line_index);
	vec_free(&b.entries);
	if (b.e) {
		b.e->lines = b.lines.data;
		b.e->n_lines = b.lines.n;
		b.e->rows = b.rows.data;
		b.e->n = b.rows.n;
		b.e->sites = b.sites.data;
		b.e->n_sites = b.sites.n;
	}
	if (!err)
		return b.e;
	gc_epochs_free(b.e);
	errno = -err;
	return NULL;
}

void gc_epochs_free(struct gc_epochs *e)
{
	if (!e)
		return;
	free(e->rows);
	free(e->sites);
	free(e->lines);
	free(e->site_of_stack);
	free(e);
}

static int compare_key(const void *key, const void *row)
{
	const struct gc_epoch *a = key, *b = row;
	int order = ascending(a->target, b->target);

	return order ? order : ascending(a->epoch, b->epoch);
}

static uint32_t find_row(const struct gc_epochs *e, uint32_t target, uint32_t epoch)
{
	struct gc_epoch key = {.target = target, .epoch = epoch};
	const struct gc_epoch *row =
		e->n ? bsearch(&key, e->rows, e->n, sizeof(key), compare_key) : NULL;

	return row ? (uint32_t)(row - e->rows) : PROFILE_NONE;
}

uint32_t gc_epochs_find(const struct gc_epochs *e, const struct profile *p, uint32_t target,
			uint32_t epoch)
{
	uint32_t row = find_row(e, target, epoch);

	if (row == PROFILE_NONE && epoch < p->epochs_folded)
		row = find_row(e, target, p->epochs_folded);
	return row;
}

uint32_t gc_epochs_cause(const struct gc_epochs *e, const struct profile *p, uint32_t target,
			 uint32_t cycle)
{
	/* Cycle 0 ran when the recording began. */
	return cycle ? gc_epochs_find(e, p, target, cycle - 1) : PROFILE_NONE;
}
