/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who asked the kernel for address space, and who gave it back: calls of mmap,
 * munmap, mremap and brk by call site. Their sites include allocators: it is these
 * that ask for most of it, so nothing is skipped to find one but the call itself.
 */
#ifndef ALLOCTAP_REPORT_SPACE_H
#define ALLOCTAP_REPORT_SPACE_H

#include "profile/profile.h"

#define SPACE_KINDS (PROFILE_BRK - PROFILE_MMAP + 1)

struct space_sum {
	uint64_t calls;
	uint64_t bytes; /* asked for, given back, or grown by */
};

struct space_row {
	enum profile_kind kind;
	struct profile_line site;
	struct space_sum sum;
};

struct space_table {
	struct space_row *rows; /* by bytes, calls, kind, then name: stable */
	size_t n;
	struct space_sum totals[SPACE_KINDS]; /* by kind - PROFILE_MMAP */
};

/* "mmap": the key in JSON. */
const char *space_kind_name(enum profile_kind kind);
/* NULL with errno ENOMEM. */
struct space_table *space_table_new(const struct profile *p);
void space_table_free(struct space_table *t);

#endif
