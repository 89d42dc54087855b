// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"

uint64_t hash_bytes(const void *p, size_t len, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325ull ^ seed;
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return h ^ (h >> 32);
}

uint32_t intern_find(const struct intern *in, uint64_t hash, intern_equal_fn equal, const void *ctx,
		     const void *key)
{
	if (!in->cap)
		return INTERN_NONE;
	for (size_t i = hash & (in->cap - 1); in->ids[i]; i = (i + 1) & (in->cap - 1)) {
		if (in->hashes[i] == hash && equal(ctx, in->ids[i] - 1, key))
			return in->ids[i] - 1;
	}
	return INTERN_NONE;
}

static void intern_place(struct intern *in, uint64_t hash, uint32_t slot_value)
{
	size_t i = hash & (in->cap - 1);

	while (in->ids[i])
		i = (i + 1) & (in->cap - 1);
	in->hashes[i] = hash;
	in->ids[i] = slot_value;
}

static int intern_grow(struct intern *in)
{
	struct intern bigger = {.n = in->n, .cap = in->cap ? in->cap * 2 : 64};

	bigger.hashes = calloc(bigger.cap, sizeof(*bigger.hashes));
	bigger.ids = calloc(bigger.cap, sizeof(*bigger.ids));
	if (!bigger.hashes || !bigger.ids) {
		intern_free(&bigger);
		return -ENOMEM;
	}
	for (size_t i = 0; i < in->cap; i++) {
		if (in->ids[i])
			intern_place(&bigger, in->hashes[i], in->ids[i]);
	}
	intern_free(in);
	*in = bigger;
	return 0;
}

int intern_add(struct intern *in, uint64_t hash, uint32_t id)
{
	if (id == INTERN_NONE)
		return -ENOMEM;
	if (in->n * 4 >= in->cap * 3) {
		int err = intern_grow(in);

		if (err)
			return err;
	}
	intern_place(in, hash, id + 1);
	in->n++;
	return 0;
}

void intern_free(struct intern *in)
{
	free(in->hashes);
	free(in->ids);
	*in = (struct intern){0};
}

struct string_key {
	const char *s;
	size_t len;
};

static bool string_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct strtab *t = ctx;
	const struct string_key *k = key;
	const char *s = strtab_get(t, id);

	return !strncmp(s, k->s, k->len) && !s[k->len];
}

int strtab_init(struct strtab *t)
{
	*t = (struct strtab){0};
	return strtab_add(t, "") == 0 ? 0 : -ENOMEM;
}

void strtab_free(struct strtab *t)
{
	intern_free(&t->index);
	free(t->pool);
	free(t->offsets);
	*t = (struct strtab){0};
}

int64_t strtab_add(struct strtab *t, const char *s)
{
	return strtab_add_len(t, s ? s : "", s ? strlen(s) : 0);
}

int64_t strtab_add_len(struct strtab *t, const char *s, size_t len)
{
	struct string_key key = {s, strnlen(s, len)};
	uint64_t hash = hash_bytes(s, key.len, 0);
	uint32_t id = intern_find(&t->index, hash, string_equal, t, &key);

	if (id != INTERN_NONE)
		return id;
	if (t->pool_len + key.len + 1 > UINT32_MAX)
		return -1;
	if (vec_grow((void **)&t->pool, &t->pool_cap, t->pool_len + key.len + 1, 1) ||
	    vec_grow((void **)&t->offsets, &t->cap, t->n + 1, sizeof(*t->offsets)))
		return -1;
	if (intern_add(&t->index, hash, (uint32_t)t->n))
		return -1;
	t->offsets[t->n] = (uint32_t)t->pool_len;
	memcpy(t->pool + t->pool_len, s, key.len);
	t->pool[t->pool_len + key.len] = 0;
	t->pool_len += key.len + 1;
	return (int64_t)t->n++;
}

const char *strtab_get(const struct strtab *t, uint32_t id)
{
	return id < t->n ? t->pool + t->offsets[id] : "";
}
