// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "report/sites.h"

struct site_builder {
	const struct profile *p;
	bool by_target;
	VEC(struct site) sites;
	struct intern index;
};

struct site_key {
	uint32_t function, line, target;
};

static bool same_site(const void *ctx, uint32_t id, const void *key)
{
	const struct site_builder *b = ctx;
	const struct site_key *k = key;
	const struct site *s = &b->sites.data[id];

	return s->function == k->function && s->line == k->line && s->target == k->target;
}

static struct site *intern_site(struct site_builder *b, uint32_t stack, uint32_t target)
{
	struct profile_line line = profile_stack_site(b->p, stack);
	struct site_key key = {line.function, line.line, b->by_target ? target : 0};
	uint64_t hash = hash_bytes(&key, sizeof(key), 0);
	uint32_t id = intern_find(&b->index, hash, same_site, b, &key);
	struct site site = {.function = key.function, .line = key.line, .target = key.target};

	if (id != INTERN_NONE)
		return &b->sites.data[id];
	if (vec_push(&b->sites, site) || intern_add(&b->index, hash, (uint32_t)b->sites.n - 1))
		return NULL;
	return &b->sites.data[b->sites.n - 1];
}

static void add_to(struct site *site, const struct profile_sample *s)
{
	switch (s->kind) {
	case PROFILE_ALLOC:
		site->objects += s->objects;
		site->bytes += s->bytes;
		site->requested += s->requested;
		break;
	case PROFILE_MAP_INSERT:
		site->inserts += s->objects;
		break;
	case PROFILE_FREE:
		site->frees += s->objects;
		site->freed_bytes += s->bytes;
		break;
	default:
		site->flushes += s->objects;
	}
}

static int add_live(struct site_builder *b)
{
	const struct profile *p = b->p;

	for (size_t i = 0; i < p->n_live; i++) {
		struct site *site = intern_site(b, p->live[i].stack, p->live[i].target);

		if (!site)
			return -ENOMEM;
		site->live_objects += p->live[i].objects;
		site->live_bytes += p->live[i].bytes;
	}
	return 0;
}

static int add_samples(struct site_builder *b)
{
	const struct profile *p = b->p;

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		struct site *site;

		if (s->kind == PROFILE_GC_ASSIST ||
		    (s->kind >= PROFILE_MMAP && s->kind <= PROFILE_BRK))
			continue;
		site = intern_site(b, s->stack, s->target);
		if (!site)
			return -ENOMEM;
		add_to(site, s);
	}
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_sites(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct site *a = x, *b = y;
	const struct profile_function *f = &p->functions[a->function];
	const struct profile_function *g = &p->functions[b->function];
	int order = descending(a->bytes, b->bytes);

	if (!order)
		order = descending(a->inserts, b->inserts);
	if (!order)
		order = descending(a->flushes, b->flushes);
	if (!order)
		order = strcmp(profile_str(p, f->name), profile_str(p, g->name));
	if (!order)
		order = strcmp(profile_str(p, f->file), profile_str(p, g->file));
	if (!order)
		order = descending(b->line, a->line);
	if (!order)
		order = descending(b->function, a->function);
	return order ? order : descending(b->target, a->target);
}

static struct site_table *make_table(const struct profile *p, bool by_target)
{
	struct site_table *t = calloc(1, sizeof(*t));
	struct site_builder b = {.p = p, .by_target = by_target};
	int err = t ? add_samples(&b) : -ENOMEM;

	if (!err)
		err = add_live(&b);
	intern_free(&b.index);
	if (err) {
		vec_free(&b.sites);
		free(t);
		errno = -err;
		return NULL;
	}
	t->sites = b.sites.data;
	t->n = b.sites.n;
	t->totals = profile_totals(p);
	if (t->n)
		qsort_r(t->sites, t->n, sizeof(*t->sites), compare_sites, (void *)p);
	return t;
}

struct site_table *site_table_new(const struct profile *p)
{
	return make_table(p, false);
}

struct site_table *site_table_new_by_target(const struct profile *p)
{
	return make_table(p, true);
}

void site_table_free(struct site_table *t)
{
	if (!t)
		return;
	free(t->sites);
	free(t);
}
