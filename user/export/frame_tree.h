/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The call tree of a profile: stacks from the root, equal beginnings shared.
 *
 * Inlined frames are nodes of their own. What the tree adds to the profile's
 * functions: with several targets a root frame each ("comm-pid", as folded
 * stacks have it), and "[truncated stack]" or "[broken stack]" in place of the
 * outermost frames where those are missing.
 *
 * Nothing here recurses and size is bounded, for recordings may be hostile: a
 * stack that does not fit any more is charged to as much of it as did.
 */
#ifndef ALLOCTAP_EXPORT_FRAME_TREE_H
#define ALLOCTAP_EXPORT_FRAME_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/vec.h"
#include "profile/profile.h"

/* A browser still opens a page with this many; about 100 MB here. */
#define FRAME_TREE_MAX_NODES 2000000
/* 128 frames are recorded; each may have tens of inlined ones. */
#define FRAME_TREE_MAX_DEPTH 4096

struct tree_function {
	uint32_t name, file; /* in the tree's strings */
	enum function_category category;
};

struct tree_frame {
	uint32_t function; /* in the tree's functions */
	uint32_t line;     /* 0: unknown */
	uint32_t inlined;  /* 1: into its caller */
};

struct tree_node {
	uint32_t parent, frame;
	uint32_t first_child, last_child, next_sibling; /* PROFILE_NONE: none */
};

struct frame_tree {
	const struct profile *profile;
	struct strtab strings;
	VEC(struct tree_function) functions;
	VEC(struct tree_frame) frames;
	VEC(struct tree_node) nodes; /* node 0 is the root and has no frame */
	uint32_t *sample_node;       /* where each sample of the profile ended */
	uint64_t cut;                /* stacks not taken in whole: over a limit */

	/* The rest is how it is made. Numbers not given yet are PROFILE_NONE. */
	uint32_t *function_of; /* by profile function */
	uint32_t *marker_of;
	struct intern frame_index, node_index, stack_index;
	VEC(struct tree_stack) stacks;
};

/* NULL with errno ENOMEM. */
struct frame_tree *frame_tree_new(const struct profile *p);
void frame_tree_free(struct frame_tree *t);

/* The tree's number of a function of the profile. 0 or -ENOMEM. */
int frame_tree_function(struct frame_tree *t, uint32_t function, uint32_t *number);

#endif
