/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Single objects that were put on the heap: what `go build -gcflags=-m` says
 * could escape, ranked by what did. An allocation is one if the program's own
 * code called newobject, or the allocator directly as it does since Go 1.25
 * (merged variables) and 1.27 (new(T) of up to 80 bytes).
 */
#ifndef ALLOCTAP_REPORT_ESCAPES_H
#define ALLOCTAP_REPORT_ESCAPES_H

#include "profile/profile.h"

struct escape {
	struct profile_line line;
	uint32_t type; /* in profile.types */
	uint64_t objects, bytes;
};

struct escape_table {
	struct escape *rows; /* by objects, then bytes, then place: stable */
	size_t n;
	uint64_t objects, bytes; /* of all rows */
};

/* NULL with errno ENOMEM. */
struct escape_table *escape_table_new(const struct profile *p);
void escape_table_free(struct escape_table *t);

#endif
