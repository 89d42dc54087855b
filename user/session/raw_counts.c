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

static int add_count(struct raw_counts *r, const struct count_key *key,
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
	return 0;
}

int raw_counts_add(struct raw_counts *r, const struct count_key *key,
		   const struct count_value *value)
{
	struct count_key folded = *key;
	int err;

	if (r->epoch_of)
		folded.epoch = r->epoch_of(r->epoch_ctx, key);
	err = add_count(r, &folded, value);
	if (!err && key->kind < KIND_MAX)
		add_value(&r->totals[key->kind], value);
	return err;
}

size_t raw_counts_after(const struct raw_counts *r, uint32_t epoch)
{
	size_t n = 0;

	for (size_t i = 0; i < r->counts.n; i++)
		n += r->counts.data[i].key.epoch > epoch;
	return n;
}

int raw_counts_fold(struct raw_counts *r, raw_epoch_fn epoch_of, const void *ctx)
{
	struct raw_counts old = *r;
	int err = 0;

	r->epoch_of = epoch_of;
	r->epoch_ctx = ctx;
	r->counts.data = NULL;
	r->counts.n = r->counts.cap = 0;
	r->count_index = (struct intern){0};
	for (size_t i = 0; i < old.counts.n && !err; i++) {
		struct count_key key = old.counts.data[i].key;

		key.epoch = epoch_of(ctx, &key);
		err = add_count(r, &key, &old.counts.data[i].value);
	}
	vec_free(&old.counts);
	intern_free(&old.count_index);
	return err;
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
