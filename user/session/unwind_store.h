/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel side's unwind tables (bpf/unwind.h): maps that are filled through mmap,
 * and who has which part of them.
 *
 * A program that runs now may still read what was just replaced. So what is given
 * back can be had again only after unwind_store_quiesce(), which the store calls
 * itself when it runs out of room.
 */
#ifndef ALLOCTAP_SESSION_UNWIND_STORE_H
#define ALLOCTAP_SESSION_UNWIND_STORE_H

#include "binary/unwind_table.h"
#include "session/extents.h"

struct alloctap_bpf;
struct unwind_store;

/* Where a file's table lies. Zero-initialised: nowhere. */
struct unwind_place {
	struct extent pages;
	struct extent *rows; /* numbered through all shards */
	size_t n_rows;
};

/* @memory bytes at most for rows. NULL with errno ENOMEM. */
struct unwind_store *unwind_store_new(uint64_t memory);
void unwind_store_free(struct unwind_store *s);
void unwind_store_configure(const struct unwind_store *s, struct alloctap_bpf *skel);
/* 0 or -errno, printed. */
int unwind_store_start(struct unwind_store *s, struct alloctap_bpf *skel);

/* 0; -ENOSPC no room, as long as others keep theirs; other -errno, printed. */
int unwind_store_put(struct unwind_store *s, const struct unwind_table *t,
		     struct unwind_place *place);
/*
 * Tells the programs that the file fstat() knows by @device and @inode has its table
 * there, and what to add to a byte's place in the file for that in the table.
 */
void unwind_store_name(struct unwind_store *s, uint64_t device, uint64_t inode,
		       const struct unwind_place *place, uint64_t offset);
void unwind_store_unname(struct unwind_store *s, uint64_t device, uint64_t inode);
/* Gives a table's room back. */
void unwind_store_drop(struct unwind_store *s, struct unwind_place *place);

/*
 * From now on @tgid's mappings are @m, sorted; @old is what the last call returned
 * for it (n 0: nothing) and becomes the new one. Does nothing where they are the same. 0;
 * -ENOSPC; other -errno, printed.
 */
int unwind_store_publish(struct unwind_store *s, uint32_t tgid, const struct unwind_mapping *m,
			 uint32_t n, bool go, struct extent *slice);
void unwind_store_withdraw(struct unwind_store *s, uint32_t tgid, struct extent *slice);

uint64_t unwind_store_rows(const struct unwind_store *s);
uint64_t unwind_store_rules(const struct unwind_store *s);
uint64_t unwind_store_bytes(const struct unwind_store *s);

#endif
