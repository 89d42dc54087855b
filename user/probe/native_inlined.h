/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Functions that would be tapped, and that the compiler copied into their callers: no
 * probe sees these copies. Debug information tells, where there is any. Copies that call
 * another allocator are no loss: that one is tapped.
 */
#ifndef ALLOCTAP_PROBE_NATIVE_INLINED_H
#define ALLOCTAP_PROBE_NATIVE_INLINED_H

#include <stddef.h>
#include <stdint.h>

#include "binary/elf_file.h"
#include "probe/native_plan.h"

/* Of each function these many places are remembered. */
#define NATIVE_INLINED_PLACES 3

struct native_inlined_place {
	char *function, *file; /* into which, and the file's name without its folder */
	uint32_t line;         /* 0: not known */
};

struct native_inlined_function {
	const char *name; /* as the table has it, or --allocator: borrowed */
	enum sample_kind kind;
	bool custom;
	uint64_t copies;
	struct native_inlined_place places[NATIVE_INLINED_PLACES];
	size_t n_places;
};

struct native_inlined {
	struct native_inlined_function *functions; /* in the order of their discovery */
	size_t n, cap;
	bool untold; /* there is no debug information that can be read */
	bool cut;    /* there is more of it than was looked at */
};

/* Where to look for debug information, and how much of it. */
enum native_inlined_effort {
	NATIVE_INLINED_BRIEFLY,    /* in the file itself, about 0.1 s at most */
	NATIVE_INLINED_THOROUGHLY, /* in its separate debug file too, a few seconds at most */
};

/*
 * Of the file @elf, open as @fd, what @request asks for. 0 or -ENOMEM; free with
 * native_inlined_free() either way.
 */
int native_inlined_find(struct native_inlined *in, const struct elf_file *elf, int fd,
			const struct native_request *request, enum native_inlined_effort effort);
void native_inlined_free(struct native_inlined *in);
/* "second (user.c:4), third (user.c:9) and 12 more", cut to @size. Returns @text. */
const char *native_inlined_places(const struct native_inlined_function *f, char *text, size_t size);

#endif
