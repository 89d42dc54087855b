/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Functions, inlined ones included, and source lines of addresses, from DWARF.
 * Of a file that has been split in two (-gsplit-dwarf) only lines are known.
 */
#ifndef ALLOCTAP_BINARY_DWARF_LINES_H
#define ALLOCTAP_BINARY_DWARF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_lines;

struct dwarf_frame {
	/* As the source has it, qualified; "" where only the line is known. */
	const char *name;
	/* As the linker has it; "" in C, and where the compiler left it out. */
	const char *linkage_name;
	const char *file;      /* of @line; "" if not known */
	const char *directory; /* in which @file is; "" where that is a whole path */
	uint32_t line;         /* 0: not known */
	/* Where the function is declared, 0 unless that is in @file. */
	uint32_t start_line;
};

/*
 * Reads the file behind @fd: a program, or the file its debug information was moved
 * to. @alt_fd: the file that dwz moved what several share to, or -1. Both may be
 * closed afterwards. NULL with errno: ENODATA where there is no DWARF in it, ENOMEM.
 */
struct dwarf_lines *dwarf_lines_new(int fd, int alt_fd);
void dwarf_lines_free(struct dwarf_lines *d);
/*
 * The functions around link-time address @vaddr, innermost first, at most @max. The
 * strings live as long as @d. 0 where nothing is known.
 */
size_t dwarf_lines_at(struct dwarf_lines *d, uint64_t vaddr, struct dwarf_frame *frames,
		      size_t max);

#endif
