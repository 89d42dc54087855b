// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "base/clock.h"
#include "session/counted.h"

int counted_init(struct counted *c, struct tapper *t)
{
	*c = (struct counted){.t = t, .builder = profile_builder_new()};
	return c->builder ? 0 : -ENOMEM;
}

void counted_free(struct counted *c)
{
	profile_builder_free(c->builder);
	raw_counts_free(&c->raw);
}

void counted_note_type(struct counted *c, uint32_t id, uint64_t type)
{
	struct target *target = targets_by_id(&c->t->targets, id);
	struct target_types *types;

	if (!target || !tap_is_go(target->tap) || tap_is_in_file(target->tap, type))
		return;
	types = tap_types(target->tap, c->builder);
	if (types)
		target_types_get(types, type);
}

/* Of the counts from @first on, as a record of the kernel side may have had no room. */
static void read_types(struct counted *c, size_t first)
{
	for (size_t i = first; i < c->raw.counts.n; i++) {
		const struct count_key *key = &c->raw.counts.data[i].key;

		if (key->type)
			counted_note_type(c, key->target, key->type);
	}
}

int counted_drain(struct counted *c)
{
	size_t known = c->raw.counts.n;
	int err = kernel_drain(c->t->kernel, &c->raw);

	if (!err)
		read_types(c, known);
	if (!err && c->t->live)
		err = live_look(c->t->live, &c->raw, now_ns());
	return err;
}

int counted_drain_all(struct counted *c)
{
	int err = 0;

	/* Either side may hold something. */
	for (int side = 0; side < 2 && !err; side++)
		err = kernel_drain(c->t->kernel, &c->raw);
	if (!err)
		read_types(c, 0);
	return err;
}

/* The overflow entries hold what no key could be stored for: [lost stack] of nobody known. */
static int take_overflow(struct counted *c)
{
	const struct count_value *overflow = kernel_overflow(c->t->kernel);
	int err = 0;

	for (int kind = 0; kind < KIND_MAX && !err; kind++) {
		struct count_key key = {.kind = (__u32)kind};

		/* Growths without their key say nothing: they are counted as lost. */
		if (overflow[kind].objects && kind != KIND_MAP_GROW)
			err = raw_counts_add(&c->raw, &key, &overflow[kind]);
	}
	return err;
}

int counted_finish(struct counted *c)
{
	int err = c->t->live ? live_finish(c->t->live, &c->raw) : 0;

	return err ? err : take_overflow(c);
}
