/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The call tree of a page: nodes in preorder, so that a node's number is its
 * place and only the way to its parent needs to be written.
 */
#ifndef ALLOCTAP_EXPORT_HTML_TREE_H
#define ALLOCTAP_EXPORT_HTML_TREE_H

#include "export/frame_tree.h"
#include "export/json_writer.h"

struct page_tree {
	struct frame_tree *tree;
	uint32_t *order; /* nodes in preorder */
	uint32_t *climb; /* levels up from each of them before the next one goes down */
	uint32_t *place; /* of each node in that order */
};

/* Of one profile, or of two compared. 0 or -ENOMEM; free it either way. */
int page_tree_init(struct page_tree *t, const struct profile *const profiles[], size_t n);
void page_tree_free(struct page_tree *t);

/* "functions", "frames", "nodes". */
void page_tree_write(const struct page_tree *t, struct json_writer *w);

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

#endif
