/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where the compiler put copies of a function into others: DWARF's inlined subroutines. */
#ifndef ALLOCTAP_BINARY_DWARF_INLINED_H
#define ALLOCTAP_BINARY_DWARF_INLINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a copy: link-time addresses. */
struct inlined_code {
	uint64_t first, end;
};

/* Strings are valid during the call; "" where not known. */
struct inlined_place {
	const char *function; /* that it was put into, as the source has it, qualified */
	const char *file;     /* of the call */
	uint32_t line;        /* 0: not known */
	const struct inlined_code *code;
	size_t n_code;
};

struct inlined_search {
	/*
	 * The number, >= 0, that the caller knows a function by; < 0: of no interest. @name is
	 * as the source has it, qualified; @linkage_name as the linker has it, "" in C and
	 * where the compiler left it out.
	 */
	int (*wanted)(void *ctx, const char *name, const char *linkage_name);
	/* May a function of this name, not qualified, be wanted? Most are not: is asked first. */
	bool (*may_be_wanted)(void *ctx, const char *name, const char *linkage_name);
	/* A copy of function @which. 0, or what the search ends with. */
	int (*found)(void *ctx, int which, const struct inlined_place *place);
	void *ctx;
	uint32_t max_entries; /* of debug information to look at */
};

/*
 * Looks through the file behind @fd: a program, or the file its debug information was moved
 * to. @alt_fd: what dwz moved out of it, or -1. Copies inside of a function that is wanted
 * itself are part of it, and not told. 0; -ENODATA no debug information, or damaged;
 * -E2BIG more entries than allowed: told is what was found until then; -ENOMEM.
 */
int dwarf_inlined_find(int fd, int alt_fd, const struct inlined_search *search);

#endif
