/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Does an inlined copy of an allocating function call one that is tapped? */
#ifndef ALLOCTAP_PROBE_NATIVE_COPIES_H
#define ALLOCTAP_PROBE_NATIVE_COPIES_H

#include "probe/native_plan.h"

struct native_copies;

/* Of the file @elf, whose functions are tapped as @request says. NULL with errno ENOMEM. */
struct native_copies *native_copies_new(const struct elf_file *elf,
					const struct native_request *request);
void native_copies_free(struct native_copies *c);
/*
 * Does the code in [first, end) call or jump to a function for @kind, of the file or
 * imported? 1 or 0, or -ENOMEM.
 */
int native_copies_call_tapped(struct native_copies *c, enum sample_kind kind, uint64_t first,
			      uint64_t end);

#endif
