/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The unwind tables of a session: who has what mapped, and the rows of each file.
 *
 *	unwind_new -> unwind_configure -> (programs are loaded) -> unwind_start
 *		   -> unwind_set_process, unwind_drop_process ... -> unwind_free
 *
 * A file's rows are made once, shared by all processes that map it, and kept
 * after the last of them is gone until the room is needed.
 */
#ifndef ALLOCTAP_SESSION_UNWIND_H
#define ALLOCTAP_SESSION_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alloctap_bpf;
struct unwind;

/* What --unwind-memory is without being given: room for rows, in bytes. */
#define UNWIND_MEMORY_DEFAULT (64ull << 20)

/* An executable mapping of a process. Others are not wanted. */
struct unwind_map {
	uint64_t start, end;
	uint64_t offset;  /* in the file */
	const char *path; /* for messages; "[vdso]" is known by it */
};

/* An fd of the file behind @map, which unwind closes; -errno. */
typedef int (*unwind_open_fn)(void *ctx, const struct unwind_map *map);

struct unwind_stats {
	size_t processes, files;
	uint64_t rows, rules;   /* in use, kept files included */
	uint64_t bytes;         /* of kernel memory for them */
	uint64_t build_ns;      /* spent on making rows */
	uint64_t evicted;       /* files whose room was given to others */
	uint64_t without_table; /* files that have none: damaged, none in the file, or no room */
};

/* @memory bytes at most for rows. NULL with errno ENOMEM. */
struct unwind *unwind_new(uint64_t memory);
void unwind_free(struct unwind *u);
/* Before loading: sizes the maps. */
void unwind_configure(struct unwind *u, struct alloctap_bpf *skel);
/* Once loaded. 0 or -errno, printed. */
int unwind_start(struct unwind *u, struct alloctap_bpf *skel);

/*
 * From now on @tgid has exactly the mappings @maps, by address, in any order. Seen by the
 * programs all at once. A file whose rows cannot be had is said once, and its frames
 * are found by frame pointers. 0 or -errno, printed: the process keeps what it had.
 */
int unwind_set_process(struct unwind *u, uint32_t tgid, const struct unwind_map *maps, size_t n,
		       unwind_open_fn open_map, void *ctx);
/*
 * Makes the rows of the file @fd (borrowed), as some process is about to map it. 0, also
 * where there is no room; or -errno, printed.
 */
int unwind_add_file(struct unwind *u, int fd, const char *path);
void unwind_drop_process(struct unwind *u, uint32_t tgid);
struct unwind_stats unwind_stats(const struct unwind *u);

#endif
