/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which of a file's allocating functions call which, as its code tells. One
 * allocation is to be counted once, whatever calls what on its way.
 */
#ifndef ALLOCTAP_PROBE_NATIVE_CALLS_H
#define ALLOCTAP_PROBE_NATIVE_CALLS_H

#include "binary/elf_file.h"

struct native_calls;

/* A function that may be tapped. Borrowed while the calls are looked at. */
struct native_body {
	uint64_t vaddr, end;
	/* Its calls are those of whoever calls it: it is not tapped itself. */
	bool passed_through;
	/* Its ways are followed further: through two calls, and whatever anybody may call. */
	bool far_sighted;
};

/* How one function gets to another. */
enum native_way {
	NATIVE_WAY_JUMP,      /* by a jump of its own: it never comes back */
	NATIVE_WAY_FAR_JUMP,  /* the same through functions that are no bodies */
	NATIVE_WAY_CALL,      /* it is called, and returns to [first, end) */
	NATIVE_WAY_IMPORT,    /* another file's, by a call or jump of its own */
	NATIVE_WAY_FAR_IMPORT /* ... through functions that are no bodies */
};

struct native_call {
	enum native_way way;
	size_t to;           /* index of a body; not of imports */
	const char *import;  /* its name; NULL: not an import */
	uint64_t first, end; /* of calls: where they return to */
};

/* The body that a function of that name is, SIZE_MAX: it is not in the file. */
typedef size_t (*native_name_fn)(const char *name, void *ctx);
typedef int (*native_call_fn)(const struct native_call *call, void *ctx);

/* NULL with errno ENOMEM. Borrows @elf. */
struct native_calls *native_calls_new(const struct elf_file *elf);
void native_calls_free(struct native_calls *c);
/*
 * Where a function ends that has no size of its own: at the next one known of, or
 * soon.
 */
uint64_t native_calls_end_of(const struct native_calls *c, uint64_t vaddr);
/*
 * Calls @fn for each way found from @bodies[from] to another of @bodies, which are
 * @n and sorted by address, or to an import. Ends early with what @fn returned,
 * where that is not 0.
 */
int native_calls_each(struct native_calls *c, const struct native_body *bodies, size_t n,
		      size_t from, native_name_fn find, native_call_fn fn, void *ctx);

/* How a function ends, where it does not end in a jump to one of the bodies. */
struct native_ending {
	bool returns_value;   /* one that is not 0, from some place */
	bool jumps_elsewhere; /* to a function that is no body */
};

/* Of @bodies[from]. 0 or -ENOMEM. */
int native_calls_ending(struct native_calls *c, const struct native_body *bodies, size_t n,
			size_t from, native_name_fn find, void *ctx, struct native_ending *ending);

#endif
