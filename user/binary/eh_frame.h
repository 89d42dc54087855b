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
 * NULL with errno set, nothing printed: ENOENT the file has no .eh_frame, ENOTSUP
 * another machine's, EFBIG more code than a program has, ENOMEM. Works on files
 * without section headers. @stats may be NULL.
 */
struct unwind_table *eh_frame_read(const struct elf_file *f, struct eh_frame_stats *stats);

#endif
