/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Unpacking a recording, table by table: recording_unpack.c; what is known of
 * types, recording_unpack_types.c; of collections, recording_unpack_gc.c; of the
 * live heap, recording_unpack_live.c. Private to this room.
 */
#ifndef ALLOCTAP_PROFILE_RECORDING_UNPACK_H
#define ALLOCTAP_PROFILE_RECORDING_UNPACK_H

#include "profile/profile.h"
#include "profile/recording.pb-c.h"

struct unpacker {
	const char *name;
	const Alloctap__Recording *r;
	struct profile *p;
};

/* Element i of a column; a missing column reads as zeros. */
#define AT(message, col, i) ((message)->n_##col ? (message)->col[i] : 0)

/* The other columns of a table must be as long as the first, or missing. */
#define CHECK_COLUMNS(u, table, rows, ...)                            \
	unpack_columns(u, table, rows, (const size_t[]){__VA_ARGS__}, \
		       sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* Prints what is wrong; -EBADMSG. */
int unpack_damaged(const struct unpacker *u, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* These: 0, or -EBADMSG, printed. */
int unpack_columns(const struct unpacker *u, const char *table, size_t rows, const size_t *lengths,
		   size_t n);
int unpack_index(const struct unpacker *u, const char *what, uint32_t index, size_t n);
int unpack_string(const struct unpacker *u, uint32_t id);
/* Deals the next @n of @total out: *@first is where they begin. */
int unpack_run(const struct unpacker *u, const char *what, uint32_t n, size_t total, uint32_t *next,
	       uint32_t *first);
/* An array of @n rows for the profile; never NULL for want of rows. */
void *unpack_rows(size_t n, size_t size);
/* Adds @value to *@sum, which whoever adds up these values may hold in an int64. */
bool unpack_sum(uint64_t *sum, uint64_t value);

/* The tables of recording_unpack_types.c: 0 or -errno, printed unless -ENOMEM. */
int unpack_types(struct unpacker *u);
int unpack_fields(struct unpacker *u);
int unpack_growths(struct unpacker *u);
/* Those of recording_unpack_gc.c, the same. */
int unpack_gc_cycles(struct unpacker *u);
int unpack_gc_pauses(struct unpacker *u);
int unpack_gc_pools(struct unpacker *u);
int unpack_memory(struct unpacker *u);
int unpack_bins(struct unpacker *u);
/* Those of recording_unpack_live.c, the same; the heap is the first. */
int unpack_heap(struct unpacker *u);
int unpack_live(struct unpacker *u);

#endif
