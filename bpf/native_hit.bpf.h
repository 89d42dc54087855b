/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs in native functions have in common.
 *
 * What is declared here is defined in native.bpf.c, which must be linked before the
 * others that use it: libbpf 1.1 makes no map of one that it saw used first.
 */
#ifndef ALLOCTAP_NATIVE_HIT_BPF_H
#define ALLOCTAP_NATIVE_HIT_BPF_H

#include "hit.bpf.h"
#include "unwind.bpf.h"

/* Sized by user space before load. */
struct native_probes_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct native_probe);
};
extern struct native_probes_map native_probes SEC(".maps");

/* Are blocks followed (native_live.bpf.c)? */
extern const volatile bool cfg_live;

/* An allocation under way. */
struct live_call {
	__u64 slot; /* where its return address is; 0: none is under way */
	__u64 ret;  /* the return address, while a return probe has its own there; 0: not known */
	__u64 size;
	__u64 stack;
	__u64 old;   /* realloc: the block; 0: none */
	__u64 where; /* posix_memalign: what gets the address */
	struct live_value old_value;
	__u32 target;
	__u8 op;        /* enum native_op; NATIVE_OP_MAX: passed on, it will be counted elsewhere */
	__u8 old_known; /* old_value was in the live map */
	__u16 pad;
};

/* Of each thread. */
struct live_calls_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct live_call);
};
extern struct live_calls_map live_calls SEC(".maps");

/* Was a function entered that may pass calls on? Spares every hit a look while none was. */
extern volatile __u32 any_passing;
/*
 * Is it a call of @target that was passed on through a pointer by one that counted it? It goes
 * to native_probes[@place], a function that begins at @first; @ret is what lies at @slot.
 * Notes the call where the function may pass it on itself (native_passed.bpf.c).
 */
int native_passed(__u64 slot, __u64 ret, __u64 first, __u32 place, __u32 target);

/* An allocator's own frames take less; farther down is another stack, as coroutines have. */
#define NESTED_BYTES (64 * 1024)

static __always_inline struct live_call *live_call(__u64 flags)
{
	return bpf_task_storage_get(&live_calls, bpf_get_current_task_btf(), NULL, flags);
}

/* Does a function with its return address at @slot run while the call is under way? */
static __always_inline bool is_below(const struct live_call *call, __u64 slot)
{
	return call->slot >= slot && call->slot - slot < NESTED_BYTES;
}

/* From here on it is over PTRDIFF_MAX: no allocator gives it. */
#define NATIVE_SIZE_MAX (1ull << 63)

struct native_hit {
	struct hit hit;
	const struct native_probe *probe;
	struct walk_scratch *scratch; /* with the stack in it; NULL: it was not looked at */
};

/* False: nothing to count. */
static __always_inline bool native_begin(struct native_hit *n, void *ctx)
{
	__u32 place;

	n->scratch = NULL;
	if (!hit_begin(&n->hit, ctx))
		return false;
	place = n->hit.cookie.native;
	n->probe = bpf_map_lookup_elem(&native_probes, &place);
	if (!n->probe)
		return false;
	return true;
}

static __always_inline __u64 native_arg(const struct native_hit *n, __u8 number)
{
	return c_arg(n->hit.regs, number);
}

/* Where the return address of the call is. */
static __always_inline __u64 native_slot(const struct native_hit *n)
{
	return REGS_SP(n->hit.regs) + n->hit.cookie.cfa_off;
}

/* Will the call be passed on to a tapped function as it is? */
static __always_inline bool native_elsewhere(const struct native_hit *n)
{
	const struct native_probe *p = n->probe;

	if (p->flags & NATIVE_NULL_ELSEWHERE && !native_arg(n, p->ptr_arg))
		return true;
	return p->flags & NATIVE_SMALL_ALIGN_ELSEWHERE &&
	       native_arg(n, p->size_arg2) <= NATIVE_SMALL_ALIGN;
}

/* Takes a look at the stack, which native_nested() and native_stack() then need not do. */
static __always_inline void native_look(struct native_hit *n)
{
	struct live_call *call = cfg_live ? live_call(0) : NULL;
	struct walk_scratch *s = scratch_take();

	n->scratch = s;
	if (!s)
		return;
	s->hijacked = (struct hijacked){};
	if (call && call->ret && is_below(call, native_slot(n)))
		s->hijacked = (struct hijacked){call->slot, call->ret};
	native_stack_begin(s, n->hit.regs, n->hit.cookie.cfa_off);
}

static __always_inline void native_leave(const struct native_hit *n)
{
	if (n->scratch)
		scratch_release(n->scratch);
}

/* 0: it cannot be read. */
static __always_inline __u64 native_return_address(const struct native_hit *n)
{
	__u64 ret;

	if (n->scratch)
		return n->scratch->frame.pc;
	return read_word(&ret, native_slot(n)) ? 0 : ret;
}

/* Part of an allocation that was counted when it entered the function that calls now? */
static __always_inline bool native_nested(const struct native_hit *n)
{
	const struct native_probe *p = n->probe;
	__u64 ret = p->n_nested ? native_return_address(n) : 0;
	__s64 from;

	if (!ret)
		return false;
	/* The call itself: what follows it may be another function. */
	from = ret - 1 - (REGS_IP(n->hit.regs) - p->offset);
	for (int i = 0; i < NATIVE_NESTED_MAX; i++) {
		if (i < p->n_nested && from >= p->nested[i].start && from < p->nested[i].end) {
			atomic_add(&n->hit.stats->nested, 1);
			return true;
		}
	}
	return false;
}

/* The same where it was called through a pointer, by another file's. */
static __always_inline bool native_passed_on(const struct native_hit *n, __u32 target)
{
	__u64 ret;

	if (n->probe->ops && !any_passing)
		any_passing = 1;
	if (!any_passing)
		return false;
	ret = native_return_address(n);
	if (!native_passed(native_slot(n), ret, REGS_IP(n->hit.regs) - n->probe->offset,
			   n->hit.cookie.native, target))
		return false;
	atomic_add(&n->hit.stats->nested, 1);
	return true;
}

/* All ones, which no allocator gives, where it has no room in a word. */
static __always_inline __u64 native_product(__u64 a, __u64 b)
{
	__u64 most = a ? ~0ull / a : ~0ull;

	/* Keep the compiler from making one multiplication to 128 bits of it: BPF has none. */
	asm volatile("" : "+r"(most));
	return b > most ? ~0ull : a * b;
}

/* What an allocation asks for. */
static __always_inline __u64 native_size(const struct native_hit *n)
{
	const struct native_probe *p = n->probe;
	__u64 size = native_arg(n, p->size_arg);

	/* Of memalign it is the alignment. */
	if (p->size_arg2 && (p->op == NATIVE_CALLOC || p->op == NATIVE_REALLOC))
		return native_product(size, native_arg(n, p->size_arg2));
	return size;
}

/*
 * The stack that native_look() found, and its id; NULL and 0, counted as lost, where
 * there is no room for it.
 */
static __always_inline const struct stack_value *native_stack(const struct native_hit *n, __u64 *id)
{
	struct walk_scratch *s = n->scratch;

	if (!s) {
		*id = 0;
		lose(LOST_STACK_SCRATCH);
		return NULL;
	}
	*id = walk_native_stack(s, n->hit.regs, current_tgid());
	return &s->stack;
}

static __always_inline void native_count(const struct native_hit *n, struct count_key *key,
					 const struct count_value *v)
{
	const struct stack_value *stack = native_stack(n, &key->stack);

	count_event(key, v, stack);
}

#endif
