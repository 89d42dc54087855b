/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where a Go program tells of its garbage collector: functions by name, places
 * behind a call, and the address of the pacer's state.
 */
#ifndef ALLOCTAP_PROBE_GO_GC_H
#define ALLOCTAP_PROBE_GO_GC_H

#include "binary/elf_file.h"
#include "binary/go_binary.h"
#include "probe/go_runtime.h"
#include "probe/prologue.h"

struct go_gc_function {
	const char *name;
	enum gc_function gc;
	int until;     /* the last minor version in which it tells anything new; 0: still does */
	bool optional; /* the linker leaves it out of programs that do not call it */
};

/* Functions probed where they begin. */
extern const struct go_gc_function go_gc_functions[];
extern const size_t n_go_gc_functions;

/* A place in a function that is passed after each call of another, and only then. */
struct go_gc_place {
	struct go_func func;
	struct probe_point point;
};

/*
 * The place of GC_RESTARTED, GC_ASSIST_END or GC_PARK_END. -ENOENT, nothing printed,
 * where the code is not as in any version we know. 0 on success.
 */
int go_gc_find_place(enum gc_function gc, const struct elf_file *elf, const struct go_binary *go,
		     struct go_gc_place *place);

/*
 * Link-time address of runtime.gcController; 0 where it cannot be found. Works
 * without a symbol table: facts/go-runtime.md 4.3.
 */
uint64_t go_gc_controller(const struct elf_file *elf, const struct go_binary *go);

/* Fills in what a Go version's functions are told, and where its pacer keeps what. */
void go_gc_layout(struct go_layout *layout, int minor);

#endif
