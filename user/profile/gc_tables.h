/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The tables over time of a profile that is being built. Private to this room. */
#ifndef ALLOCTAP_PROFILE_GC_TABLES_H
#define ALLOCTAP_PROFILE_GC_TABLES_H

#include "base/vec.h"
#include "profile/profile.h"

/* All zeros: empty. */
struct gc_tables {
	VEC(struct profile_gc_cycle) cycles;
	VEC(struct profile_gc_pause) pauses;
	VEC(struct profile_gc_pool) pools;
	VEC(struct profile_memory) memory;
};

void gc_tables_free(struct gc_tables *t);
/* 0 or -ENOMEM. Sizes that no memory could hold are taken as not known. */
int gc_tables_add_cycle(struct gc_tables *t, const struct profile_gc_cycle *c);
int gc_tables_add_pool(struct gc_tables *t, const struct profile_gc_pool *pool);
int gc_tables_add_memory(struct gc_tables *t, const struct profile_memory *m);
/* Hands all over to @p, in the order of its tables, and puts its bins in theirs; @t is empty. */
void gc_tables_take(struct gc_tables *t, struct profile *p);

#endif
