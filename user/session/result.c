// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "profile/native_container.h"
#include "profile/untyped.h"
#include "session/result.h"
#include "version.h"

struct loss_text {
	const char *reason, *text;
};

static const struct loss_text loss_texts[LOST_MAX] = {
	[LOST_STACK_MAP_FULL] = {"stack_map_full", "stacks had no room: raise --max-stacks"},
	[LOST_STACK_INSERT] = {"stack_insert", "stacks were refused by the kernel's map"},
	[LOST_STACK_SCRATCH] = {"stack_scratch",
				"stacks found every scratch buffer of the CPU in use"},
	[LOST_COUNT_MAP_FULL] = {"count_map_full",
				 "counts had no room of their own: raise --max-counts"},
	[LOST_COUNT_INSERT] = {"count_insert", "counts were refused by the kernel's map"},
	[LOST_SIZE_UNREADABLE] = {"size_unreadable",
				  "allocations of a type that could not be read: bytes may be off"},
	[LOST_RECURSION] = {"recursion", "hits were skipped by the kernel: they are missing"},
	[LOST_GC_EVENT] = {"gc_event", "collections or pauses found no room: they are missing"},
	[LOST_GC_ASSIST] = {"gc_assist", "GC assists found no room: their time is missing"},
	[LOST_LIVE_FULL] = {"live_full", "addresses are not followed: the live map was full (raise "
					 "--max-live)"},
	[LOST_LIVE_INSERT] = {"live_insert", "addresses are not followed: the kernel refused them"},
	[LOST_LIVE_CALL] = {"live_call",
			    "addresses are not followed: no room to remember the call"},
	[LOST_LIVE_FREE] = {"live_free",
			    "frees were not seen: their addresses were given out again"},
	[LOST_TARGET] = {"target", "hits came of more processes than can be known at a time"},
	[LOST_GROWTH] = {"growth", "growths of maps could not be kept apart: raise --max-counts"},
};

_Static_assert((int)PROFILE_KIND_MAX == (int)KIND_MAX &&
		       (int)PROFILE_MAP_INSERT == (int)KIND_MAP_INSERT &&
		       (int)PROFILE_WB_FLUSH == (int)KIND_WB_FLUSH &&
		       (int)PROFILE_GC_ASSIST == (int)KIND_GC_ASSIST,
	       "a kind is the same number on both sides");
_Static_assert((int)PROFILE_GROWTH_MAX == (int)GROWTH_MAX &&
		       (int)PROFILE_GROWTH_SPLIT == (int)GROWTH_SPLIT,
	       "a way to grow is the same number on both sides");

_Static_assert((int)PROFILE_STACK_FRAME_POINTER == (int)STACK_FP_ASSISTED &&
		       (int)PROFILE_STACK_NO_TABLE == (int)STACK_NO_TABLE,
	       "how a frame was found is the same number on both sides");

struct result {
	const struct result_input *in;
	struct profile_builder *builder;
	struct symbolizer *symbolizer;
	uint32_t lost_stack;
	struct profile_heap heap;
};

static uint64_t since_start(const struct result_input *in, uint64_t time_ns)
{
	return time_ns > in->started_ns ? time_ns - in->started_ns : 0;
}

/* Of one that had gone before it could be looked at nothing is known to be whole. */
static uint64_t untapped_ns(const struct result_input *in, const struct target *target)
{
	uint64_t start = since_start(in, target->start_ns);
	uint64_t end = target->end_ns ? since_start(in, target->end_ns) : in->duration_ns;
	uint64_t life = end > start ? end - start : 1;

	/* It was over when recording began: there is nothing to miss. */
	if (target->end_ns && target->end_ns <= in->started_ns)
		return 0;
	return tap_exe(target->tap) && target->untapped_ns < life ? target->untapped_ns : life;
}

static int add_target(struct result *r, const struct target *target)
{
	const struct tap *t = target->tap;
	char allocators[128];
	uint32_t id;

	tap_allocators(t, allocators, sizeof(allocators));
	id = profile_builder_target(
		r->builder, &(struct profile_target){
				    .pid = (uint32_t)tap_pid(t),
				    .ppid = target->parent,
				    .comm = profile_builder_str(r->builder, tap_comm(t)),
				    .exe = profile_builder_str(r->builder, tap_exe_path(t)),
				    .runtime = profile_builder_str(r->builder, tap_runtime(t)),
				    .version = profile_builder_str(r->builder, tap_version(t)),
				    .container = profile_builder_str(r->builder, tap_container(t)),
				    .allocator = profile_builder_str(r->builder, allocators),
				    .start_ns = since_start(r->in, target->start_ns),
				    .end_ns = since_start(r->in, target->end_ns),
				    .untapped_ns = untapped_ns(r->in, target),
			    });
	return tap_name_addresses(t, r->symbolizer, id);
}

static int add_targets(struct result *r)
{
	int err = 0;

	vec_for_each (&r->in->targets->list, target) {
		if (!err)
			err = add_target(r, target);
	}
	return err;
}

/* Counts no key had room for carry no id and go to the first target. */
static uint32_t target_of(void *ctx, uint32_t id)
{
	const struct result *r = ctx;

	return id ? targets_place(r->in->targets, id) : 0;
}

static enum stack_end stack_end(uint32_t flags)
{
	if (flags & STACK_TRUNCATED)
		return STACK_END_TRUNCATED;
	if (flags & STACK_BROKEN)
		return STACK_END_BROKEN;
	return flags & STACK_LEFT ? STACK_END_LEFT : STACK_END_ENTRY;
}

/* The type of an allocation that says nothing of it by itself. */
static uint32_t untyped(struct result *r, const struct raw_count *c, const struct tap *tap,
			uint32_t stack)
{
	struct untyped u = {
		.stack = stack,
		.minor = tap_go_minor(tap),
		.bytes = c->value.requested / (c->value.objects ?: 1),
	};
	char name[256];

	untyped_name(r->builder, &u, name, sizeof(name));
	return profile_builder_type(
		r->builder, &(struct profile_type){.name = profile_builder_str(r->builder, name)},
		NULL, 0);
}

_Static_assert((int)CONTAINER_MAX == (int)NATIVE_CONTAINER_MAX, "the same numbers");

/* A container of C++ or Rust, by its number: no type lies at such an address. */
static uint32_t container_type(struct result *r, uint64_t number)
{
	struct profile_type type = {
		.name = profile_builder_str(r->builder, container_name((uint32_t)number))};

	return profile_builder_type(r->builder, &type, NULL, 0);
}

static uint32_t type_of(struct result *r, const struct raw_count *c, uint32_t target,
			uint32_t stack)
{
	struct tap *tap = r->in->targets->list.data[target].tap;
	struct target_types *types;

	if (c->key.type && c->key.type < CONTAINER_MAX)
		return container_type(r, c->key.type);
	if (!tap_is_go(tap))
		return 0;
	if (!r->in->has_types || c->key.kind == KIND_WB_FLUSH || c->key.kind == KIND_GC_ASSIST)
		return 0;
	if (!c->key.type)
		return c->key.kind == KIND_ALLOC && stack != r->lost_stack
			       ? untyped(r, c, tap, stack)
			       : 0;
	types = tap_types(tap, r->builder);
	if (!types)
		return 0;
	if (c->key.kind == KIND_ALLOC && untyped_is_slice(r->builder, stack))
		return target_types_slice(types, c->key.type);
	return target_types_get(types, c->key.type);
}

static int add_growth(struct result *r, const struct raw_count *c, uint32_t target, uint32_t stack)
{
	return profile_builder_growth(
		r->builder, &(struct profile_growth){
				    .target = target,
				    .stack = stack,
				    .type = type_of(r, c, target, stack),
				    .how = (enum profile_growth_how)GROWTH_HOW(c->key.detail),
				    .level = GROWTH_LEVEL(c->key.detail),
				    .map = GROWTH_MAP(c->key.detail),
				    .count = c->value.objects,
				    .entries = c->value.entries,
			    });
}

static int add_sample(struct result *r, const struct raw_count *c, uint32_t target, uint32_t stack)
{
	struct profile_sample s = {
		.target = target,
		.stack = stack,
		.kind = (enum profile_kind)c->key.kind,
		.epoch = c->key.epoch,
		.type = type_of(r, c, target, stack),
		.objects = c->value.objects,
		.bytes = c->value.bytes,
		.requested = c->value.requested,
		.entries = c->value.entries,
	};

	if (c->key.kind == KIND_GC_ASSIST) {
		s.ns = s.bytes;
		s.bytes = 0;
	}
	return profile_builder_sample(r->builder, &s);
}

static uint32_t stack_of(void *ctx, uint32_t target, uint64_t id)
{
	struct result *r = ctx;
	const struct raw_counts *raw = r->in->raw;
	const struct raw_stack *s = id ? raw_counts_stack(raw, id) : NULL;

	return s ? symbolizer_stack(r->symbolizer, target, raw->ips.data + s->first, s->n,
				    stack_end(s->flags),
				    s->flags & (STACK_FP_ASSISTED | STACK_NO_TABLE))
		 : r->lost_stack;
}

static int add_counts(struct result *r)
{
	const struct raw_counts *raw = r->in->raw;
	int err = 0;

	for (size_t i = 0; i < raw->counts.n && !err; i++) {
		const struct raw_count *c = &raw->counts.data[i];
		uint32_t target = target_of(r, c->key.target), stack;

		if (target == PROFILE_NONE)
			continue;
		stack = stack_of(r, target, c->key.stack);
		if (c->key.kind == KIND_MAP_GROW)
			err = add_growth(r, c, target, stack);
		else
			err = add_sample(r, c, target, stack);
	}
	return err;
}

static int add_losses(struct result *r)
{
	int err;

	err = profile_builder_loss(r->builder, "usdt_events",
				   "events of the garbage collector found no room: collections or "
				   "pauses are missing",
				   r->in->usdt_lost);
	for (int i = 0; i < LOST_MAX && !err; i++)
		err = profile_builder_loss(r->builder, loss_texts[i].reason, loss_texts[i].text,
					   r->in->losses[i]);
	return err;
}

static struct profile_cost measure_cost(const struct result_input *in)
{
	struct profile_cost cost = {.hits = in->stats.hits, .holds = in->holds};
	/* Hits in processes that are no targets are not paid by targets. */
	uint64_t own = in->stats.hits - in->stats.foreign;
	uint64_t counted = own - in->stats.restarts - in->stats.zero_sized - in->stats.nested -
			   in->stats.failed;
	uint64_t cpu_ns = 0;

	if (in->trap_ns >= 0)
		cost.trap_ns = in->trap_ns;
	if (in->stats.timed_hits)
		cost.program_ns = (double)in->stats.timed_ns / (double)in->stats.timed_hits;
	vec_for_each (&in->targets->list, target) {
		if (target->cpu_now_ns > target->cpu_at_start_ns)
			cpu_ns += target->cpu_now_ns - target->cpu_at_start_ns;
	}
	if (cpu_ns)
		cost.target_cpu_share =
			((double)own * cost.trap_ns + (double)counted * cost.program_ns) /
			(double)cpu_ns;
	if (cost.target_cpu_share > 1)
		cost.target_cpu_share = 1; /* short runs: hits took longer when they were timed */
	return cost;
}

static void count_stack_ends(struct profile *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint32_t flags = p->stacks[s->stack].flags;

		if (flags & PROFILE_STACK_TRUNCATED)
			p->stacks_truncated += s->objects;
		if (flags & PROFILE_STACK_BROKEN)
			p->stacks_broken += s->objects;
	}
}

static struct profile *finish(struct result *r)
{
	str_id version = profile_builder_str(r->builder, ALLOCTAP_VERSION);
	str_id mode = profile_builder_str(r->builder, "exact");
	struct profile *p = profile_builder_finish(r->builder);

	if (!p)
		return NULL;
	p->tool_version = version;
	p->mode = mode;
	p->start_unix_ns = r->in->start_unix_ns;
	p->duration_ns = r->in->duration_ns;
	p->epochs_folded = gc_log_folded(r->in->gc);
	p->cost = measure_cost(r->in);
	p->heap = r->heap;
	p->heap.untracked_frees = r->in->stats.untracked;
	count_stack_ends(p);
	return p;
}

struct profile *result_profile(const struct result_input *in)
{
	struct result r = {
		.in = in,
		.builder = in->builder,
		.symbolizer = symbolizer_new(in->builder, &in->names),
	};
	struct profile *p = NULL;
	int err = r.symbolizer ? 0 : -ENOMEM;

	if (!err)
		err = add_targets(&r);
	if (!err) {
		r.lost_stack = symbolizer_special_stack(r.symbolizer, "[lost stack]");
		err = add_counts(&r);
	}
	if (!err)
		err = gc_log_result(in->gc, in->builder, in->started_ns,
				    &(struct gc_names){target_of, stack_of, &r});
	if (!err && in->live)
		err = live_result(in->live, in->builder, target_of, stack_of, &r, &r.heap);
	if (!err)
		err = memory_log_result(in->memory, in->builder, in->started_ns);
	if (!err)
		err = add_losses(&r);
	if (!err) {
		symbolizer_say_nameless(r.symbolizer);
		p = finish(&r);
		err = p ? 0 : -errno;
	}
	symbolizer_free(r.symbolizer);
	if (err)
		log_error("the profile cannot be made: %s", strerror(-err));
	errno = -err;
	return p;
}
