/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Types as a recording holds them, made of the runtime's. */
#ifndef ALLOCTAP_TESTS_DESCRIBED_H
#define ALLOCTAP_TESTS_DESCRIBED_H

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "session/types.h"

/* What the memory of a process holds at @at; the rest of it cannot be read. */
struct described_memory {
	const uint8_t *bytes;
	size_t len;
	uint64_t at;
};

/*
 * A profile with the types at @addresses[@n]; their places in it go to @types. Takes
 * over @go.
 */
static inline struct profile *described(struct go_types *go, const struct described_memory *m,
					const uint64_t *addresses, uint32_t *types, size_t n)
{
	struct profile_builder *b = profile_builder_new();
	int memory = memfd_create("memory", MFD_CLOEXEC);
	struct target_types *t = target_types_new(go, memory, b);
	struct profile *p;

	assert(t && memory >= 0);
	assert(pwrite(memory, m->bytes, m->len, (off_t)m->at) == (ssize_t)m->len);
	for (size_t i = 0; i < n; i++)
		types[i] = target_types_get(t, addresses[i]);
	target_types_free(t);
	close(memory);
	p = profile_builder_finish(b);
	profile_builder_free(b);
	assert(p);
	return p;
}

#endif
