// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Native stacks, by tables (unwind.h), frame by frame by frame pointers where there
 * are none.
 *
 * A search costs 60 ns or more, and the same few hundred call sites come again and
 * again: which rule holds where is remembered in a cache. Its key is the address
 * and the generation of the process' tables, mixed by a multiplication, which loses
 * nothing: a place in the cache and the 48 bits kept there are the whole key. So an
 * entry is one word, written at once, and never taken for another's; that of tables
 * that were replaced is never found again.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "target.bpf.h"
#include "unwind.bpf.h"
#include "unwind_step.h"

#define BPF_F_NO_PREALLOC (1u << 0)
#define BPF_F_MMAPABLE    (1u << 10)

/* All but processes are filled through mmap; all are sized by user space before load. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_process);
} unwind_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_mapping);
} unwind_mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_page);
} unwind_pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_rule);
} unwind_rules SEC(".maps");

/* In pieces, so that only those that are needed take memory. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE);
			__uint(max_entries, UNWIND_SHARD_ROWS / 2);
			__type(key, __u32);
			/* struct unwind_rows: clang 14 leaves its size out of the BTF. */
			__type(value, __u64);
		});
} unwind_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} unwind_cache SEC(".maps");

static __always_inline bool unwind_get_row(void *ctx __attribute__((unused)), __u32 i,
					   struct unwind_row *row)
{
	__u32 shard = i / UNWIND_SHARD_ROWS, place = i % UNWIND_SHARD_ROWS / 2;
	void *rows = bpf_map_lookup_elem(&unwind_rows, &shard);
	struct unwind_rows *two = rows ? bpf_map_lookup_elem(rows, &place) : NULL;

	if (!two)
		return false;
	*row = i & 1 ? two->row[1] : two->row[0];
	return true;
}

static __always_inline bool unwind_get_page(void *ctx __attribute__((unused)), __u32 i,
					    struct unwind_page *page)
{
	struct unwind_page *p = bpf_map_lookup_elem(&unwind_pages, &i);

	if (p)
		*page = *p;
	return p;
}

static __always_inline bool unwind_get_mapping(void *ctx __attribute__((unused)), __u32 i,
					       struct unwind_mapping *mapping)
{
	struct unwind_mapping *m = bpf_map_lookup_elem(&unwind_mappings, &i);

	if (m)
		*mapping = *m;
	return m;
}

/* Callee-saved registers are at most that far below a return address. */
#define SAVED_BELOW 64

/*
 * Replaces the copy by one that begins just below @from. A word read alone costs nearly as
 * much as all of it. It may fail at the very end of a mapping; from there on each word
 * is read on its own.
 */
static __noinline bool copy_stack(struct walk_scratch *s, __u64 from)
{
	s->walk.sp = from - SAVED_BELOW;
	s->walk.copied = 0;
	if (s->copy_failed)
		return false;
	if (bpf_probe_read_user(s->copy, STACK_COPY_BYTES, (void *)s->walk.sp)) {
		s->copy_failed = 1;
		return false;
	}
	s->walk.copied = STACK_COPY_BYTES;
	return true;
}

static __always_inline long unwind_read(void *ctx, __u64 *to, __u64 from)
{
	struct walk_scratch *s = ctx;
	__u64 off = from - s->walk.sp;

	if (from == s->hijacked.at) {
		*to = s->hijacked.ret;
		return 0;
	}
	if (off + sizeof(*to) > s->walk.copied) {
		if (!copy_stack(s, from))
			return read_word(to, from);
		off = SAVED_BELOW;
	}
	/* Keep the compiler from proving the mask needless: the verifier wants it. */
	asm volatile("" : "+r"(off));
	*to = *(__u64 *)((void *)s->copy + (off & (STACK_COPY_BYTES - 1)));
	return 0;
}

/* Not inlined: most frames come without, and the verifier need not see it more than once. */
static __noinline __u32 find_rule(struct walk_scratch *s, __u64 address)
{
	return unwind_find_rule(s, &s->process, address);
}

static __always_inline __u32 cached_rule(struct walk_scratch *s, __u64 address)
{
	__u64 key = (address ^ (__u64)s->process.generation << 47) * 0x9e3779b97f4a7c15ull;
	__u32 place = key >> (64 - UNWIND_CACHE_SHIFT), rule;
	__u64 *entry = bpf_map_lookup_elem(&unwind_cache, &place), value;

	if (!entry)
		return UNWIND_RULE_NO_TABLE;
	value = *(volatile __u64 *)entry;
	if (value >> UNWIND_CACHE_SHIFT == (key & (~0ull >> UNWIND_CACHE_SHIFT)))
		return value & (UNWIND_CACHE_ENTRIES - 1);
	rule = find_rule(s, address);
	*(volatile __u64 *)entry = key << UNWIND_CACHE_SHIFT | rule;
	return rule;
}

static __always_inline enum unwind_result native_step(struct walk_scratch *s,
						      struct unwind_frame *f)
{
	__u32 id = cached_rule(s, unwind_address(f));
	struct unwind_rule *rule = bpf_map_lookup_elem(&unwind_rules, &id);

	if (rule && rule->cfa != UNWIND_CFA_NONE)
		return unwind_step(s, f, rule);
	s->stack.flags |= STACK_FP_ASSISTED;
	if (id == UNWIND_RULE_NO_TABLE)
		s->stack.flags |= STACK_NO_TABLE;
	return unwind_by_fp(s, f, s->process.go);
}

/* Some frames. Non-zero ends the walk: this is a callback of bpf_loop(). */
static long native_steps(__u32 i __attribute__((unused)), struct walk_scratch **ctx)
{
	struct walk_scratch *s = *ctx;
	struct unwind_frame f = s->frame;
	enum unwind_result result = native_step(s, &f);

	if (result == UNWIND_FAILED)
		s->stack.flags |= STACK_BROKEN;
	if (result != UNWIND_STEPPED || !push_frame(s, f.pc))
		return 1;
	s->frame = f;
	return 0;
}

__hidden __u64 walk_native_stack(struct walk_scratch *s, const user_regs *regs, __u32 cfa_off,
				 __u32 tgid)
{
	struct unwind_process *p = bpf_map_lookup_elem(&unwind_processes, &tgid);
	__u64 sp = REGS_SP(regs), ret, h;

	s->walk = (struct walk){.sp = sp, .hash = cfg_hash_seed};
	s->copy_failed = 0;
	s->process = p ? *p : (struct unwind_process){};
	s->stack.n = 0;
	s->stack.flags = 0;
	push_frame(s, REGS_IP(regs));
	if (unwind_read(s, &ret, sp + cfa_off)) {
		s->stack.flags |= STACK_BROKEN;
	} else {
		push_frame(s, ret);
		s->frame = (struct unwind_frame){
			.pc = ret,
			.sp = sp + cfa_off + 8,
			.fp = REGS_FP(regs),
		};
		/* One step more than frames: the one too many says that the stack is deeper. */
		bpf_loop(STACK_MAX_FRAMES + 1, native_steps, &s, 0);
	}
	s->hijacked.at = 0;
	h = hash_step(s->walk.hash, s->stack.flags);
	return h ? h : 1;
}

/*
 * A new process has its parent's mappings: user space is told of it, but it would come
 * too late for what the process does first.
 */
SEC("?raw_tp/sched_process_fork")
int unwind_fork(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 parent = current_tgid(), child = forked_tgid(ctx);
	struct unwind_process *p = child ? bpf_map_lookup_elem(&unwind_processes, &parent) : NULL;
	struct unwind_process copy;

	if (!p)
		return 0;
	copy = *p;
	bpf_map_update_elem(&unwind_processes, &child, &copy, BPF_ANY);
	return 0;
}

SEC("?raw_tp/sched_process_exit")
int unwind_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tgid = current_tgid();

	if (is_last_thread(ctx))
		bpf_map_delete_elem(&unwind_processes, &tgid);
	return 0;
}
