/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which functions of an ELF file are tapped as a native allocator's, or as a
 * container's, and at which instruction. A plan depends on the file alone: one
 * serves every process that maps it.
 */
#ifndef ALLOCTAP_PROBE_NATIVE_PLAN_H
#define ALLOCTAP_PROBE_NATIVE_PLAN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "alloctap.h"
#include "binary/elf_file.h"
#include "probe/prologue.h"

/* A home-made allocator, as --allocator names it. */
struct native_custom {
	const char *symbol;
	uint8_t size_arg; /* 1 ... 6 */
};

struct native_request {
	unsigned int kinds; /* mask of 1 << enum sample_kind */
	/* For --live: frees too, and probes of allocations where nothing is pushed yet. */
	bool live;
	const struct native_custom *custom; /* borrowed while the plan is made */
	size_t n_custom;
};

struct native_planned_probe {
	const char *symbol; /* points into the file */
	const char *family; /* "glibc": whose it is, for people */
	struct native_probe probe;
	enum sample_kind kind;
	uint64_t vaddr;       /* of the function's first byte */
	uint64_t file_offset; /* of the probed instruction */
	struct probe_point point;
	/* With --live: the address is what it returns. Then point.cfa_off is 0. */
	bool has_return;
};

/* What was found and is not tapped, for people: doctor says why. */
struct native_skipped {
	const char *symbol;
	const char *family;
	const char *why;
	uint64_t vaddr;
};

struct native_plan {
	struct native_planned_probe *probes; /* by kind, then address */
	size_t n, cap;
	struct native_skipped *skipped;
	size_t n_skipped, cap_skipped;
};

/*
 * The plan for a file; empty where it has nothing to tap. @name is for messages.
 * 0 or -ENOMEM. The plan points into @elf. Free with native_plan_free().
 */
int native_plan_file(struct native_plan *plan, const char *name, const struct elf_file *elf,
		     const struct native_request *request);
void native_plan_free(struct native_plan *plan);
size_t native_plan_count(const struct native_plan *plan, enum sample_kind kind);
/* A table for people: symbol, file offset, instruction, how, what. */
void native_plan_print(const struct native_plan *plan, const char *file, FILE *out);

/* A function's name for people: demangled, and not longer than @size allows. Returns @text. */
#define NATIVE_SYMBOL_TEXT 96
const char *native_symbol_text(const char *symbol, char *text, size_t size);

/* "malloc", "realloc", ... : what a tapped function does, for people. */
const char *native_op_name(enum native_op op);

#endif
