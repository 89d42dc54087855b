/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was counted so far. Types are read along with the counts that name them, as the
 * memory that a process made them in may be gone when names are given to all else.
 */
#ifndef ALLOCTAP_SESSION_COUNTED_H
#define ALLOCTAP_SESSION_COUNTED_H

#include "session/raw_counts.h"
#include "session/tapper.h"

struct counted {
	struct tapper *t;
	struct raw_counts raw;
	struct profile_builder *builder; /* with the types in it */
};

/* 0 or -ENOMEM; to be freed in either case. */
int counted_init(struct counted *c, struct tapper *t);
void counted_free(struct counted *c);
/* Target @id names a Go type by its address @type: reads it, where that is still to be had. */
void counted_note_type(struct counted *c, uint32_t id, uint64_t type);
/* Takes what the full side of the kernel's maps has. 0 or -errno. */
int counted_drain(struct counted *c);
/* Takes what both sides have, once nothing is counted any more. 0 or -errno. */
int counted_drain_all(struct counted *c);
/* Adds what lives, and what found no room, once every target is known. 0 or -errno. */
int counted_finish(struct counted *c);

#endif
