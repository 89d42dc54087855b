/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which parts of [0, n) are free: first fit, neighbours joined. */
#ifndef ALLOCTAP_SESSION_EXTENTS_H
#define ALLOCTAP_SESSION_EXTENTS_H

#include <stdint.h>

#include "base/vec.h"

struct extent {
	uint32_t first, n;
};

struct extents {
	VEC(struct extent) free; /* by place, none next to another */
	uint64_t used;
};

/* All of [0, @n) is free. 0 or -ENOMEM. */
int extents_init(struct extents *e, uint32_t n);
void extents_free(struct extents *e);
/* @n > 0 that are next to each other; -ENOSPC. */
int extents_take(struct extents *e, uint32_t n, uint32_t *first);
/* What was taken, as it was taken; n 0 is ok. 0 or -ENOMEM. */
int extents_give(struct extents *e, struct extent x);

#endif
