/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The facts about a whole profile in words, the same in every format. Each
 * function prints to @out without a newline; what comes out of a profile is
 * printed with its control characters as '?', since some of it reaches terminals.
 */
#ifndef ALLOCTAP_EXPORT_SUMMARY_H
#define ALLOCTAP_EXPORT_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "profile/profile.h"

/* A string of unknown origin. */
void summary_put(FILE *out, const char *s);
/* "server (pid 4711, go1.26.8), worker (pid 4712, go1.26.8) and 3 more" */
void summary_targets(FILE *out, const struct profile *p);
/* "1.23M probe hits x 812 ns (700 ns trap, 112 ns program) = 3.1% of the target's CPU time" */
void summary_cost(FILE *out, const struct profile *p);
/* The programs that waited for us, in words; false where none did. */
bool summary_held(const struct profile *p, char *text, size_t size);
/*
 * Puts "3 of 60 processes ..." into @text: that figures of those with an untapped_ns are
 * partial. Whether there are any.
 */
bool summary_partial(const struct profile *p, char *text, size_t size);
/* "12 stack_map_full: the sentence with the remedy" */
void summary_loss(FILE *out, const struct profile *p, const struct profile_loss *loss);

#endif
