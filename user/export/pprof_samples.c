// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "export/pprof_samples.h"

#define KEY_SIZE (offsetof(struct pprof_sample, cycle) + sizeof(uint32_t))

_Static_assert(KEY_SIZE == 4 * sizeof(uint32_t), "no padding");

static bool same_key(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_samples *s = ctx;
	const struct pprof_sample *a = &s->list.data[id], *b = key;

	return a->target == b->target && a->stack == b->stack && a->type == b->type &&
	       a->cycle == b->cycle;
}

/* Adds @value to value @kind of the sample with this key. */
static int add_value(struct pprof_samples *s, const struct pprof_sample *key, enum pprof_value kind,
		     uint64_t value)
{
	uint64_t hash = hash_bytes(key, KEY_SIZE, 0);
	uint32_t id = intern_find(&s->index, hash, same_key, s, key);

	if (id == INTERN_NONE) {
		id = (uint32_t)s->list.n;
		if (vec_push(&s->list, *key) || intern_add(&s->index, hash, id))
			return -ENOMEM;
	}
	s->list.data[id].values[kind] += (int64_t)value;
	s->has[kind] = true;
	return 0;
}

static int add_sample(struct pprof_samples *s, const struct profile *p,
		      const struct profile_sample *row, bool by_cycle)
{
	struct pprof_sample key = {.target = row->target, .stack = row->stack, .type = row->type};
	int err;

	/* What is allocated while cycle n is the last to have begun leads to cycle n + 1. */
	if (by_cycle && !profile_epoch_folded(p, row->epoch))
		key.cycle = row->epoch + (row->kind != PROFILE_GC_ASSIST);
	switch (row->kind) {
	case PROFILE_ALLOC:
		err = add_value(s, &key, VALUE_ALLOC_OBJECTS, row->objects);
		return err ? err : add_value(s, &key, VALUE_ALLOC_SPACE, row->bytes);
	case PROFILE_MAP_INSERT:
		return add_value(s, &key, VALUE_MAP_INSERTS, row->objects);
	case PROFILE_WB_FLUSH:
		return add_value(s, &key, VALUE_WB_FLUSHES, row->objects);
	case PROFILE_GC_ASSIST:
		return add_value(s, &key, VALUE_GC_ASSIST, row->ns);
	default:
		return 0;
	}
}

int pprof_samples_make(struct pprof_samples *s, const struct profile *p, bool by_cycle)
{
	int err = 0;

	*s = (struct pprof_samples){0};
	for (size_t i = 0; i < VALUE_WB_FLUSHES; i++)
		s->has[i] = true;
	for (size_t i = 0; !err && i < p->n_samples; i++)
		err = add_sample(s, p, &p->samples[i], by_cycle);
	for (size_t i = 0; !err && i < p->n_live; i++) {
		const struct profile_live *live = &p->live[i];
		struct pprof_sample key = {.target = live->target, .stack = live->stack};

		err = add_value(s, &key, VALUE_INUSE_OBJECTS, live->objects);
		if (!err)
			err = add_value(s, &key, VALUE_INUSE_SPACE, live->bytes);
	}
	for (size_t i = 0; !err && i < p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &p->gc_pauses[i];
		struct pprof_sample key = {.target = pause->target,
					   .stack = pause->stack,
					   .cycle = by_cycle ? pause->epoch : 0};

		err = add_value(s, &key, VALUE_GC_PAUSE, pause->stopping_ns + pause->stopped_ns);
	}
	return err;
}

void pprof_samples_free(struct pprof_samples *s)
{
	intern_free(&s->index);
	vec_free(&s->list);
}
