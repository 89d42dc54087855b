// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "report/stack_ends.h"

static const struct {
	const char *name, *text;
} reasons[STACK_END_REASONS] = {
	[STACK_END_LOST] = {"lost", "lost"},
	[STACK_END_DEEP] = {"truncated", "deeper than is kept"},
	[STACK_END_NO_TABLE] = {"no_table", "code without unwind table"},
	[STACK_END_BAD_FRAME] = {"broken", "a frame that leads nowhere"},
};

const char *stack_end_name(enum stack_end_reason reason)
{
	return reasons[reason].name;
}

const char *stack_end_text(enum stack_end_reason reason)
{
	return reasons[reason].text;
}

/* What stands for a stack has no address: "[lost stack]". */
static bool is_lost(const struct profile *p, const struct profile_stack *s)
{
	return !p->locations[p->stack_locations[s->first_location]].address;
}

static enum stack_end_reason reason_of(const struct profile *p, const struct profile_stack *s)
{
	if (is_lost(p, s))
		return STACK_END_LOST;
	if (s->flags & PROFILE_STACK_TRUNCATED)
		return STACK_END_DEEP;
	if (!(s->flags & PROFILE_STACK_BROKEN))
		return STACK_END_REASONS;
	return s->flags & PROFILE_STACK_NO_TABLE ? STACK_END_NO_TABLE : STACK_END_BAD_FRAME;
}

struct stack_ends stack_ends_count(const struct profile *p)
{
	struct stack_ends e = {0};

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		const struct profile_stack *stack = &p->stacks[s->stack];
		enum stack_end_reason reason = reason_of(p, stack);

		/* A free is counted under the stack of the allocation. */
		if (s->kind == PROFILE_FREE)
			continue;
		e.hits += s->objects;
		if (reason != STACK_END_REASONS) {
			e.reasons[reason] += s->objects;
			continue;
		}
		e.whole += s->objects;
		if (stack->flags & PROFILE_STACK_FRAME_POINTER)
			e.frame_pointer += s->objects;
	}
	return e;
}

double stack_ends_whole_share(const struct stack_ends *e)
{
	return e->hits ? (double)e->whole / (double)e->hits : 1;
}
