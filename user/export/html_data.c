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

#include "base/cleanup.h"
#include "export/frame_tree.h"
#include "export/html_data.h"
#include "export/json_parts.h"
#include "report/sites.h"

/* A sample as the page keeps it: of all addresses that look the same there. */
struct page_sample {
	uint32_t node; /* by preorder */
	uint32_t kind, epoch, type;
	uint64_t objects, bytes;
};

struct page {
	const struct profile *p;
	struct frame_tree *tree;
	struct site_table *sites;
	uint32_t *order; /* nodes in preorder */
	uint32_t *climb; /* levels up from each of them before the next one goes down */
	uint32_t *place; /* of each node in that order */
	struct page_sample *samples;
	size_t n_samples;
};

static void page_free(struct page *page)
{
	frame_tree_free(page->tree);
	site_table_free(page->sites);
	free(page->order);
	free(page->climb);
	free(page->place);
	free(page->samples);
}

static void order_nodes(struct page *page)
{
	const struct tree_node *nodes = page->tree->nodes.data;
	uint32_t node = 0, n = 0, climb = 0;

	for (;;) {
		page->place[node] = n;
		page->order[n] = node;
		page->climb[n++] = climb;
		climb = 0;
		if (nodes[node].first_child != PROFILE_NONE) {
			node = nodes[node].first_child;
			continue;
		}
		while (node && nodes[node].next_sibling == PROFILE_NONE) {
			node = nodes[node].parent;
			climb++;
		}
		if (!node)
			return;
		node = nodes[node].next_sibling;
		climb++;
	}
}

static int compare_samples(const void *x, const void *y)
{
	const struct page_sample *a = x, *b = y;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->type < b->type ? -1 : a->type > b->type;
}

static int collect_samples(struct page *page)
{
	const struct profile *p = page->p;

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		int64_t type =
			strtab_add(&page->tree->strings, profile_str(p, p->types[s->type].name));

		if (type < 0)
			return -ENOMEM;
		page->samples[i] = (struct page_sample){
			.node = page->place[page->tree->sample_node[i]],
			.kind = s->kind,
			.epoch = s->epoch,
			.type = (uint32_t)type,
			.objects = s->objects,
			.bytes = s->bytes,
		};
	}
	qsort(page->samples, p->n_samples, sizeof(*page->samples), compare_samples);
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct page_sample *s = &page->samples[i];
		struct page_sample *last = page->samples + page->n_samples;

		if (i && !compare_samples(s, last - 1)) {
			last[-1].objects += s->objects;
			last[-1].bytes += s->bytes;
		} else {
			*last = *s;
			page->n_samples++;
		}
	}
	return 0;
}

static int page_fill(struct page *page, const struct profile *p)
{
	size_t n;

	page->p = p;
	page->tree = frame_tree_new(p);
	page->sites = site_table_new(p);
	if (!page->tree || !page->sites)
		return -ENOMEM;
	n = page->tree->nodes.n;
	page->order = calloc(n, sizeof(*page->order));
	page->climb = calloc(n, sizeof(*page->climb));
	page->place = calloc(n, sizeof(*page->place));
	page->samples = calloc(p->n_samples + 1, sizeof(*page->samples));
	if (!page->order || !page->climb || !page->place || !page->samples)
		return -ENOMEM;
	order_nodes(page);
	return collect_samples(page);
}

/* --- small things -------------------------------------------------------------- */

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

static void write_head(struct json_writer *w, const struct page *page)
{
	const struct profile *p = page->p;

	json_string(w, "tool_version", profile_str(p, p->tool_version));
	json_string(w, "mode", profile_str(p, p->mode));
	json_uint(w, "start_unix_ms", p->start_unix_ns / 1000000);
	json_uint(w, "duration_ns", p->duration_ns);
	json_uint(w, "stacks_truncated", p->stacks_truncated);
	json_uint(w, "stacks_broken", p->stacks_broken);
	json_uint(w, "stacks_cut", page->tree->cut);
	json_targets(w, p);
	write_losses(w, p);
	json_cost(w, &p->cost);
}

/* --- columns --------------------------------------------------------------------- */

/* A column over elements of @array, @value an expression of the element e. */
#define WRITE_COLUMN(w, key, array, count, value)                           \
	do {                                                                \
		json_array(w, key);                                         \
		for (size_t column_i = 0; column_i < (count); column_i++) { \
			const __typeof__(*(array)) *e = &(array)[column_i]; \
			json_uint(w, NULL, value);                          \
		}                                                           \
		json_end(w);                                                \
	} while (0)

static void write_tree(struct json_writer *w, const struct page *page)
{
	const struct frame_tree *t = page->tree;
	const uint32_t *below_root = page->order + 1;
	size_t n = t->nodes.n - 1;

	json_object(w, "functions");
	WRITE_COLUMN(w, "name", t->functions.data, t->functions.n, e->name);
	WRITE_COLUMN(w, "file", t->functions.data, t->functions.n, e->file);
	WRITE_COLUMN(w, "category", t->functions.data, t->functions.n, e->category);
	json_end(w);
	json_object(w, "frames");
	WRITE_COLUMN(w, "function", t->frames.data, t->frames.n, e->function);
	WRITE_COLUMN(w, "line", t->frames.data, t->frames.n, e->line);
	WRITE_COLUMN(w, "inlined", t->frames.data, t->frames.n, e->inlined);
	json_end(w);
	json_object(w, "nodes");
	WRITE_COLUMN(w, "up", page->climb + 1, n, *e);
	WRITE_COLUMN(w, "frame", below_root, n, t->nodes.data[*e].frame);
	json_end(w);
}

static void write_samples(struct json_writer *w, const struct page *page)
{
	const struct page_sample *s = page->samples;
	size_t n = page->n_samples;
	uint32_t any_kind = 0, any_epoch = 0, any_type = 0;

	for (size_t i = 0; i < n; i++) {
		any_kind |= s[i].kind;
		any_epoch |= s[i].epoch;
		any_type |= s[i].type;
	}
	json_object(w, "samples");
	WRITE_COLUMN(w, "node", s, n, e->node - (e == s ? 0 : e[-1].node));
	WRITE_COLUMN(w, "kind", s, any_kind ? n : 0, e->kind);
	WRITE_COLUMN(w, "epoch", s, any_epoch ? n : 0, e->epoch);
	WRITE_COLUMN(w, "type", s, any_type ? n : 0, e->type);
	WRITE_COLUMN(w, "objects", s, n, e->objects);
	WRITE_COLUMN(w, "bytes", s, n, e->bytes);
	json_end(w);
}

static int write_sites(struct json_writer *w, const struct page *page)
{
	const struct site_table *t = page->sites;
	uint32_t number;

	json_object(w, "sites");
	json_array(w, "function");
	for (size_t i = 0; i < t->n; i++) {
		if (frame_tree_function(page->tree, t->sites[i].function, &number))
			return -ENOMEM;
		json_uint(w, NULL, number);
	}
	json_end(w);
	WRITE_COLUMN(w, "line", t->sites, t->n, e->line);
	WRITE_COLUMN(w, "objects", t->sites, t->n, e->objects);
	WRITE_COLUMN(w, "bytes", t->sites, t->n, e->bytes);
	WRITE_COLUMN(w, "inserts", t->sites, t->n, e->inserts);
	json_end(w);
	return 0;
}

static void write_strings(struct json_writer *w, const struct strtab *strings)
{
	json_array(w, "strings");
	for (uint32_t i = 0; i < strings->n; i++)
		json_string(w, NULL, strtab_get(strings, i));
	json_end(w);
}

static int write_page(const struct page *page, FILE *out)
{
	struct json_writer w = json_writer_make(out);
	int err;

	json_object(&w, NULL);
	write_head(&w, page);
	/* First: the function of a site may be one that no node has, its stack being cut. */
	err = write_sites(&w, page);
	if (err)
		return err;
	write_tree(&w, page);
	write_samples(&w, page);
	write_strings(&w, &page->tree->strings);
	json_end(&w);
	return 0;
}

int html_data_write(const struct profile *p, FILE *out)
{
	struct page page = {0};
	int err = page_fill(&page, p);

	if (!err)
		err = write_page(&page, out);
	page_free(&page);
	return err;
}
