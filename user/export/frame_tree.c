// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "export/frame_tree.h"
#include "export/function_name.h"

/* Which node a stack of a target ends in: many samples share one. */
struct tree_stack {
	uint32_t target, stack;
	uint32_t node;
};

/* Slots of marker_of; behind them, one for each target. */
enum tree_marker { MARKER_TRUNCATED, MARKER_BROKEN, MARKERS };

/* Where a walk from the root stands, and of which profile's stack. */
struct tree_walk {
	struct tree_source *source;
	uint32_t node;
	uint32_t depth;
	bool cut;
};

static bool comparing(const struct frame_tree *t)
{
	return t->n_sources > 1;
}

static bool same_function(const void *ctx, uint32_t id, const void *key)
{
	const struct frame_tree *t = ctx;
	const struct tree_function *a = &t->functions.data[id], *b = key;

	return a->name == b->name && a->category == b->category;
}

static int new_function(struct frame_tree *t, const struct tree_function *f, uint32_t *number)
{
	*number = (uint32_t)t->functions.n;
	return vec_push(&t->functions, *f);
}

/*
 * In a comparison functions are found again by what they are called; a profile's
 * own are already told apart by more than that.
 */
static int add_function(struct frame_tree *t, const char *name, const char *short_name,
			const char *file, enum function_category category, uint32_t *number)
{
	int64_t name_id = strtab_add(&t->strings, name);
	int64_t short_id = strtab_add(&t->strings, short_name);
	int64_t file_id = strtab_add(&t->strings, file);
	struct tree_function f = {(uint32_t)name_id, (uint32_t)short_id, (uint32_t)file_id,
				  category};
	uint64_t hash = hash_bytes(&f.name, sizeof(f.name), category);

	if (name_id < 0 || short_id < 0 || file_id < 0)
		return -ENOMEM;
	if (!comparing(t))
		return new_function(t, &f, number);
	*number = intern_find(&t->function_index, hash, same_function, t, &f);
	if (*number == INTERN_NONE)
		return new_function(t, &f, number) ? -ENOMEM
						   : intern_add(&t->function_index, hash, *number);
	/* Where the newer build has it. */
	t->functions.data[*number].file = f.file;
	return 0;
}

int frame_tree_function(struct frame_tree *t, size_t source, uint32_t function, uint32_t *number)
{
	struct tree_source *s = &t->sources[source];
	const struct profile *p = s->profile;
	const struct profile_function *f = &p->functions[function];
	__auto_free char *short_name = NULL;

	if (s->function_of[function] == PROFILE_NONE) {
		short_name = function_short_name(p, function);
		if (!short_name ||
		    add_function(t, profile_str(p, f->name), short_name, profile_str(p, f->file),
				 f->category, &s->function_of[function]))
			return -ENOMEM;
	}
	*number = s->function_of[function];
	return 0;
}

static bool same_frame(const void *ctx, uint32_t id, const void *key)
{
	const struct frame_tree *t = ctx;
	const struct tree_frame *a = &t->frames.data[id], *b = key;

	return a->function == b->function && a->line == b->line && a->inlined == b->inlined;
}

static int intern_frame(struct frame_tree *t, const struct tree_frame *frame, uint32_t *number)
{
	uint64_t hash = hash_bytes(frame, sizeof(*frame), 0);

	*number = intern_find(&t->frame_index, hash, same_frame, t, frame);
	if (*number != INTERN_NONE)
		return 0;
	*number = (uint32_t)t->frames.n;
	return vec_push(&t->frames, *frame) ? -ENOMEM : intern_add(&t->frame_index, hash, *number);
}

static bool same_node(const void *ctx, uint32_t id, const void *key)
{
	const struct frame_tree *t = ctx;
	const struct tree_node *a = &t->nodes.data[id], *b = key;

	return a->parent == b->parent && a->frame == b->frame;
}

static int add_node(struct frame_tree *t, const struct tree_node *node, uint64_t hash)
{
	uint32_t number = (uint32_t)t->nodes.n;
	struct tree_node *parent;

	if (vec_push(&t->nodes, *node) || intern_add(&t->node_index, hash, number))
		return -ENOMEM;
	if (!number)
		return 0;
	parent = &t->nodes.data[node->parent];
	if (parent->first_child == PROFILE_NONE)
		parent->first_child = number;
	else
		t->nodes.data[parent->last_child].next_sibling = number;
	parent->last_child = number;
	return 0;
}

/* One frame further from the root, unless that is too far. 0 or -ENOMEM. */
static int step(struct frame_tree *t, struct tree_walk *w, uint32_t function, uint32_t line,
		bool inlined)
{
	struct tree_frame frame = {function, line, inlined && !comparing(t)};
	struct tree_node node = {.parent = w->node,
				 .first_child = PROFILE_NONE,
				 .last_child = PROFILE_NONE,
				 .next_sibling = PROFILE_NONE};
	uint64_t hash;
	uint32_t found;
	int err = intern_frame(t, &frame, &node.frame);

	if (err)
		return err;
	hash = hash_bytes(&node, offsetof(struct tree_node, first_child), 0);
	found = intern_find(&t->node_index, hash, same_node, t, &node);
	if (w->depth == FRAME_TREE_MAX_DEPTH ||
	    (found == INTERN_NONE && t->nodes.n == FRAME_TREE_MAX_NODES)) {
		w->cut = true;
		return 0;
	}
	if (found == INTERN_NONE) {
		found = (uint32_t)t->nodes.n;
		err = add_node(t, &node, hash);
	}
	w->node = found;
	w->depth++;
	return err;
}

/* A frame that no function of the profile stands for; @slot of marker_of. */
static int step_marker(struct frame_tree *t, struct tree_walk *w, size_t slot, const char *text)
{
	uint32_t *number = &w->source->marker_of[slot];

	if (*number == PROFILE_NONE && add_function(t, text, text, "", FUNCTION_SPECIAL, number))
		return -ENOMEM;
	return step(t, w, *number, 0, false);
}

/* What stands before the first recorded frame. */
static int walk_markers(struct frame_tree *t, struct tree_walk *w, const struct tree_stack *key)
{
	const struct profile *p = w->source->profile;
	uint32_t flags = p->stacks[key->stack].flags;
	int err = 0;

	if (p->n_targets > 1) {
		const struct profile_target *target = &p->targets[key->target];
		const char *comm = profile_str(p, target->comm);
		char name[64];

		if (comparing(t))
			snprintf(name, sizeof(name), "%s", comm);
		else
			snprintf(name, sizeof(name), "%s-%u", comm, target->pid);
		err = step_marker(t, w, MARKERS + key->target, name);
	}
	if (!err && flags & PROFILE_STACK_TRUNCATED)
		err = step_marker(t, w, MARKER_TRUNCATED, "[truncated stack]");
	if (!err && flags & PROFILE_STACK_BROKEN)
		err = step_marker(t, w, MARKER_BROKEN, "[broken stack]");
	return err;
}

static int walk_location(struct frame_tree *t, struct tree_walk *w,
			 const struct profile_location *location)
{
	const struct profile *p = w->source->profile;
	size_t source = (size_t)(w->source - t->sources);

	for (uint32_t i = location->n_lines; i-- && !w->cut;) {
		const struct profile_line *line = &p->lines[location->first_line + i];
		uint32_t function;
		int err = frame_tree_function(t, source, line->function, &function);

		if (!err)
			err = step(t, w, function, line->line, i + 1 < location->n_lines);
		if (err)
			return err;
	}
	return 0;
}

static int walk_stack(struct frame_tree *t, struct tree_source *source, struct tree_stack *key)
{
	const struct profile *p = source->profile;
	const struct profile_stack *stack = &p->stacks[key->stack];
	struct tree_walk w = {.source = source};
	int err = walk_markers(t, &w, key);

	for (uint32_t i = stack->n_locations; !err && i-- && !w.cut;) {
		uint32_t location = p->stack_locations[stack->first_location + i];

		err = walk_location(t, &w, &p->locations[location]);
	}
	t->cut += w.cut;
	key->node = w.node;
	return err;
}

static bool same_stack(const void *ctx, uint32_t id, const void *key)
{
	const struct tree_source *source = ctx;
	const struct tree_stack *a = &source->stacks.data[id], *b = key;

	return a->target == b->target && a->stack == b->stack;
}

static int place_stack(struct frame_tree *t, struct tree_source *source, uint32_t target,
		       uint32_t stack, uint32_t *node)
{
	struct tree_stack key = {.target = target, .stack = stack};
	uint64_t hash = hash_bytes(&key, offsetof(struct tree_stack, node), 0);
	uint32_t id = intern_find(&source->stack_index, hash, same_stack, source, &key);
	int err;

	if (id != INTERN_NONE) {
		*node = source->stacks.data[id].node;
		return 0;
	}
	err = walk_stack(t, source, &key);
	if (err)
		return err;
	*node = key.node;
	id = (uint32_t)source->stacks.n;
	return vec_push(&source->stacks, key) ? -ENOMEM
					      : intern_add(&source->stack_index, hash, id);
}

static uint32_t *new_numbers(size_t n)
{
	uint32_t *numbers = malloc(n * sizeof(*numbers));

	for (size_t i = 0; numbers && i < n; i++)
		numbers[i] = PROFILE_NONE;
	return numbers;
}

static int add_profile(struct frame_tree *t, struct tree_source *source)
{
	const struct profile *p = source->profile;
	int err = 0;

	/* One element too many: an empty profile is not out of memory. */
	source->function_of = new_numbers(p->n_functions + 1);
	source->marker_of = new_numbers(MARKERS + p->n_targets);
	source->sample_node = new_numbers(p->n_samples + 1);
	source->live_node = new_numbers(p->n_live + 1);
	if (!source->function_of || !source->marker_of || !source->sample_node ||
	    !source->live_node)
		return -ENOMEM;
	for (size_t i = 0; !err && i < p->n_samples; i++)
		err = place_stack(t, source, p->samples[i].target, p->samples[i].stack,
				  &source->sample_node[i]);
	for (size_t i = 0; !err && i < p->n_live; i++)
		err = place_stack(t, source, p->live[i].target, p->live[i].stack,
				  &source->live_node[i]);
	return err;
}

static int fill(struct frame_tree *t)
{
	struct tree_node root = {PROFILE_NONE, PROFILE_NONE, PROFILE_NONE, PROFILE_NONE,
				 PROFILE_NONE};
	uint64_t hash = hash_bytes(&root, offsetof(struct tree_node, first_child), 0);
	int err = strtab_init(&t->strings);

	if (!err)
		err = add_node(t, &root, hash);
	for (size_t i = 0; !err && i < t->n_sources; i++)
		err = add_profile(t, &t->sources[i]);
	return err;
}

struct frame_tree *frame_tree_new(const struct profile *const profiles[], size_t n)
{
	struct frame_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->n_sources = n;
	for (size_t i = 0; i < n; i++)
		t->sources[i].profile = profiles[i];
	if (fill(t)) {
		frame_tree_free(t);
		errno = ENOMEM;
		return NULL;
	}
	return t;
}

void frame_tree_free(struct frame_tree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_sources; i++) {
		struct tree_source *source = &t->sources[i];

		free(source->sample_node);
		free(source->live_node);
		free(source->function_of);
		free(source->marker_of);
		intern_free(&source->stack_index);
		vec_free(&source->stacks);
	}
	strtab_free(&t->strings);
	vec_free(&t->functions);
	vec_free(&t->frames);
	vec_free(&t->nodes);
	intern_free(&t->function_index);
	intern_free(&t->frame_index);
	intern_free(&t->node_index);
	free(t);
}
