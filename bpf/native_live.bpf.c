// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * --live: blocks followed from the allocation to the free.
 *
 * The address of a block is known when its allocator returns. What was asked for,
 * and by whom, is kept of each thread meanwhile (live_calls), and the allocation is
 * counted at the return, if it gave something. Of functions that call each other
 * only the outermost counts: what is entered while a call is under way, and deeper on
 * its stack, belongs to it. An exception may leave a function without a return: then
 * the next call is not deeper, and takes the place of the one left.
 *
 * Threads. A block is entered into the live map before its allocator returns, thus
 * before anybody can free it; it is taken out when a free is entered, thus before
 * anybody can be given its address again. A realloc does both: its old block is
 * taken out when it is entered, and put back should it fail.
 *
 * The live map never evicts. Full, it takes no more until the end (live_full_ns), so
 * that what it has is a picture of one time. Allocations that are in it are told from
 * others in their count_key: what is in use of a stack is what was followed less what
 * was freed, whatever was lost.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "native_hit.bpf.h"

/* Bytes that are in the live map, and the most there were. */
__u64 live_bytes = 0;
__u64 live_peak_bytes = 0;
/* When it was reached, and since when the map takes no more; 0: never. */
__u64 live_peak_ns = 0;
__u64 live_full_ns = 0;

/* Sized by user space. Not preallocated: most programs use little of it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct live_key);
	__type(value, struct live_value);
} live SEC(".maps");

#define ENOMEM 12
#define E2BIG  7
#define EEXIST 17

/* Is the function with its return address at @slot part of the call? */
static __always_inline bool in_call(const struct live_call *call, __u64 slot)
{
	return call->slot != slot && call->op != NATIVE_OP_MAX && is_below(call, slot);
}

static __always_inline void count_freed(__u32 target, const struct live_value *block)
{
	struct count_key key = {.kind = KIND_FREE, .stack = block->stack, .target = target};
	struct count_value v = {.objects = 1, .bytes = block->size, .requested = block->size};

	atomic_add(&live_bytes, -block->size);
	count_event(&key, &v, NULL);
}

/* Takes a block out. False: it was not in. */
static __always_inline bool live_remove(const struct live_key *key, struct live_value *block)
{
	struct live_value *there = bpf_map_lookup_elem(&live, key);

	if (!there)
		return false;
	*block = *there;
	return !bpf_map_delete_elem(&live, key);
}

static __always_inline long live_try(const struct live_key *key, const struct live_value *block)
{
	long err = bpf_map_update_elem(&live, key, block, BPF_NOEXIST);

	/* The kernel's reserve for such inserts fills up again at once. */
	return err == -ENOMEM ? bpf_map_update_elem(&live, key, block, BPF_NOEXIST) : err;
}

/* False, counted as lost: there was no room. */
static __always_inline bool live_insert(const struct live_key *key, const struct live_value *block)
{
	struct live_value stale;
	long err;

	if (live_full_ns) {
		lose(LOST_LIVE_FULL);
		return false;
	}
	err = live_try(key, block);
	if (err == -EEXIST) {
		lose(LOST_LIVE_FREE);
		if (live_remove(key, &stale))
			count_freed(key->target, &stale);
		err = live_try(key, block);
	}
	if (!err) {
		__u64 bytes = __sync_fetch_and_add(&live_bytes, block->size) + block->size;

		/* Two at once may leave the lower one: then by one block. */
		if (bytes > live_peak_bytes) {
			live_peak_bytes = bytes;
			live_peak_ns = bpf_ktime_get_ns();
		}
		return true;
	}
	if (err == -E2BIG) {
		__sync_val_compare_and_swap(&live_full_ns, 0, bpf_ktime_get_ns());
		lose(LOST_LIVE_FULL);
	} else {
		lose(LOST_LIVE_INSERT);
	}
	return false;
}

/* Who asks: kept now, for the count to come. */
static __always_inline void note_caller(struct native_hit *n, struct live_call *call)
{
	const struct stack_value *stack;

	native_look(n);
	stack = native_stack(n, &call->stack);
	call->ret = stack && stack->n > 1 ? stack->ips[1] : 0;
	if (stack && !keep_stack(call->stack, stack))
		call->stack = 0;
	native_leave(n);
}

/*
 * The first call of a thread, and the kernel cannot keep anything of it now (another thread
 * on this CPU was put aside in the middle of that): it is counted as without --live.
 */
static __always_inline void count_unfollowed(struct native_hit *n, __u32 target, __u64 size)
{
	struct count_key key = {.kind = KIND_ALLOC, .target = target};
	struct count_value v = {.objects = 1, .bytes = size, .requested = size};

	lose(LOST_LIVE_CALL);
	if (size >= NATIVE_SIZE_MAX)
		return;
	native_look(n);
	native_count(n, &key, &v);
	native_leave(n);
}

/* An allocator is entered. True: its return is to be seen. */
static __always_inline bool call_begins(struct native_hit *n)
{
	__u64 slot = native_slot(n), size = native_size(n), old = 0;
	struct live_call *call;
	struct live_key key = {};

	key.target = hit_target(&n->hit, NULL);
	if (!key.target)
		return false;
	call = live_call(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		count_unfollowed(n, key.target, size);
		return false;
	}
	if (n->probe->op == NATIVE_REALLOC)
		old = native_arg(n, n->probe->ptr_arg);
	/* At the same place of the stack and of the same block: it was passed on as it is. */
	if (in_call(call, slot) || (call->slot == slot && old && call->old == old)) {
		atomic_add(&n->hit.stats->nested, 1);
		return false;
	}
	/* Else it was passed on by a jump: a return probe may have its own address there. */
	if (call->slot != slot)
		call->ret = 0;
	call->slot = slot;
	call->size = size;
	call->op = n->probe->op;
	call->target = key.target;
	call->old = old;
	call->where = call->op == NATIVE_POSIX_MEMALIGN ? native_arg(n, n->probe->ptr_arg) : 0;
	key.address = old;
	call->old_known = old && live_remove(&key, &call->old_value);
	note_caller(n, call);
	return true;
}

/* A call that is passed on by a jump may have got its return probe already. */
static __always_inline void call_is_passed_on(const struct native_hit *n)
{
	struct live_call *call = live_call(BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u64 slot = native_slot(n);

	if (!call || in_call(call, slot) || call->slot == slot)
		return;
	call->op = NATIVE_OP_MAX;
	call->slot = slot;
	call->old = 0;
	if (read_word(&call->ret, slot))
		call->ret = 0;
}

/* The block that a realloc was given: put back, or freed. */
static __always_inline void old_block_ends(struct live_call *call, struct tap_stats *stats,
					   bool is_freed)
{
	const struct live_key key = {.address = call->old, .target = call->target};

	if (!call->old)
		return;
	if (!call->old_known) {
		if (is_freed && !live_full_ns)
			atomic_add(&stats->untracked, 1);
	} else if (is_freed || bpf_map_update_elem(&live, &key, &call->old_value, BPF_NOEXIST)) {
		if (!is_freed)
			lose(LOST_LIVE_INSERT);
		count_freed(call->target, &call->old_value);
	}
}

static __always_inline void call_ends(struct live_call *call, struct tap_stats *stats,
				      __u64 address)
{
	struct count_key key = {.kind = KIND_ALLOC, .stack = call->stack, .target = call->target};
	struct count_value v = {.objects = 1, .bytes = call->size, .requested = call->size};
	struct live_key block = {.address = address, .target = call->target};
	struct live_value value = {
		.size = call->size, .stack = call->stack, .time_ns = bpf_ktime_get_ns()};

	if (!address) {
		/* glibc: realloc(p, 0) has freed p, and gives nothing. */
		bool is_freed = call->old && !call->size;

		if (!is_freed)
			atomic_add(&stats->failed, 1);
		old_block_ends(call, stats, is_freed);
		return;
	}
	old_block_ends(call, stats, true);
	if (live_insert(&block, &value))
		key.detail = ALLOC_FOLLOWED;
	count_event(&key, &v, NULL);
}

static __always_inline bool entered(void *ctx)
{
	struct native_hit n;
	bool want_return;

	if (!native_begin(&n, ctx))
		return false;
	if (native_elsewhere(&n)) {
		call_is_passed_on(&n);
		return false;
	}
	want_return = call_begins(&n);
	hit_end(&n.hit);
	return want_return;
}

/* The recording may have ended meanwhile: what began in it belongs to it. */
static __always_inline void returned(void *ctx)
{
	struct live_call *call = live_call(0);
	struct hit hit = {};
	__u64 address;
	bool counted = hit_begin(&hit, ctx);

	hit.stats = stats_get();
	if (!hit.stats || !call || call->slot != C_RETURNED_SLOT((const user_regs *)ctx))
		return;
	call->slot = 0;
	if (call->op == NATIVE_OP_MAX)
		return;
	address = C_RESULT((const user_regs *)ctx);
	/* It returns an error; on success the address is where it was told to put it. */
	if (call->op == NATIVE_POSIX_MEMALIGN &&
	    ((__u32)address || read_word(&address, call->where)))
		address = 0;
	call_ends(call, hit.stats, address);
	if (counted)
		hit_end(&hit);
}

SEC("?uprobe")
int live_entered(void *ctx)
{
	entered(ctx);
	return 0;
}

SEC("?uprobe")
int live_returned(void *ctx)
{
	returned(ctx);
	return 0;
}

/* Both in one, where the kernel has session links; 1: the return is of no interest. */
extern bool bpf_session_is_return(void) __ksym __weak;

SEC("?uprobe")
int live_session(void *ctx)
{
	if (bpf_session_is_return()) {
		returned(ctx);
		return 0;
	}
	return !entered(ctx);
}

SEC("?uprobe")
int live_freed(void *ctx)
{
	struct live_key key = {};
	struct live_value block;
	struct live_call *call;
	struct native_hit n;

	if (!native_begin(&n, ctx))
		return 0;
	key.address = native_arg(&n, n.probe->ptr_arg);
	if (!key.address || native_nested(&n))
		return 0;
	key.target = hit_target(&n.hit, NULL);
	if (!key.target)
		return 0;
	call = live_call(0);
	if (call && in_call(call, native_slot(&n))) {
		atomic_add(&n.hit.stats->nested, 1);
		return 0;
	}
	if (native_passed_on(&n, key.target))
		return 0;
	if (live_remove(&key, &block))
		count_freed(key.target, &block);
	else if (!live_full_ns)
		atomic_add(&n.hit.stats->untracked, 1);
	hit_end(&n.hit);
	return 0;
}
