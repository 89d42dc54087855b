/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which functions of a binary are tapped, at which instruction, to count what. */
#ifndef ALLOCTAP_PROBE_PLAN_H
#define ALLOCTAP_PROBE_PLAN_H

#include <stdio.h>

#include "binary/elf_file.h"
#include "binary/go_binary.h"
#include "probe/go_runtime.h"
#include "probe/prologue.h"

struct probe {
	const char *symbol; /* points into the binary */
	enum sample_kind kind;
	enum growth_function growth;
	enum gc_function gc;
	uint64_t vaddr;       /* of the function */
	uint64_t file_offset; /* of the probed instruction */
	struct probe_point point;
};

struct probe_plan {
	struct probe *probes; /* by kind, then address */
	size_t n, cap;
	struct go_layout layout;
	uint64_t gc_controller; /* link-time address of runtime.gcController; 0: not known */
	bool newer_than_known;  /* of this Go version only function names are known */
};

/* For the kinds in @kinds, a mask of 1 << enum sample_kind. */
#define KINDS_ALL ((1u << KIND_MAX) - 1)

/*
 * The plan for a Go program. -ENOENT, reason printed under @name, where a
 * function that must be tapped is missing or has no instruction to sit on: a
 * plan that would miss allocations is no plan. 0 on success.
 */
int probe_plan_go(struct probe_plan *plan, const char *name, const struct elf_file *elf,
		  const struct go_binary *go, unsigned int kinds);
void probe_plan_free(struct probe_plan *plan);
size_t probe_plan_count(const struct probe_plan *plan, enum sample_kind kind);

/* The name of the BPF program that counts @kind in Go. */
const char *probe_program_name(enum sample_kind kind);
/* A table for people: binary, symbol, file offset, instruction, how, program. */
void probe_plan_print(const struct probe_plan *plan, const char *binary, FILE *out);

#endif
