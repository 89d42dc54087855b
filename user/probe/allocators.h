/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The functions that native programs allocate with, and those that containers
 * grow by, as tables: what each does, and which argument says how much.
 */
#ifndef ALLOCTAP_PROBE_ALLOCATORS_H
#define ALLOCTAP_PROBE_ALLOCATORS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alloctap.h"

struct native_family {
	const char *name; /* "jemalloc" */
	/* A file that has a function of one of these names is of this family; NULL: no more. */
	const char *markers[4];
	const char *library; /* how a library that is nothing else is called, its beginning */
};

struct native_function {
	const char *name;
	enum native_op op;
	/* Arguments, counted from 1; 0: none. As in struct native_probe. */
	uint8_t size_arg, size_arg2, ptr_arg;
	enum native_container container;
	/* Tapped only where none of the others does its work. */
	bool last_resort;
};

struct native_match {
	const struct native_function *function;
	/* Whose it is; NULL: of the family its file is of. */
	const struct native_family *family;
	/* Counts only in files of that family: others use such names for anything. */
	bool in_family_only;
};

/* Is the function of that name ours? An "@VERSION" in @name is left aside. */
bool native_function_find(const char *name, struct native_match *match);
/* The family whose marker that name is, or NULL. */
const struct native_family *native_family_of_marker(const char *name);
/* The family of the library of that name, or NULL. */
const struct native_family *native_family_of_library(const char *name);
/* Which of two families a file is of that has markers of both. Either may be NULL. */
const struct native_family *native_family_choose(const struct native_family *a,
						 const struct native_family *b);

/* What counts of @op are of. */
enum sample_kind native_op_kind(enum native_op op);
/*
 * A call of @op sometimes ends in a jump to a function of @next, and only then: the
 * enum native_flags by which the programs know such calls. 0: no such pair.
 */
uint8_t native_passes_on(enum native_op op, enum native_op next);

#endif
