/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Packing a recording, table by table: recording_write.c; the live heap,
 * recording_pack_live.c. Private to this room.
 */
#ifndef ALLOCTAP_PROFILE_RECORDING_PACK_H
#define ALLOCTAP_PROFILE_RECORDING_PACK_H

#include "base/gzip.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "profile/recording.pb-c.h"

/* The columns of one table are in memory at a time. */
struct packer {
	const struct profile *p;
	struct gzip_stream *out;
	VEC(void *) columns;
	bool failed;
};

/* An array of zeros for a message; NULL, remembered, when out of memory. */
void *pack_column(struct packer *k, size_t rows, size_t size);
/* Packs what is set in @r, and drops the columns. */
void pack_emit(struct packer *k, const Alloctap__Recording *r);

/* Makes column @col of table @m from expression @value over row number i. */
#define COLUMN(k, m, rows, col, value)                                \
	do {                                                          \
		(m).n_##col = (rows);                                 \
		(m).col = pack_column((k), (rows), sizeof(*(m).col)); \
		for (size_t i = 0; (m).col && i < (rows); i++)        \
			(m).col[i] = (value);                         \
	} while (0)

/* recording_pack_live.c */
void pack_live(struct packer *k);
void pack_heap(struct packer *k);

#endif
