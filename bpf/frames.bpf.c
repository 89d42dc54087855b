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
 * that were replaced is never found again. What is remembered is the rule itself
 * where it fits in the 16 bits left, as nearly all do (unwind_pack()), else its number.
 *
 * Each read of user memory costs 50 ns, be it 8 bytes or 1000: the stack is copied in
 * pieces, and most steps are made within a piece, without any call.
 *
 * User space learns of a new mapping when the program uses it already. Until its
 * tables are complete the kernel is asked what is mapped there: most libraries are
 * known from another process, or from the one that was replaced by exec.
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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct unwind_inode);
	__type(value, struct unwind_table_place);
} unwind_files SEC(".maps");

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

/*
 * A struct unwind_cache: one look-up serves many frames. That size is given to it by user
 * space, too; else it would take memory where nobody needs it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
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

/*
 * Global, and not inlined: the verifier looks at each of these once, by itself, and not
 * again wherever it is called (6.1 took half a minute in an emulator). All it knows of
 * @s then is its size, and that it may be NULL.
 */
__noinline __u64 copy_stack(struct walk_scratch *s, __u64 from);
__noinline __u32 find_rule(struct walk_scratch *s, __u64 address);
__noinline __u32 find_rule_by_vma(struct walk_scratch *s, __u64 address);
__noinline __u64 walk_in_native_copy(struct walk_scratch *s);

/* Callee-saved registers are at most that far below a return address. */
#define SAVED_BELOW 64
/* What is mapped is mapped in pages. */
#define PAGE_BYTES 4096

/* How much to copy from @from on: all that may be readable. */
static __always_inline __u64 copy_bytes(const struct walk_scratch *s, __u64 from)
{
	__u64 room = s->unreadable - from;

	if (!room)
		room = NATIVE_COPY_BYTES;
	/* Two comparisons: what comes of one the verifier of 6.1 does not understand. */
	asm volatile("" : "+r"(room));
	return room < NATIVE_COPY_BYTES ? room : NATIVE_COPY_BYTES;
}

/*
 * Replaces the copy by one from @from on. Stacks end: where a copy reached too far, those
 * that follow do not, as one that fails costs a page fault. A return address that
 * a return probe has replaced is put back.
 */
__noinline __u64 copy_stack(struct walk_scratch *s, __u64 from)
{
	__u64 len, off;

	if (!s)
		return 0;
	len = copy_bytes(s, from);
	off = s->hijacked.at - from;
	s->walk.sp = from;
	s->walk.copied = 0;
	if (bpf_probe_read_user(s->copy, len, (void *)from)) {
		s->unreadable = (from + len - 1) & -PAGE_BYTES;
		len = copy_bytes(s, from);
		if (bpf_probe_read_user(s->copy, len, (void *)from))
			return 0;
	}
	s->walk.copied = len;
	if (off < len && off + sizeof(*s->copy) <= len)
		*(__u64 *)((void *)s->copy + (off & (NATIVE_COPY_BYTES - 1))) = s->hijacked.ret;
	return 1;
}

static __always_inline __u64 unwind_copied(void *ctx, __u64 off)
{
	struct walk_scratch *s = ctx;

	/* Keep the compiler from proving the mask needless: the verifier wants it. */
	asm volatile("" : "+r"(off));
	return *(__u64 *)((void *)s->copy + (off & (NATIVE_COPY_BYTES - 1)));
}

static __always_inline long unwind_read(void *ctx, __u64 *to, __u64 from)
{
	struct walk_scratch *s = ctx;
	__u64 off = from - s->walk.sp;

	if (off < s->walk.copied && off + sizeof(*to) <= s->walk.copied) {
		*to = unwind_copied(s, off);
		return 0;
	}
	if (copy_stack(s, from - SAVED_BELOW) && s->walk.copied >= SAVED_BELOW + sizeof(*to)) {
		*to = unwind_copied(s, SAVED_BELOW);
		return 0;
	}
	*to = s->hijacked.ret;
	if (from == s->hijacked.at)
		return 0;
	if (read_word(to, from))
		return -1;
	/* A page that is moved cannot be read for a moment: the stack did not end there. */
	s->unreadable = 0;
	return 0;
}

static __always_inline __u64 cache_key(__u64 address, __u64 generation)
{
	return (address ^ generation << 47) * 0x9e3779b97f4a7c15ull;
}

static __always_inline __u64 *cache_entry(struct unwind_cache *cache, __u64 key)
{
	return &cache->entries[key >> (64 - UNWIND_CACHE_SHIFT)];
}

/* What is remembered under @key; more than UNWIND_CACHE_VALUES: nothing is. */
static __always_inline __u64 cache_look(struct unwind_cache *cache, __u64 key)
{
	return *(volatile __u64 *)cache_entry(cache, key) ^ key << UNWIND_CACHE_SHIFT;
}

__noinline __u32 find_rule(struct walk_scratch *s, __u64 address)
{
	return s ? unwind_find_rule(s, &s->process, address) : UNWIND_RULE_NO_TABLE;
}

static long take_vma(struct task_struct *task __attribute__((unused)), struct vm_area_struct *vma,
		     struct walk_scratch **ctx)
{
	struct found_vma *found = &(*ctx)->vma;
	struct file *file = vma->vm_file;
	struct inode *inode;

	found->start = vma->vm_start;
	found->offset = (__u64)vma->vm_pgoff * PAGE_BYTES;
	if (!file)
		return 0;
	inode = file->f_inode;
	found->file.inode = inode->i_ino;
	found->file.device = inode->i_sb->s_dev;
	return 0;
}

__noinline __u32 find_rule_by_vma(struct walk_scratch *s, __u64 address)
{
	struct unwind_table_place *place;
	struct unwind_inode file;

	if (!s)
		return UNWIND_RULE_NO_TABLE;
	s->vma.file = (struct unwind_inode){};
	if (bpf_find_vma(bpf_get_current_task_btf(), address, take_vma, &s, 0))
		return UNWIND_RULE_NO_TABLE;
	/* For 6.1 no key may lie where a global function's argument points to. */
	file = s->vma.file;
	place = bpf_map_lookup_elem(&unwind_files, &file);
	if (!place)
		return UNWIND_RULE_NO_TABLE;
	return unwind_table_rule(s, place->page, place->pages,
				 address - s->vma.start + s->vma.offset + place->offset);
}

static __always_inline __u32 cached_rule(struct walk_scratch *s, __u64 address)
{
	__u64 generation = s->process.generation, key = cache_key(address, generation), value;
	struct unwind_cache *cache;
	struct unwind_rule *rule;
	__u32 zero = 0, id;

	cache = bpf_map_lookup_elem(&unwind_cache, &zero);
	if (!cache)
		return UNWIND_RULE_NONE;
	value = cache_look(cache, key);
	if (value < UNWIND_CACHE_VALUES)
		return value;
	id = find_rule(s, address);
	if (id == UNWIND_RULE_NO_TABLE) {
		/* Not remembered: what it says is no part of this generation. */
		id = find_rule_by_vma(s, address);
		if (id != UNWIND_RULE_NO_TABLE)
			return id;
	}
	rule = bpf_map_lookup_elem(&unwind_rules, &id);
	/* Generation 0 is that of all processes whose tables are still to come. */
	if (rule && generation)
		*(volatile __u64 *)cache_entry(cache, key) =
			key << UNWIND_CACHE_SHIFT | (unwind_pack(rule) ?: id);
	return id;
}

static __always_inline enum unwind_result native_step(struct walk_scratch *s,
						      struct unwind_frame *f)
{
	__u32 id = cached_rule(s, unwind_address(f));
	struct unwind_rule rule = {}, *numbered;

	if (id & UNWIND_PACKED) {
		rule = unwind_unpack(id);
	} else {
		numbered = bpf_map_lookup_elem(&unwind_rules, &id);
		if (numbered)
			rule = *numbered;
	}
	if (rule.cfa != UNWIND_CFA_NONE)
		return unwind_step(s, f, &rule);
	s->stack.flags |= STACK_FP_ASSISTED;
	if (id == UNWIND_RULE_NO_TABLE)
		s->stack.flags |= STACK_NO_TABLE;
	return unwind_by_fp(s, f, s->process.go);
}

#define STEPS_AT_ONCE 8

/*
 * Up to STEPS_AT_ONCE frames whose rules are packed and known, and which lie in the copy,
 * with all that changes kept in registers meanwhile: this is where a walk spends its
 * time. False once it comes to anything else.
 */
__noinline __u64 walk_in_native_copy(struct walk_scratch *s)
{
	struct unwind_window w;
	__u64 pc, generation, h, n, *ips;
	__u32 zero = 0;
	struct unwind_cache *cache = bpf_map_lookup_elem(&unwind_cache, &zero);
	int i;

	if (!s || !cache)
		return 0;
	w = (struct unwind_window){
		.base = s->walk.sp,
		.last = s->walk.copied - sizeof(*s->copy),
		.sp = s->frame.sp - s->walk.sp,
		.fp = s->frame.fp,
	};
	pc = s->frame.pc;
	generation = s->process.generation;
	h = s->walk.hash;
	n = s->stack.n;
	if (s->walk.copied < sizeof(*s->copy) || s->frame.interrupted || w.sp > w.last ||
	    n > STACK_MAX_FRAMES - STEPS_AT_ONCE)
		return 0;
	/* Keep the compiler from proving the mask needless: the verifier wants it. */
	asm volatile("" : "+r"(n));
	ips = &s->stack.ips[n & (STACK_MAX_FRAMES - 1)];
#pragma unroll
	for (i = 0; i < STEPS_AT_ONCE; i++) {
		__u64 value = cache_look(cache, cache_key(pc - 1, generation));

		if (value / UNWIND_PACKED != 1 || !unwind_step_in_copy(s, &w, value, &pc))
			break;
		ips[i] = pc;
		h = hash_step(h, pc);
	}
	s->frame.pc = pc;
	s->frame.sp = w.base + w.sp;
	s->frame.fp = w.fp;
	s->walk.hash = h;
	s->stack.n = n + i;
	return i == STEPS_AT_ONCE;
}

/* Some frames. Non-zero ends the walk: this is a callback of bpf_loop(). */
static long native_steps(__u32 i __attribute__((unused)), struct walk_scratch **ctx)
{
	struct walk_scratch *s = *ctx;
	enum unwind_result result;
	struct unwind_frame f;

	if (walk_in_native_copy(s))
		return 0;
	f = s->frame;
	result = native_step(s, &f);
	if (result == UNWIND_FAILED)
		s->stack.flags |= STACK_BROKEN;
	if (result != UNWIND_STEPPED || !push_frame(s, f.pc))
		return 1;
	s->frame = f;
	return 0;
}

__hidden void native_stack_begin(struct walk_scratch *s, const user_regs *regs, __u32 cfa_off)
{
	__u64 sp = REGS_SP(regs);

	s->frame = (struct unwind_frame){.sp = sp + cfa_off + 8, .fp = REGS_FP(regs)};
	copy_stack(s, sp);
	if (unwind_read(s, &s->frame.pc, sp + cfa_off))
		s->frame.pc = 0;
}

__hidden __u64 walk_native_stack(struct walk_scratch *s, const user_regs *regs, __u32 tgid)
{
	struct unwind_process *p = bpf_map_lookup_elem(&unwind_processes, &tgid);
	__u64 h;

	s->walk.hash = cfg_hash_seed;
	s->process = p ? *p : (struct unwind_process){};
	s->stack.n = 0;
	s->stack.flags = 0;
	push_frame(s, REGS_IP(regs));
	if (!s->frame.pc) {
		s->stack.flags |= STACK_BROKEN;
	} else {
		push_frame(s, s->frame.pc);
		/* One step more than frames: the one too many says that the stack is deeper. */
		bpf_loop(STACK_MAX_FRAMES + 1, native_steps, &s, 0);
	}
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
