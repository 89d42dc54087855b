/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which static probes of a file are tapped to see a runtime's garbage collections. */
#ifndef ALLOCTAP_PROBE_USDT_PLAN_H
#define ALLOCTAP_PROBE_USDT_PLAN_H

#include <stdio.h>

#include "binary/elf_file.h"
#include "probe/gc_runtime.h"

/* One place in the code; a probe has several where its function was inlined. */
struct usdt_site {
	const struct gc_probe *probe;
	uint64_t file_offset; /* of the nop */
	uint64_t semaphore;   /* file offset of its counter; 0: it has none */
	struct usdt_operands operands;
};

struct usdt_plan {
	const struct gc_runtime *runtime; /* NULL: an empty plan */
	struct usdt_site *sites;
	size_t n, cap;
};

/*
 * The plan for a file that may hold a collector; @name is for messages. -ENOENT,
 * nothing printed, where it has none of the probes in gc_probes[]. -ENOTSUP,
 * printed, where it has, but cannot be tapped. 0 on success.
 */
int usdt_plan_make(struct usdt_plan *plan, const char *name, const struct elf_file *elf);
void usdt_plan_free(struct usdt_plan *plan);
/* A table for people. */
void usdt_plan_print(const struct usdt_plan *plan, const char *file, FILE *out);

#endif
