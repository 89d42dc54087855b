/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Interning: the index every table of ours is built on.
 *
 * An intern maps a 64-bit hash to small ids (0, 1, 2 ... in the order of
 * insertion); the owner keeps the things themselves in an array of its own and
 * says through a callback whether thing @id is the one looked for. Strings,
 * functions, locations, stacks and samples all use the same one.
 */
#ifndef ALLOCTAP_BASE_INTERN_H
#define ALLOCTAP_BASE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intern {
	uint64_t *hashes;
	uint32_t *ids; /* id + 1; 0 is an empty slot */
	size_t n, cap;
};

/* Does the thing with @id equal the one described by @key? */
typedef bool (*intern_equal_fn)(const void *ctx, uint32_t id, const void *key);

#define INTERN_NONE UINT32_MAX

/* The id of the thing, or INTERN_NONE. */
uint32_t intern_find(const struct intern *in, uint64_t hash, intern_equal_fn equal, const void *ctx,
		     const void *key);
/* Records @id under @hash; the caller has looked first. 0 or -ENOMEM. */
int intern_add(struct intern *in, uint64_t hash, uint32_t id);
void intern_free(struct intern *in);

/* 64-bit hash of @len bytes (FNV-1a with a final avalanche). */
uint64_t hash_bytes(const void *p, size_t len, uint64_t seed);

/* A table of unique strings; id 0 is always "". */
struct strtab {
	struct intern index;
	char *pool;
	size_t pool_len, pool_cap;
	uint32_t *offsets;
	size_t n, cap;
};

int strtab_init(struct strtab *t);
void strtab_free(struct strtab *t);
/* The id of @s, added if new; NULL counts as "". -1 when out of memory. */
int64_t strtab_add(struct strtab *t, const char *s);
int64_t strtab_add_len(struct strtab *t, const char *s, size_t len);
/* Valid until the next add. */
const char *strtab_get(const struct strtab *t, uint32_t id);

#endif
