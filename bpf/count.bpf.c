// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Where the counts live.
 *
 * Stacks and counts are double-buffered. A program reads active_side once and
 * uses that side to its end; user space flips the side, waits until no program
 * that may have read the old value is still running (an update of the
 * quiesce map does that: the kernel calls synchronize_rcu() after changing a
 * map of maps, and uprobe programs run inside an RCU read section), and then
 * owns the old side alone. No increment is lost at a flip, and a hit pays for
 * none of it.
 *
 * An event is never dropped: one whose stack cannot be kept counts under stack
 * 0, one whose key cannot be kept counts in overflow[].
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "count.bpf.h"
#include "target.bpf.h"

const volatile __u64 cfg_hash_seed = 0;
const volatile __u64 cfg_stacks_early = 0;
const volatile __u64 cfg_counts_early = 0;

volatile __u32 counting = 0;
volatile __u32 active_side = 0;
__u64 new_stacks[2] = {};
__u64 new_counts[2] = {};
struct stats_map stats SEC(".maps");
__u64 losses[LOST_MAX] = {};
struct count_value overflow[KIND_MAX] = {};

/* Sized by user space before load. Preallocated: an insert in a probe cannot wait for memory. */
struct counts_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct count_key);
	__type(value, struct count_value);
};
struct counts_map counts_a SEC(".maps");
struct counts_map counts_b SEC(".maps");

struct stacks_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct stack_value);
};
struct stacks_map stacks_a SEC(".maps");
struct stacks_map stacks_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 1);
			__type(key, __u32);
			__type(value, __u32);
		});
} quiesce SEC(".maps");

#define E2BIG  7
#define EEXIST 17

/* Counts a key stored; says once per drain that it is time for the next. */
static __always_inline void count_stored(__u64 *stored, __u64 early)
{
	if (__sync_fetch_and_add(stored, 1) + 1 == early)
		send_event(&(struct event){.event = EVENT_FULL});
}

/* Types made at run time are gone with their process: they do not wait for a drain. */
static __always_inline void tell_type(const struct count_key *key)
{
	struct target_value *target = key->type ? current_target() : NULL;

	/* Where it is not known what lies in the file (native programs), it is no address. */
	if (target && target->types.end &&
	    key->type - target->types.first >= target->types.end - target->types.first)
		send_event(&(struct event){
			.event = EVENT_TYPE, .target = key->target, .type = key->type});
}

/* Others may raise it meanwhile, but never as often as we try. */
#define MAX_TRIES 8

static __always_inline void atomic_max(__u64 *max, __u64 v)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		__u64 old = *(volatile __u64 *)max;

		if (v <= old || __sync_val_compare_and_swap(max, old, v) == old)
			return;
	}
}

static __always_inline void count_value_add(struct count_value *sum, const struct count_value *v)
{
	atomic_add(&sum->objects, v->objects);
	if (v->requested | v->bytes) {
		atomic_add(&sum->bytes, v->bytes);
		atomic_add(&sum->requested, v->requested);
	} else if (v->entries) {
		atomic_max(&sum->entries, v->entries);
	}
}

/* Makes sure that the stack is kept on this side; false if it cannot be. */
static __always_inline bool stacks_keep(void *stacks, __u64 *stored, __u64 id,
					const struct stack_value *stack)
{
	long err;

	if (bpf_map_lookup_elem(stacks, &id))
		return true;
	err = bpf_map_update_elem(stacks, &id, stack, BPF_NOEXIST);
	if (!err) {
		count_stored(stored, cfg_stacks_early);
		return true;
	}
	if (err == -EEXIST)
		return true;
	lose(err == -E2BIG ? LOST_STACK_MAP_FULL : LOST_STACK_INSERT);
	return false;
}

static __always_inline void counts_insert(void *counts, __u64 *stored, const struct count_key *key,
					  const struct count_value *v)
{
	long err = bpf_map_update_elem(counts, key, v, BPF_NOEXIST);
	struct count_value *sum;

	if (!err) {
		count_stored(stored, cfg_counts_early);
		tell_type(key);
		return;
	}
	/* Another CPU was faster, or the key is that of "[lost stack]": add to what is there. */
	sum = bpf_map_lookup_elem(counts, key);
	if (!sum) {
		/* Without its key nobody can say how a map grew. */
		if (key->kind == KIND_MAP_GROW)
			lose(LOST_GROWTH);
		else
			lose(err == -E2BIG ? LOST_COUNT_MAP_FULL : LOST_COUNT_INSERT);
		if (key->kind >= KIND_MAX)
			return;
		sum = &overflow[key->kind];
	}
	count_value_add(sum, v);
}

/* A key that is there has its stack there: one look-up does for nearly all events. */
static __always_inline void count_on_side(void *counts, void *stacks, __u32 side,
					  struct count_key *key, const struct count_value *v,
					  const struct stack_value *stack)
{
	struct count_value *sum = bpf_map_lookup_elem(counts, key);

	if (sum) {
		count_value_add(sum, v);
		return;
	}
	if (key->stack && stack && !stacks_keep(stacks, &new_stacks[side], key->stack, stack))
		key->stack = 0;
	counts_insert(counts, &new_counts[side], key, v);
}

__hidden void count_event(struct count_key *key, const struct count_value *v,
			  const struct stack_value *stack)
{
	/* Two branches rather than a pointer picked by side: constant maps are inlined. */
	if (active_side == 0)
		count_on_side(&counts_a, &stacks_a, 0, key, v, stack);
	else
		count_on_side(&counts_b, &stacks_b, 1, key, v, stack);
}

__hidden bool keep_stack(__u64 id, const struct stack_value *stack)
{
	if (active_side == 0)
		return stacks_keep(&stacks_a, &new_stacks[0], id, stack);
	return stacks_keep(&stacks_b, &new_stacks[1], id, stack);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
