/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How a program counts what it saw. The essay is in count.bpf.c. */
#ifndef ALLOCTAP_COUNT_BPF_H
#define ALLOCTAP_COUNT_BPF_H

#include "maps.bpf.h"

/*
 * Adds @v to the key's counts on the active side, and keeps the stack there.
 * Sets key->stack to 0 ("[lost stack]") where the stack cannot be kept.
 * A @v without any bytes counts objects, and the most entries, alone. Without
 * @stack the key's was kept before.
 */
__hidden void count_event(struct count_key *key, const struct count_value *v,
			  const struct stack_value *stack);

/* Keeps the stack on the active side; false, counted as lost, where it cannot be. */
__hidden bool keep_stack(__u64 id, const struct stack_value *stack);

#endif
