// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Large tables are columns of numbers, not rows of objects: a fifth of the size,
 * and parsed as fast as a browser can. What is numbered by itself is left out
 * (a node's number is its place), what repeats is a number into a table, and
 * what ascends is written as differences. On a profile of 100,000 frames that
 * comes to 8 bytes per frame.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/html_page.h"
#include "export/json_parts.h"
#include "report/stack_ends.h"

static bool same_type(const void *ctx, uint32_t id, const void *key)
{
	const struct page *page = ctx;
	const struct page_type *a = &page->types.data[id], *b = key;

	/* Types of one name are told apart, unless they are of two builds. */
	return a->name == b->name && a->package == b->package &&
	       (page->n > 1 || a->type == b->type);
}

int page_type(struct page *page, size_t side, uint32_t target, uint32_t type, uint32_t *number)
{
	const struct profile *p = page->profiles[side];
	struct strtab *strings = &page->tree.tree->strings;
	uint32_t *known = &page->type_of[side][type];
	int64_t name, package;
	struct page_type t;
	uint64_t hash;

	if (*known == PROFILE_NONE) {
		name = strtab_add(strings, profile_str(p, p->types[type].name));
		package = strtab_add(strings, profile_str(p, p->types[type].package));
		if (name < 0 || package < 0)
			return -ENOMEM;
		t = (struct page_type){(uint32_t)name, (uint32_t)package, type, (uint32_t)side,
				       target};
		hash = hash_bytes(&t.name, sizeof(t.name), t.package);
		*known = intern_find(&page->type_index, hash, same_type, page, &t);
		if (*known == INTERN_NONE) {
			*known = (uint32_t)page->types.n;
			if (vec_push(&page->types, t) ||
			    intern_add(&page->type_index, hash, *known))
				return -ENOMEM;
		}
	}
	*number = *known;
	return 0;
}

static bool same_site(const void *ctx, uint32_t id, const void *key)
{
	const struct page *page = ctx;
	const struct page_site *a = &page->sites.data[id], *b = key;

	return a->function == b->function && a->line == b->line;
}

int page_site(struct page *page, size_t side, struct profile_line line, uint32_t *number)
{
	struct page_site s = {.line = line.line};
	uint64_t hash;

	if (frame_tree_function(page->tree.tree, side, line.function, &s.function))
		return -ENOMEM;
	hash = hash_bytes(&s, sizeof(s), 0);
	*number = intern_find(&page->site_index, hash, same_site, page, &s);
	if (*number != INTERN_NONE)
		return 0;
	*number = (uint32_t)page->sites.n;
	return vec_push(&page->sites, s) ? -ENOMEM : intern_add(&page->site_index, hash, *number);
}

static bool same_epoch(const void *ctx, uint32_t id, const void *key)
{
	const struct page *page = ctx;
	const struct page_epoch *a = &page->epochs.data[id], *b = key;

	return a->target == b->target && a->epoch == b->epoch;
}

static int page_epoch(struct page *page, const struct profile_sample *s, uint32_t *number)
{
	struct page_epoch e = {s->target, s->epoch};
	uint64_t hash;

	/* Cycles of two runs are not the same; and without any there is nothing to tell apart. */
	if (page->n > 1 || !page->profiles[0]->n_gc_cycles)
		e = (struct page_epoch){0};
	hash = hash_bytes(&e, sizeof(e), 0);
	*number = intern_find(&page->epoch_index, hash, same_epoch, page, &e);
	if (*number != INTERN_NONE)
		return 0;
	*number = (uint32_t)page->epochs.n;
	return vec_push(&page->epochs, e) ? -ENOMEM : intern_add(&page->epoch_index, hash, *number);
}

/* --- samples --------------------------------------------------------------------- */

static int compare_samples(const void *x, const void *y)
{
	const struct page_sample *a = x, *b = y;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->side != b->side)
		return a->side < b->side ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static int collect_side(struct page *page, size_t side)
{
	const struct profile *p = page->profiles[side];
	const uint32_t *node_of = page->tree.tree->sources[side].sample_node;

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		struct page_sample *to = &page->samples[page->n_samples];

		/* Address space is no part of the heap that the graph is of. */
		if (s->kind >= PROFILE_MMAP && s->kind <= PROFILE_BRK)
			continue;
		page->n_samples++;
		*to = (struct page_sample){
			.node = page->tree.place[node_of[i]],
			.side = (uint32_t)side,
			.kind = s->kind,
			.objects = s->kind == PROFILE_GC_ASSIST ? s->ns : s->objects,
			.bytes = s->bytes,
		};
		if (page_type(page, side, s->target, s->type, &to->type) ||
		    page_epoch(page, s, &to->epoch))
			return -ENOMEM;
		/* Those of a comparison come matched by report/diff.c. */
		if (page->n == 1 &&
		    page_site(page, side, profile_stack_site(p, s->stack), &to->site))
			return -ENOMEM;
	}
	return 0;
}

static int collect_live(struct page *page, size_t side)
{
	const struct profile *p = page->profiles[side];
	const uint32_t *node_of = page->tree.tree->sources[side].live_node;

	for (size_t i = 0; i < p->n_live; i++) {
		const struct profile_live *live = &p->live[i];
		struct profile_sample s = {.target = live->target, .stack = live->stack};
		struct page_sample *to = &page->samples[page->n_samples++];

		*to = (struct page_sample){
			.node = page->tree.place[node_of[i]],
			.side = (uint32_t)side,
			.kind = PAGE_KIND_LIVE,
			.objects = live->objects,
			.bytes = live->bytes,
		};
		if (page_type(page, side, s.target, 0, &to->type) ||
		    page_epoch(page, &s, &to->epoch))
			return -ENOMEM;
		if (page->n == 1 &&
		    page_site(page, side, profile_stack_site(p, s.stack), &to->site))
			return -ENOMEM;
	}
	return 0;
}

static void merge_samples(struct page *page)
{
	struct page_sample *samples = page->samples, *last = samples;

	if (!page->n_samples)
		return;
	qsort(samples, page->n_samples, sizeof(*samples), compare_samples);
	for (size_t i = 1; i < page->n_samples; i++) {
		if (compare_samples(&samples[i], last)) {
			*++last = samples[i];
		} else {
			last->objects += samples[i].objects;
			last->bytes += samples[i].bytes;
		}
	}
	page->n_samples = (size_t)(last - samples) + 1;
}

static int new_type_numbers(struct page *page, size_t side)
{
	size_t n = page->profiles[side]->n_types;
	uint32_t unknown;

	page->type_of[side] = malloc(n * sizeof(**page->type_of));
	if (!page->type_of[side])
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		page->type_of[side][i] = PROFILE_NONE;
	return page_type(page, side, 0, 0, &unknown);
}

int page_init(struct page *page, const struct profile *const profiles[], size_t n)
{
	size_t n_samples = 0;
	int err;

	*page = (struct page){.n = n};
	for (size_t i = 0; i < n; i++) {
		page->profiles[i] = profiles[i];
		n_samples += profiles[i]->n_samples + profiles[i]->n_live;
	}
	err = page_tree_init(&page->tree, profiles, n);
	page->samples = calloc(n_samples + 1, sizeof(*page->samples));
	if (err || !page->samples)
		return -ENOMEM;
	for (size_t side = 0; !err && side < n; side++)
		err = new_type_numbers(page, side);
	for (size_t side = 0; !err && side < n; side++)
		err = collect_side(page, side);
	for (size_t side = 0; !err && side < n; side++)
		err = collect_live(page, side);
	if (!err)
		merge_samples(page);
	return err;
}

void page_free(struct page *page)
{
	page_tree_free(&page->tree);
	vec_free(&page->types);
	vec_free(&page->sites);
	vec_free(&page->epochs);
	free(page->samples);
	for (size_t i = 0; i < page->n; i++)
		free(page->type_of[i]);
	intern_free(&page->type_index);
	intern_free(&page->site_index);
	intern_free(&page->epoch_index);
}

/* --- writing --------------------------------------------------------------------- */

static void write_losses(struct json_writer *w, const struct profile *p)
{
	json_object(w, "lost");
	json_uint(w, "total", profile_lost(p));
	json_array(w, "reasons");
	for (size_t i = 0; i < p->n_losses; i++) {
		json_object(w, NULL);
		json_string(w, "reason", profile_str(p, p->losses[i].reason));
		json_string(w, "text", profile_str(p, p->losses[i].text));
		json_uint(w, "count", p->losses[i].count);
		json_end(w);
	}
	json_end(w);
	json_end(w);
}

/* Of native programs; others only tell how many are cut or broken. */
static void write_stack_ends(struct json_writer *w, const struct profile *p)
{
	struct stack_ends e = stack_ends_count(p);

	json_array(w, "not_whole");
	for (int i = 0; i < STACK_END_REASONS; i++) {
		if (!e.reasons[i])
			continue;
		json_object(w, NULL);
		json_uint(w, "count", e.reasons[i]);
		json_string(w, "text", stack_end_text((enum stack_end_reason)i));
		json_end(w);
	}
	json_end(w);
}

void page_write_head(const struct profile *p, const struct process_table *sums,
		     struct json_writer *w)
{
	json_string(w, "tool_version", profile_str(p, p->tool_version));
	json_string(w, "mode", profile_str(p, p->mode));
	json_uint(w, "start_unix_ms", p->start_unix_ns / 1000000);
	json_uint(w, "duration_ns", p->duration_ns);
	json_uint(w, "stacks_truncated", p->stacks_truncated);
	json_uint(w, "stacks_broken", p->stacks_broken);
	if (profile_native(p))
		write_stack_ends(w, p);
	json_targets(w, p, sums);
	write_losses(w, p);
	json_cost(w, &p->cost);
}

static void write_samples(const struct page *page, struct json_writer *w)
{
	const struct page_sample *s = page->samples;
	size_t n = page->n_samples;
	struct page_sample any = {0};

	for (size_t i = 0; i < n; i++) {
		any.side |= s[i].side;
		any.kind |= s[i].kind;
		any.epoch |= s[i].epoch;
		any.type |= s[i].type;
		any.site |= s[i].site;
	}
	json_object(w, "samples");
	WRITE_COLUMN(w, "node", s, n, e->node - (e == s ? 0 : e[-1].node));
	WRITE_COLUMN(w, "side", s, any.side ? n : 0, e->side);
	WRITE_COLUMN(w, "kind", s, any.kind ? n : 0, e->kind);
	WRITE_COLUMN(w, "epoch", s, any.epoch ? n : 0, e->epoch);
	WRITE_COLUMN(w, "type", s, any.type ? n : 0, e->type);
	WRITE_COLUMN(w, "site", s, any.site ? n : 0, e->site);
	WRITE_COLUMN(w, "objects", s, n, e->objects);
	WRITE_COLUMN(w, "bytes", s, n, e->bytes);
	json_end(w);
}

static void write_sites(const struct page *page, struct json_writer *w)
{
	json_object(w, "sites");
	WRITE_COLUMN(w, "function", page->sites.data, page->sites.n, e->function);
	WRITE_COLUMN(w, "line", page->sites.data, page->sites.n, e->line);
	json_end(w);
}

void page_write_rest(const struct page *page, struct json_writer *w)
{
	const struct strtab *strings = &page->tree.tree->strings;

	json_uint(w, "stacks_cut", page->tree.tree->cut);
	write_sites(page, w);
	page_tree_write(&page->tree, w);
	write_samples(page, w);
	json_array(w, "strings");
	for (uint32_t i = 0; i < strings->n; i++)
		json_string(w, NULL, strtab_get(strings, i));
	json_end(w);
}
