// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "export/html_tree.h"

static void order_nodes(struct page_tree *t)
{
	const struct tree_node *nodes = t->tree->nodes.data;
	uint32_t node = 0, n = 0, climb = 0;

	for (;;) {
		t->place[node] = n;
		t->order[n] = node;
		t->climb[n++] = climb;
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

int page_tree_init(struct page_tree *t, const struct profile *const profiles[], size_t n)
{
	size_t nodes;

	*t = (struct page_tree){.tree = frame_tree_new(profiles, n)};
	if (!t->tree)
		return -ENOMEM;
	nodes = t->tree->nodes.n;
	t->order = calloc(nodes, sizeof(*t->order));
	t->climb = calloc(nodes, sizeof(*t->climb));
	t->place = calloc(nodes, sizeof(*t->place));
	if (!t->order || !t->climb || !t->place)
		return -ENOMEM;
	order_nodes(t);
	return 0;
}

void page_tree_free(struct page_tree *t)
{
	frame_tree_free(t->tree);
	free(t->order);
	free(t->climb);
	free(t->place);
}

void page_tree_write(const struct page_tree *t, struct json_writer *w)
{
	const struct frame_tree *tree = t->tree;
	const uint32_t *below_root = t->order + 1;
	size_t n = tree->nodes.n - 1;

	json_object(w, "functions");
	WRITE_COLUMN(w, "name", tree->functions.data, tree->functions.n, e->name);
	WRITE_COLUMN(w, "short", tree->functions.data, tree->functions.n, e->short_name);
	WRITE_COLUMN(w, "file", tree->functions.data, tree->functions.n, e->file);
	WRITE_COLUMN(w, "category", tree->functions.data, tree->functions.n, e->category);
	json_end(w);
	json_object(w, "frames");
	WRITE_COLUMN(w, "function", tree->frames.data, tree->frames.n, e->function);
	WRITE_COLUMN(w, "line", tree->frames.data, tree->frames.n, e->line);
	WRITE_COLUMN(w, "inlined", tree->frames.data, tree->frames.n, e->inlined);
	json_end(w);
	json_object(w, "nodes");
	WRITE_COLUMN(w, "up", t->climb + 1, n, *e);
	WRITE_COLUMN(w, "frame", below_root, n, tree->nodes.data[*e].frame);
	json_end(w);
}
