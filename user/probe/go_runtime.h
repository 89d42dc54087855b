/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What differs between Go versions, as one table: which functions see each heap
 * allocation exactly once, and where the runtime keeps what a walk reads.
 */
#ifndef ALLOCTAP_PROBE_GO_RUNTIME_H
#define ALLOCTAP_PROBE_GO_RUNTIME_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alloctap.h"

/*
 * How a runtime splits the work of allocating. Told from the functions a binary
 * has rather than from its version: experiments move the line.
 */
enum go_malloc {
	GO_MALLOC_WHOLE = 1 << 0, /* up to 1.23: mallocgc does it all */
	/*
	 * 1.24 to 1.26: mallocgc assists the GC, which may park it, and then calls
	 * one of several functions. Tapping those instead sees the tiny allocator's
	 * state as it will find it.
	 */
	GO_MALLOC_SPLIT = 1 << 1,
	/* 1.27: new(T) calls mallocgc...SC<n> directly, mallocgc forwards to them. */
	GO_MALLOC_SPECIALISED = 1 << 2,
};

struct go_function {
	const char *name;
	bool numbered; /* name is a prefix; digits follow: "...SC" of "...SC17" */
	enum sample_kind kind;
	unsigned int when; /* mask of enum go_malloc */
	enum growth_function growth;
};

/*
 * All functions worth a probe, over all versions; a binary has some of them. Of a
 * kind other than KIND_ALLOC it may well have none: nothing in it does that.
 */
extern const struct go_function go_functions[];
extern const size_t n_go_functions;
/* A binary that has the first is specialised; else one that has the second is split. */
extern const char go_specialised_marker[];
extern const char go_split_marker[];

struct go_runtime {
	int minor; /* 26 of go1.26.8 */
	struct go_layout layout;
};

#define GO_MINOR_MIN 18

/* The newest minor version in the table. */
int go_runtime_newest(void);
/* NULL where @minor is not in the table. */
const struct go_runtime *go_runtime_find(int minor);

/*
 * The slot for a request of @size bytes, up to 32768; headers and tiny blocks are
 * the caller's to think of.
 */
uint16_t go_size_class(size_t size);
/*
 * The same in the two tables of alloctap.h, from Go's 68 size classes
 * (runtime/sizeclasses.go; the same in 1.18 to 1.27).
 */
void go_size_tables(uint16_t fine[GO_SIZE_TABLE], uint16_t coarse[GO_SIZE_TABLE]);

#endif
