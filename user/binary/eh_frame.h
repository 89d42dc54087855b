/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The unwind table of an x86-64 ELF file, made from its .eh_frame. */
#ifndef ALLOCTAP_BINARY_EH_FRAME_H
#define ALLOCTAP_BINARY_EH_FRAME_H

#include "binary/elf_file.h"
#include "binary/unwind_table.h"

struct eh_frame_stats {
	size_t functions; /* described */
	size_t damaged;   /* ... of them from some place on only, or not at all */
};

/*
 * Adds what the .eh_frame of @f says. 0; -errno, nothing printed: -ENOENT it has none,
 * -ENOTSUP another machine's, -ENOMEM. Works on files without section headers. @stats may
 * be NULL.
 */
int eh_frame_add(struct unwind_builder *b, const struct elf_file *f, struct eh_frame_stats *stats);
/* For the code of @f. NULL with errno: EFBIG more than a program has, ENOMEM. */
struct unwind_builder *eh_frame_builder(const struct elf_file *f);
/* All in one, with the changes between Go and C in a Go program. NULL with errno set. */
struct unwind_table *eh_frame_read(const struct elf_file *f, struct eh_frame_stats *stats);

#endif
