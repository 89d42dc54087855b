/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Walking a Go stack by frame pointers.
 *
 *	high   +----------------+  g.stack.hi
 *	       | 0              |  <- the goroutine's first frame: saved FP is 0
 *	       | goexit+1       |
 *	       | ...            |
 *	fp --> | caller's FP    |  each frame: [fp] is the next fp,
 *	       | return address |	      [fp + 8] the return address
 *	       | ...            |
 *	sp --> | return address |  we stand at the function's stack check: nothing
 *	low    +----------------+  of its own is on the stack yet
 *
 * One copy of the top of the stack serves most frames; a read of user memory
 * per frame costs four times as much (facts/kernel-bpf.md C). Every step must
 * go up and stay inside the stack, so a cycle ends the walk at once.
 *
 * On a system stack (g0) the chain leads on to the user goroutine the system
 * stack works for; that is the only crossing followed. Where the GC has moved that
 * goroutine's stack meanwhile, it leads to where the stack was; what the runtime
 * saved at the switch was moved along. A walk that starts on a user goroutine and
 * leaves its stack has met C code calling into Go.
 */
#ifndef ALLOCTAP_WALK_BPF_H
#define ALLOCTAP_WALK_BPF_H

#include "arch.bpf.h"
#include "maps.bpf.h"
#include "unwind.h"

/* Native frames are larger, and reading twice as much takes hardly longer. */
#define NATIVE_COPY_BYTES (2 * STACK_COPY_BYTES)

struct frame_record {
	__u64 next_fp;
	__u64 ret;
};

struct stack_bounds {
	__u64 lo, hi;
};

/*
 * A walk under way: what one step leaves to the next. It lives in a map and not
 * on the BPF stack, so that the verifier knows nothing of its numbers and sees
 * at once that all steps are alike.
 */
struct walk {
	__u64 g;
	__u64 sp;     /* where the copy was taken */
	__u64 copied; /* bytes of it */
	__u64 fp;
	__u64 above;               /* the next frame must lie at or above this */
	struct stack_bounds stack; /* hi is 0 until somebody asked */
	__u64 hash;
	__u32 crossed; /* from a system stack to the goroutine behind it */
	__u32 pad;
};

/* A return address that a return probe replaced: where, and what it was. */
struct hijacked {
	__u64 at, ret;
};

/* What is mapped somewhere: a file, and which of its bytes come first. */
struct found_vma {
	struct unwind_inode file;
	__u64 start, offset;
};

struct walk_scratch {
	__u32 busy;
	__u32 pad;
	struct walk walk;
	/* Of native walks (unwind.bpf.h). */
	struct unwind_process process;
	struct unwind_frame frame;
	struct found_vma vma;
	struct hijacked hijacked;
	__u64 unreadable; /* the page where a copy ended last */
	struct stack_value stack;
	/* Words: bytes would be loaded one by one. + 2: a frame at the last masked offset. */
	__u64 copy[NATIVE_COPY_BYTES / 8 + 2];
};

/*
 * Uprobe programs may be preempted by another one on the same CPU, hence more
 * than one slot, each with a flag (facts/kernel-bpf.md A.7: no drops with four).
 */
#define SCRATCH_SLOTS 4

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct walk_scratch);
};
extern struct scratch_map scratch SEC(".maps");

static __always_inline struct walk_scratch *scratch_take(void)
{
	for (__u32 i = 0; i < SCRATCH_SLOTS; i++) {
		__u32 slot = i;
		struct walk_scratch *s = bpf_map_lookup_elem(&scratch, &slot);

		if (s && !__sync_lock_test_and_set(&s->busy, 1))
			return s;
	}
	return NULL;
}

static __always_inline void scratch_release(struct walk_scratch *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

static __always_inline bool stack_holds(const struct stack_bounds *b, __u64 address)
{
	return address >= b->lo && address < b->hi;
}

static __always_inline __u64 hash_step(__u64 h, __u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 32);
}

static __always_inline long read_word(__u64 *to, __u64 from)
{
	return bpf_probe_read_user(to, sizeof(*to), (void *)from);
}

/* The goroutine that system stack @g works for, and its stack; 0 where there is none. */
static __always_inline __u64 goroutine_behind(__u64 g, const volatile struct go_layout *l,
					      struct stack_bounds *bounds)
{
	__u64 m = 0, curg = 0;

	if (read_word(&m, g + l->g_m) || !m)
		return 0;
	if (read_word(&curg, m + l->m_curg) || !curg || curg == g)
		return 0;
	return bpf_probe_read_user(bounds, sizeof(*bounds), (void *)curg) ? 0 : curg;
}

/* What walk_step() gets: pointers only, the state itself is in the scratch slot. */
struct walk_ctx {
	struct walk_scratch *s;
	const volatile struct go_layout *layout;
};

static __always_inline bool push_frame(struct walk_scratch *s, __u64 ip)
{
	__u32 n = s->stack.n;

	if (n >= STACK_MAX_FRAMES) {
		s->stack.flags |= STACK_TRUNCATED;
		return false;
	}
	s->stack.ips[n & (STACK_MAX_FRAMES - 1)] = ip;
	s->stack.n = n + 1;
	s->walk.hash = hash_step(s->walk.hash, ip);
	return true;
}

/*
 * The bounds of the stack the walk is on: read when it leaves the copy, which
 * most walks never do. Until then rising frame pointers are all there is to
 * check: at the goroutine's entry the chain ends by itself.
 */
static __always_inline void find_bounds(struct walk *w, const volatile struct go_layout *layout)
{
	if (w->stack.hi)
		return;
	/* Threads made by C have guessed bounds: then trust the stack pointer. */
	if (!layout->known || bpf_probe_read_user(&w->stack, sizeof(w->stack), (void *)w->g) ||
	    !stack_holds(&w->stack, w->sp)) {
		w->stack.lo = w->sp;
		w->stack.hi = w->sp + (8ull << 20);
	}
}

/* From the system stack to the goroutine behind it. False: there is none, or no room. */
static __always_inline bool walk_cross(struct walk_scratch *s,
				       const volatile struct go_layout *layout)
{
	struct walk *w = &s->walk;
	__u64 behind = 0, ret;

	if (!w->crossed && layout->known)
		behind = goroutine_behind(w->g, layout, &w->stack);
	if (behind && !stack_holds(&w->stack, w->fp))
		read_word(&w->fp, behind + layout->g_sched_bp);
	if (!behind || !stack_holds(&w->stack, w->fp)) {
		s->stack.flags |= STACK_LEFT;
		return false;
	}
	w->crossed = 1;
	w->above = w->stack.lo;
	w->copied = 0; /* the copy is of the other stack */
	if (layout->systemstack_frameless && !read_word(&ret, behind + layout->g_sched_sp) &&
	    !read_word(&ret, ret))
		return push_frame(s, ret);
	return true;
}

/*
 * Up to FRAMES_PER_STEP frames that lie in the copy, with all that changes kept
 * in registers meanwhile: this is where a walk spends its time. False once it
 * comes to anything else.
 */
#define FRAMES_PER_STEP 8

static __always_inline bool walk_in_copy(struct walk_scratch *s)
{
	__u64 fp = s->walk.fp, above = s->walk.above, h = s->walk.hash;
	__u32 n = s->stack.n;
	int i;

#pragma unroll
	for (i = 0; i < FRAMES_PER_STEP; i++) {
		__u64 off = fp - s->walk.sp;
		struct frame_record *frame;

		if (fp < above || fp & 7 || off + sizeof(*frame) > s->walk.copied ||
		    n >= STACK_MAX_FRAMES)
			break;
		/* Keep the compiler from proving the mask needless: the verifier wants it. */
		asm volatile("" : "+r"(off));
		frame = (void *)s->copy + (off & (STACK_COPY_BYTES - 1));
		above = fp + sizeof(*frame);
		fp = frame->next_fp;
		s->stack.ips[n & (STACK_MAX_FRAMES - 1)] = frame->ret;
		h = hash_step(h, frame->ret);
		n++;
	}
	s->walk.fp = fp;
	s->walk.above = above;
	s->walk.hash = h;
	s->stack.n = n;
	return i == FRAMES_PER_STEP;
}

/* Some frames. Non-zero ends the walk: this is a callback of bpf_loop(). */
static long walk_step(__u32 i __attribute__((unused)), struct walk_ctx *ctx)
{
	struct walk_scratch *s = ctx->s;
	struct frame_record frame;
	__u64 fp;

	if (walk_in_copy(s))
		return 0;
	fp = s->walk.fp;
	if (!fp)
		return 1;
	find_bounds(&s->walk, ctx->layout);
	if (!stack_holds(&s->walk.stack, fp)) {
		if (!walk_cross(s, ctx->layout))
			return 1;
		fp = s->walk.fp;
	}
	if (fp < s->walk.above || fp & 7 ||
	    bpf_probe_read_user(&frame, sizeof(frame), (void *)fp)) {
		s->stack.flags |= STACK_BROKEN;
		return 1;
	}
	if (!push_frame(s, frame.ret))
		return 1;
	s->walk.above = fp + sizeof(frame);
	s->walk.fp = frame.next_fp;
	return 0;
}

static __always_inline long return_address(struct walk_scratch *s, __u32 cfa_off, __u64 *ret)
{
	if (s->walk.copied < cfa_off + sizeof(*ret))
		return read_word(ret, s->walk.sp + cfa_off);
	*ret = s->copy[cfa_off / sizeof(*ret) & (STACK_COPY_BYTES / sizeof(*ret) - 1)];
	return 0;
}

/* Fills s->stack and returns its hash, never 0. */
static __always_inline __u64 walk_go_stack(struct walk_scratch *s, const user_regs *regs,
					   const volatile struct go_layout *l, __u32 cfa_off)
{
	struct walk_ctx ctx = {s, l};
	__u64 sp = REGS_SP(regs), ret, h;

	s->walk = (struct walk){
		.g = GO_REGS_G(regs),
		.sp = sp,
		.fp = REGS_FP(regs),
		.above = sp,
		.hash = cfg_hash_seed,
	};
	/* It may fail at the very end of a mapping; then each frame is read on its own. */
	if (!bpf_probe_read_user(s->copy, STACK_COPY_BYTES, (void *)sp))
		s->walk.copied = STACK_COPY_BYTES;
	s->stack.n = 0;
	s->stack.flags = 0;
	push_frame(s, REGS_IP(regs));
	if (return_address(s, cfa_off, &ret)) {
		s->stack.flags |= STACK_BROKEN;
	} else {
		push_frame(s, ret);
		/* One step more than frames: the one too many says that the stack is deeper. */
		bpf_loop(STACK_MAX_FRAMES + 1, walk_step, &ctx, 0);
	}
	h = hash_step(s->walk.hash, s->stack.flags);
	return h ? h : 1;
}

#endif
