/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the flame graph page holds of one recording, or of two compared: the call
 * tree, and the samples by node, type and call site. Types and sites are given
 * the page's own numbers, in the order they are met.
 */
#ifndef ALLOCTAP_EXPORT_HTML_PAGE_H
#define ALLOCTAP_EXPORT_HTML_PAGE_H

#include "export/html_tree.h"
#include "report/suppressions.h"
#include "report/processes.h"

/* What lives when the recording ends is a kind of sample to the page: viewer.data.js. */
#define PAGE_KIND_LIVE 10
_Static_assert(PAGE_KIND_LIVE >= PROFILE_KIND_MAX, "no kind of the profile's");

/* A sample as the page keeps it: of all addresses that look the same there. */
struct page_sample {
	uint32_t node; /* by preorder */
	uint32_t side; /* which of the two recordings */
	uint32_t kind;
	uint32_t epoch; /* in page.epochs */
	uint32_t type, site;
	uint64_t objects; /* of GC assists: nanoseconds in them */
	uint64_t bytes;
};

struct page_type {
	uint32_t name, package; /* in the tree's strings */
	uint32_t type;          /* of types that are one in a comparison the first one met */
	uint32_t side, target;
};

/* What the samples of a process are told apart by: its GC cycles that had begun. */
struct page_epoch {
	uint32_t target, epoch;
};

struct page_site {
	uint32_t function; /* in the tree's functions */
	uint32_t line;
};

struct page {
	const struct profile *profiles[FRAME_TREE_PROFILES];
	size_t n;
	struct page_tree tree;
	VEC(struct page_type) types; /* 0 is the unknown one */
	VEC(struct page_site) sites;
	VEC(struct page_epoch)
	epochs; /* a single one, not to be told apart, where there are no cycles */
	struct page_sample *samples;
	size_t n_samples;

	uint32_t *type_of[FRAME_TREE_PROFILES]; /* the page's number by the profile's */
	struct intern type_index, site_index, epoch_index;
};

/* Of one recording, or of two: before, after. 0 or -ENOMEM; free it either way. */
int page_init(struct page *page, const struct profile *const profiles[], size_t n);
void page_free(struct page *page);

/* The page's number of what a profile's table has. 0 or -ENOMEM. */
int page_type(struct page *page, size_t side, uint32_t target, uint32_t type, uint32_t *number);
int page_site(struct page *page, size_t side, struct profile_line line, uint32_t *number);

/* "types" and, of structs, "layouts": html_types.c. 0 or -ENOMEM. */
int page_write_types(struct page *page, struct json_writer *w);
/* "maps" of a single recording: html_maps.c. 0 or -ENOMEM. */
int page_write_maps(struct page *page, struct json_writer *w);
/* "leaks" of a single recording with its live heap: html_leaks.c. 0 or -ENOMEM. */
int page_write_leaks(struct page *page, struct json_writer *w,
		     const struct suppressions *suppressions);
/* "gc" of a single recording that has cycles, pauses or bins: html_gc.c. 0 or -ENOMEM. */
int page_write_gc(struct page *page, struct json_writer *w);
/* What all numbers above refer to, so the last: "sites", the tree, "samples", "strings". */
void page_write_rest(const struct page *page, struct json_writer *w);

/* About a whole recording, as members of the open object; @sums as json_targets() takes them. */
void page_write_head(const struct profile *p, const struct process_table *sums,
		     struct json_writer *w);

#endif
