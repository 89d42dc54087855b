/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The call tree of a profile: stacks from the root, equal beginnings shared.
 *
 * Inlined frames are nodes of their own. What the tree adds to the profile's
 * functions: with several targets a root frame each ("comm-pid", as folded
 * stacks have it), and "[truncated stack]" or "[broken stack]" in place of the
 * outermost frames where those are missing.
 *
 * Two profiles make one tree for a comparison. Programs were built anew between
 * them, so what then makes functions one is their name, whichever file they are in;
 * whether it was inlined tells frames apart no more, and process numbers are left
 * out.
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
#define FRAME_TREE_PROFILES  2

struct tree_function {
	uint32_t name, short_name, file; /* in the tree's strings */
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

/* What is known of one of the profiles. Numbers not given yet are PROFILE_NONE. */
struct tree_source {
	const struct profile *profile;
	uint32_t *sample_node; /* where each sample ended */
	uint32_t *live_node;   /* the same of each row of what lives */
	uint32_t *function_of; /* by profile function */
	uint32_t *marker_of;
	struct intern stack_index;
	VEC(struct tree_stack) stacks;
};

struct frame_tree {
	struct strtab strings;
	VEC(struct tree_function) functions;
	VEC(struct tree_frame) frames;
	VEC(struct tree_node) nodes; /* node 0 is the root and has no frame */
	uint64_t cut;                /* stacks not taken in whole: over a limit */
	struct tree_source sources[FRAME_TREE_PROFILES];
	size_t n_sources;

	struct intern function_index, frame_index, node_index;
};

/* Of one profile, or of two to be compared. NULL with errno ENOMEM. */
struct frame_tree *frame_tree_new(const struct profile *const profiles[], size_t n);
void frame_tree_free(struct frame_tree *t);

/* The tree's number of a function of profile @source. 0 or -ENOMEM. */
int frame_tree_function(struct frame_tree *t, size_t source, uint32_t function, uint32_t *number);

#endif
