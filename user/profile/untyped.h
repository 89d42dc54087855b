/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the stack of a Go allocation tells of what was made, where the type that
 * the allocator was given does not: none at all, or a slice's element.
 */
#ifndef ALLOCTAP_PROFILE_UNTYPED_H
#define ALLOCTAP_PROFILE_UNTYPED_H

#include "profile/builder.h"

struct untyped {
	uint32_t stack;
	int minor;      /* 26 of go1.26.8 */
	uint64_t bytes; /* requested for one object */
};

/*
 * A name for an allocation without a type: "[string bytes]", "[]byte", or
 * "[no type: runtime.foo]" with the function of the runtime that asked for it.
 */
void untyped_name(const struct profile_builder *b, const struct untyped *u, char *buf, size_t size);

/* Is what was allocated on @stack, given the type of an element, a slice's array of such? */
bool untyped_is_slice(const struct profile_builder *b, uint32_t stack);

#endif
