/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How many hits have a whole stack, and why the others have not. */
#ifndef ALLOCTAP_REPORT_STACK_ENDS_H
#define ALLOCTAP_REPORT_STACK_ENDS_H

#include "profile/profile.h"

/* Why a stack is not whole: each that is not has one, the first of these that is true. */
enum stack_end_reason {
	STACK_END_LOST,      /* the stack was not kept at all */
	STACK_END_DEEP,      /* more frames than are kept */
	STACK_END_NO_TABLE,  /* code without unwind table and without frame pointer */
	STACK_END_BAD_FRAME, /* a frame that could not be read, or that leads nowhere */
	STACK_END_REASONS
};

struct stack_ends {
	uint64_t hits; /* allocations, inserts, calls: what has a stack of its own */
	uint64_t whole;
	uint64_t frame_pointer; /* of these, with a frame that was passed by its frame pointer */
	uint64_t reasons[STACK_END_REASONS];
};

struct stack_ends stack_ends_count(const struct profile *p);
double stack_ends_whole_share(const struct stack_ends *e);
/* "no_table": the key in JSON; and a few words for people. */
const char *stack_end_name(enum stack_end_reason reason);
const char *stack_end_text(enum stack_end_reason reason);

#endif
