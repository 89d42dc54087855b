// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Tables over time. Their order is relied upon: whoever joins them walks, not searches. */
#include <errno.h>

#include "profile/recording_unpack.h"

/* So that points in time and durations (sums below 2^63) can be added without a thought. */
#define TIME_LIMIT (1ull << 62)

static int check_cycle(const struct unpacker *u, const struct profile_gc_cycle *c, size_t i)
{
	const struct profile_gc_cycle *last = i ? c - 1 : NULL;

	if (unpack_index(u, "target", c->target, u->p->n_targets) ||
	    unpack_index(u, "stack", c->stack, u->p->n_stacks) || unpack_string(u, c->name))
		return -EBADMSG;
	if (c->start_ns > TIME_LIMIT || c->end_ns > TIME_LIMIT)
		return unpack_damaged(u, "times beyond 64 bits");
	if (c->end_ns && c->end_ns < c->start_ns)
		return unpack_damaged(u, "GC cycle %zu ends before it starts", i);
	if (c->sweep_start_ns > TIME_LIMIT || c->sweep_end_ns > TIME_LIMIT)
		return unpack_damaged(u, "times beyond 64 bits");
	if (c->sweep_end_ns && c->sweep_end_ns < c->sweep_start_ns)
		return unpack_damaged(u, "the sweep of GC cycle %zu ends before it starts", i);
	if (c->heap_live > PROFILE_HEAP_MAX || c->heap_goal > PROFILE_HEAP_MAX ||
	    c->memory_limit > PROFILE_HEAP_MAX)
		return unpack_damaged(u, "the heap of GC cycle %zu is larger than memory", i);
	if (last &&
	    (c->target < last->target || (c->target == last->target && c->epoch < last->epoch)))
		return unpack_damaged(u, "GC cycles out of order");
	return 0;
}

int unpack_gc_cycles(struct unpacker *u)
{
	static const Alloctap__GcCycles none = ALLOCTAP__GC_CYCLES__INIT;
	const Alloctap__GcCycles *m = u->r->gc_cycles ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_gc_cycles = m->n_epoch;
	err = CHECK_COLUMNS(u, "GC cycles", p->n_gc_cycles, m->n_target, m->n_trigger, m->n_stack,
			    m->n_name, m->n_gc_percent, m->n_start_ns, m->n_end_ns, m->n_heap_live,
			    m->n_heap_goal, m->n_memory_limit, m->n_sweep_start_ns,
			    m->n_sweep_end_ns);
	if (err)
		return err;
	p->gc_cycles = unpack_rows(p->n_gc_cycles, sizeof(*p->gc_cycles));
	if (!p->gc_cycles)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_gc_cycles; i++) {
		struct profile_gc_cycle *c = &p->gc_cycles[i];

		*c = (struct profile_gc_cycle){
			.start_ns = AT(m, start_ns, i),
			.end_ns = AT(m, end_ns, i),
			.heap_live = AT(m, heap_live, i),
			.heap_goal = AT(m, heap_goal, i),
			.memory_limit = AT(m, memory_limit, i),
			.sweep_start_ns = AT(m, sweep_start_ns, i),
			.sweep_end_ns = AT(m, sweep_end_ns, i),
			.target = AT(m, target, i),
			.epoch = m->epoch[i],
			.stack = AT(m, stack, i),
			.gc_percent = AT(m, gc_percent, i),
			.name = AT(m, name, i),
		};
		if (unpack_index(u, "GC trigger", AT(m, trigger, i), PROFILE_GC_TRIGGER_MAX))
			return -EBADMSG;
		c->trigger = AT(m, trigger, i);
		err = check_cycle(u, c, i);
		if (err)
			return err;
	}
	return 0;
}

static int check_pause(const struct unpacker *u, const struct profile_gc_pause *pause, size_t i)
{
	const struct profile_gc_pause *last = i ? pause - 1 : NULL;

	if (unpack_index(u, "target", pause->target, u->p->n_targets) ||
	    unpack_index(u, "stack", pause->stack, u->p->n_stacks) ||
	    unpack_string(u, pause->reason))
		return -EBADMSG;
	if (pause->start_ns > TIME_LIMIT)
		return unpack_damaged(u, "times beyond 64 bits");
	if (last && (pause->target < last->target ||
		     (pause->target == last->target && pause->start_ns < last->start_ns)))
		return unpack_damaged(u, "pauses out of order");
	return 0;
}

int unpack_gc_pauses(struct unpacker *u)
{
	static const Alloctap__GcPauses none = ALLOCTAP__GC_PAUSES__INIT;
	const Alloctap__GcPauses *m = u->r->gc_pauses ?: &none;
	struct profile *p = u->p;
	uint64_t ns = 0;
	int err;

	p->n_gc_pauses = m->n_start_ns;
	err = CHECK_COLUMNS(u, "pauses", p->n_gc_pauses, m->n_stopping_ns, m->n_stopped_ns,
			    m->n_target, m->n_epoch, m->n_reason, m->n_gc, m->n_stack);
	if (err)
		return err;
	p->gc_pauses = unpack_rows(p->n_gc_pauses, sizeof(*p->gc_pauses));
	if (!p->gc_pauses)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_gc_pauses; i++) {
		struct profile_gc_pause *pause = &p->gc_pauses[i];

		*pause = (struct profile_gc_pause){
			.start_ns = m->start_ns[i],
			.stopping_ns = AT(m, stopping_ns, i),
			.stopped_ns = AT(m, stopped_ns, i),
			.target = AT(m, target, i),
			.epoch = AT(m, epoch, i),
			.reason = AT(m, reason, i),
			.gc = AT(m, gc, i),
			.stack = AT(m, stack, i),
		};
		err = check_pause(u, pause, i);
		if (err)
			return err;
		if (!unpack_sum(&ns, pause->stopping_ns) || !unpack_sum(&ns, pause->stopped_ns))
			return unpack_damaged(u, "times beyond 64 bits");
	}
	return 0;
}

static int check_pool(const struct unpacker *u, const struct profile_gc_pool *pool, size_t i)
{
	const struct profile_gc_pool *last = i ? pool - 1 : NULL;

	if (unpack_index(u, "target", pool->target, u->p->n_targets) ||
	    unpack_string(u, pool->name))
		return -EBADMSG;
	if (pool->before > PROFILE_HEAP_MAX || pool->after > PROFILE_HEAP_MAX)
		return unpack_damaged(u, "memory pool %zu is larger than memory", i);
	if (last && (pool->target < last->target ||
		     (pool->target == last->target && pool->epoch < last->epoch)))
		return unpack_damaged(u, "memory pools out of order");
	return 0;
}

int unpack_gc_pools(struct unpacker *u)
{
	static const Alloctap__GcPools none = ALLOCTAP__GC_POOLS__INIT;
	const Alloctap__GcPools *m = u->r->gc_pools ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_gc_pools = m->n_epoch;
	err = CHECK_COLUMNS(u, "memory pools", p->n_gc_pools, m->n_target, m->n_name, m->n_before,
			    m->n_after);
	if (err)
		return err;
	p->gc_pools = unpack_rows(p->n_gc_pools, sizeof(*p->gc_pools));
	if (!p->gc_pools)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_gc_pools; i++) {
		p->gc_pools[i] = (struct profile_gc_pool){
			.target = AT(m, target, i),
			.epoch = m->epoch[i],
			.name = AT(m, name, i),
			.before = AT(m, before, i),
			.after = AT(m, after, i),
		};
		err = check_pool(u, &p->gc_pools[i], i);
		if (err)
			return err;
	}
	return 0;
}

static int check_memory(const struct unpacker *u, const struct profile_memory *row, size_t i)
{
	const struct profile_memory *last = i ? row - 1 : NULL;

	if (unpack_index(u, "target", row->target, u->p->n_targets))
		return -EBADMSG;
	if (row->time_ns > TIME_LIMIT)
		return unpack_damaged(u, "times beyond 64 bits");
	if (row->peak > PROFILE_HEAP_MAX)
		return unpack_damaged(u, "a process is larger than memory");
	if (row->peak < row->bytes)
		return unpack_damaged(u, "a process had more memory than at its peak");
	if (last && (row->target < last->target ||
		     (row->target == last->target && row->time_ns < last->time_ns)))
		return unpack_damaged(u, "memory out of order");
	return 0;
}

int unpack_memory(struct unpacker *u)
{
	static const Alloctap__Memory none = ALLOCTAP__MEMORY__INIT;
	const Alloctap__Memory *m = u->r->memory ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_memory = m->n_time_ns;
	err = CHECK_COLUMNS(u, "looks at memory", p->n_memory, m->n_target, m->n_bytes, m->n_peak);
	if (err)
		return err;
	p->memory = unpack_rows(p->n_memory, sizeof(*p->memory));
	if (!p->memory)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_memory; i++) {
		p->memory[i] = (struct profile_memory){
			.time_ns = m->time_ns[i],
			.target = AT(m, target, i),
			.bytes = AT(m, bytes, i),
			.peak = AT(m, peak, i),
		};
		err = check_memory(u, &p->memory[i], i);
		if (err)
			return err;
	}
	return 0;
}

static int check_bin(const struct unpacker *u, const struct profile_bin *bin, size_t i)
{
	const struct profile_bin *last = i ? bin - 1 : NULL;

	if (unpack_index(u, "target", bin->target, u->p->n_targets))
		return -EBADMSG;
	if (last && (bin->target < last->target ||
		     (bin->target == last->target && bin->time_ns <= last->time_ns)))
		return unpack_damaged(u, "bins out of order");
	return 0;
}

int unpack_bins(struct unpacker *u)
{
	static const Alloctap__Bins none = ALLOCTAP__BINS__INIT;
	const Alloctap__Bins *m = u->r->bins ?: &none;
	uint64_t objects = 0, bytes = 0;
	struct profile *p = u->p;
	int err;

	p->n_bins = m->n_number;
	err = CHECK_COLUMNS(u, "bins", p->n_bins, m->n_target, m->n_objects, m->n_bytes);
	if (err)
		return err;
	p->bins = unpack_rows(p->n_bins, sizeof(*p->bins));
	if (!p->bins)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_bins; i++) {
		struct profile_bin *bin = &p->bins[i];

		if (m->number[i] > TIME_LIMIT / PROFILE_BIN_NS)
			return unpack_damaged(u, "times beyond 64 bits");
		*bin = (struct profile_bin){
			.time_ns = m->number[i] * PROFILE_BIN_NS,
			.target = AT(m, target, i),
			.objects = AT(m, objects, i),
			.bytes = AT(m, bytes, i),
		};
		err = check_bin(u, bin, i);
		if (err)
			return err;
		if (!unpack_sum(&objects, bin->objects) || !unpack_sum(&bytes, bin->bytes))
			return unpack_damaged(u, "counts beyond 64 bits");
	}
	return 0;
}
