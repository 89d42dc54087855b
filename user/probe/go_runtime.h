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

enum go_feature {
	GO_NO_SIZE_SPECIALISED = 1 << 0, /* mallocgc sees everything */
	GO_SIZE_SPECIALISED = 1 << 1,    /* new(T) calls mallocgc...SC<n>, mallocgc forwards */
};

struct go_function {
	const char *name;
	bool numbered; /* name is a prefix; digits follow: "...SC" of "...SC17" */
	enum sample_kind kind;
	unsigned int when; /* enum go_feature; 0: always */
};

/* All functions worth a probe, over all versions; a binary has some of them. */
extern const struct go_function go_functions[];
extern const size_t n_go_functions;
/* A binary that has this function allocates by size class (1.27, or 1.26 by experiment). */
extern const char go_size_specialised_marker[];

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
 * Slot sizes by request, in the two tables of alloctap.h, from Go's 68 size
 * classes (runtime/sizeclasses.go; the same in 1.18 to 1.27).
 */
void go_size_tables(uint16_t fine[GO_SIZE_TABLE], uint16_t coarse[GO_SIZE_TABLE]);

#endif
