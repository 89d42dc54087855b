// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <string.h>

#include "session/raw_counts.h"

static void add_value(struct count_value *sum, const struct count_value *v)
{
	sum->objects += v->objects;
	sum->bytes += v->bytes;
	sum->requested += v->requested;
	if (v->entries > sum->entries)
		sum->entries = v->entries;
}

static bool count_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct raw_counts *r = ctx;

	return !memcmp(&r->counts.data[id].key, key, sizeof(struct count_key));
}

int raw_counts_add(struct raw_counts *r, const struct count_key *key,
		   const struct count_value *value)
{
	uint64_t hash = hash_bytes(key, sizeof(*key), 0);
	uint32_t id = intern_find(&r->count_index, hash, count_equal, r, key);
	int err;

	if (id == INTERN_NONE) {
		struct raw_count count = {.key = *key};

		id = (uint32_t)r->counts.n;
		err = vec_push(&r->counts, count);
		if (!err)
			err = intern_add(&r->count_index, hash, id);
		if (err)
			return err;
	}
	add_value(&r->counts.data[id].value, value);
	if (key->kind < KIND_MAX)
		add_value(&r->totals[key->kind], value);
	return 0;
}

static bool stack_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct raw_counts *r = ctx;

	return r->stacks.data[id].id == *(const uint64_t *)key;
}

int raw_counts_add_stack(struct raw_counts *r, uint64_t id, const struct stack_value *stack)
{
	struct raw_stack s = {
		.id = id,
		.first = (uint32_t)r->ips.n,
		.n = stack->n < STACK_MAX_FRAMES ? stack->n : STACK_MAX_FRAMES,
		.flags = stack->flags,
	};
	int err;

	if (raw_counts_stack(r, id))
		return 0;
	err = vec_reserve(&r->ips, r->ips.n + s.n);
	if (!err)
		err = intern_add(&r->stack_index, id, (uint32_t)r->stacks.n);
	if (!err)
		err = vec_push(&r->stacks, s);
	if (err)
		return err;
	memcpy(r->ips.data + r->ips.n, stack->ips, s.n * sizeof(*stack->ips));
	r->ips.n += s.n;
	return 0;
}

const struct raw_stack *raw_counts_stack(const struct raw_counts *r, uint64_t id)
{
	uint32_t i = intern_find(&r->stack_index, id, stack_equal, r, &id);

	return i == INTERN_NONE ? NULL : &r->stacks.data[i];
}

void raw_counts_free(struct raw_counts *r)
{
	vec_free(&r->stacks);
	vec_free(&r->ips);
	vec_free(&r->counts);
	intern_free(&r->stack_index);
	intern_free(&r->count_index);
}
