/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From a frame to its caller. Pure: compiled for the kernel (frames.bpf.c) and for
 * the host, where tests/unit/test_unwind.c compares it with backtrace().
 */
#ifndef ALLOCTAP_UNWIND_STEP_H
#define ALLOCTAP_UNWIND_STEP_H

#include "unwind.h"

/*
 * The includer's: a word of the walked program's memory, 0 if it was read; and the
 * tables, false where they have no such element.
 */
static __always_inline long unwind_read(void *ctx, __u64 *to, __u64 from);
/* ... a word of what was copied of it, @off bytes behind the copy's beginning. */
static __always_inline __u64 unwind_copied(void *ctx, __u64 off);
static __always_inline bool unwind_get_row(void *ctx, __u32 i, struct unwind_row *row);
static __always_inline bool unwind_get_page(void *ctx, __u32 i, struct unwind_page *page);
static __always_inline bool unwind_get_mapping(void *ctx, __u32 i, struct unwind_mapping *mapping);

static __always_inline __u64 unwind_address(const struct unwind_frame *f)
{
	return f->pc - !f->interrupted;
}

/* 0 where there is no room for it in 16 bits. */
static __always_inline __u32 unwind_pack(const struct unwind_rule *rule)
{
	__u32 packed = UNWIND_PACKED | (__u32)rule->cfa_off, below = 0;

	if (rule->cfa == UNWIND_CFA_RBP)
		packed |= UNWIND_PACKED_RBP;
	else if (rule->cfa != UNWIND_CFA_RSP)
		return 0;
	if (rule->cfa_off <= 0 || rule->cfa_off & ~UNWIND_PACKED_OFF)
		return 0;
	if (rule->fp == UNWIND_FP_LOST) {
		below = UNWIND_PACKED_LOST;
	} else if (rule->fp == UNWIND_FP_AT_CFA) {
		below = (__u32)(-8 - rule->fp_off) >> 3;
		if (rule->fp_off > -16 || rule->fp_off & 7 || below >= UNWIND_PACKED_LOST)
			return 0;
	} else if (rule->fp != UNWIND_FP_SAME) {
		return 0;
	}
	return packed | below;
}

static __always_inline struct unwind_rule unwind_unpack(__u32 packed)
{
	__u32 below = packed & UNWIND_PACKED_BELOW;
	struct unwind_rule rule = {
		.cfa = packed & UNWIND_PACKED_RBP ? UNWIND_CFA_RBP : UNWIND_CFA_RSP,
		.fp = UNWIND_FP_SAME,
		.cfa_off = packed & UNWIND_PACKED_OFF,
	};

	if (below == UNWIND_PACKED_LOST) {
		rule.fp = UNWIND_FP_LOST;
	} else if (below) {
		rule.fp = UNWIND_FP_AT_CFA;
		rule.fp_off = -8 - 8 * (__s16)below;
	}
	return rule;
}

/*
 * Part of a stack, copied: from @base on, the last word of it is @last bytes behind. The
 * frame's sp is @sp bytes behind; as all that lies elsewhere it may be more than @last.
 */
struct unwind_window {
	__u64 base, last, sp;
	__u64 fp; /* as it is */
};

/*
 * From a frame to its caller by a packed rule, where the copy has all that it needs; else
 * false, and nothing is changed.
 */
static __always_inline bool unwind_step_in_copy(void *ctx, struct unwind_window *w, __u64 packed,
						__u64 *pc)
{
	__u64 cfa = (packed & UNWIND_PACKED_RBP ? w->fp - w->base : w->sp) +
		    (packed & UNWIND_PACKED_OFF);
	__u64 below = packed & UNWIND_PACKED_BELOW, fp = w->fp, at, ret;

	if (cfa <= w->sp || cfa - 8 > w->last)
		return false;
	ret = unwind_copied(ctx, cfa - 8);
	/* The outermost frame, most likely. */
	if (!ret)
		return false;
	if (below == UNWIND_PACKED_LOST) {
		fp = UNWIND_NO_FP;
	} else if (below) {
		at = cfa - 8 - 8 * below;
		/* As in unwind_step(). */
		if (at >= w->sp) {
			if (at > w->last)
				return false;
			fp = unwind_copied(ctx, at);
		}
	}
	w->sp = cfa;
	w->fp = fp;
	*pc = ret;
	return true;
}

/* The last of the @n rows from @first on that is not behind @pc: its rule. */
static __always_inline __u32 unwind_search_rows(void *ctx, __u32 first, __u32 n, __u16 pc)
{
	__u32 left = 0, right = n, rule = UNWIND_RULE_NONE;
	struct unwind_row row;

	for (int i = 0; i < UNWIND_SEARCH_STEPS; i++) {
		__u32 middle = (left + right) >> 1;

		if (left >= right || !unwind_get_row(ctx, first + middle, &row))
			break;
		if (row.pc <= pc) {
			rule = row.rule;
			left = middle + 1;
		} else {
			right = middle;
		}
	}
	return rule;
}

/* The mapping of @p that has @address; false if none has. */
static __always_inline bool unwind_search_mappings(void *ctx, const struct unwind_process *p,
						   __u64 address, struct unwind_mapping *found)
{
	__u32 left = 0, right = p->n;

	for (int i = 0; i < UNWIND_SEARCH_STEPS; i++) {
		__u32 middle = (left + right) >> 1;

		if (left >= right || !unwind_get_mapping(ctx, p->first + middle, found))
			return false;
		if (address < found->start)
			right = middle;
		else if (address >= found->end)
			left = middle + 1;
		else
			return true;
	}
	return false;
}

/* Which rule holds @at so many bytes behind the beginning of a table. */
static __always_inline __u32 unwind_table_rule(void *ctx, __u32 first_page, __u32 pages, __u64 at)
{
	struct unwind_page page;

	if (at >> UNWIND_PAGE_SHIFT >= pages)
		return UNWIND_RULE_NO_TABLE;
	if (!unwind_get_page(ctx, first_page + (__u32)(at >> UNWIND_PAGE_SHIFT), &page))
		return UNWIND_RULE_NO_TABLE;
	return unwind_search_rows(ctx, page.first, page.n, (__u16)at);
}

/* Which rule holds at @address of a process. */
static __always_inline __u32 unwind_find_rule(void *ctx, const struct unwind_process *p,
					      __u64 address)
{
	struct unwind_mapping mapping;

	if (!unwind_search_mappings(ctx, p, address, &mapping))
		return UNWIND_RULE_NO_TABLE;
	return unwind_table_rule(ctx, mapping.page, mapping.pages, address - mapping.bias);
}

/* arch/x86/include/uapi/asm/sigcontext.h: where rt_sigframe.uc has them. */
#define UNWIND_UC_RBP (40 + 10 * 8)
#define UNWIND_UC_RSP (40 + 15 * 8)
#define UNWIND_UC_RIP (40 + 16 * 8)

static __always_inline enum unwind_result unwind_signal(void *ctx, struct unwind_frame *f)
{
	__u64 uc = f->sp;

	if (unwind_read(ctx, &f->fp, uc + UNWIND_UC_RBP) ||
	    unwind_read(ctx, &f->sp, uc + UNWIND_UC_RSP) ||
	    unwind_read(ctx, &f->pc, uc + UNWIND_UC_RIP))
		return UNWIND_FAILED;
	f->interrupted = 1;
	return UNWIND_STEPPED;
}

/* Go's runtime2.go, the same in Go 1.18 to 1.27 (facts: go_offsets.tsv). */
#define UNWIND_G_STACK_HI 8
#define UNWIND_G_M        48
#define UNWIND_G_SCHED_SP 56
#define UNWIND_M_G0       0

/* Of goroutine @g: where cgocallback(), the last time, left the thread's stack. */
static __always_inline __u64 unwind_go_left(void *ctx, __u64 g)
{
	__u64 m, g0, sp;

	if (unwind_read(ctx, &m, g + UNWIND_G_M) || unwind_read(ctx, &g0, m + UNWIND_M_G0) ||
	    unwind_read(ctx, &sp, g0 + UNWIND_G_SCHED_SP))
		return 0;
	return sp;
}

/*
 * runtime.asmcgocall() goes from the goroutine's stack to the thread's, and leaves
 * on the latter which goroutine that was (0: it was on the thread's already), and, in
 * the word below, how far its stack pointer was from the top (or the pointer itself).
 */
static __always_inline enum unwind_result unwind_go_switch(void *ctx, struct unwind_frame *f,
							   const struct unwind_rule *rule)
{
	__u64 g, sp, top;

	if (unwind_read(ctx, &g, f->sp + rule->go_saved) ||
	    unwind_read(ctx, &sp, f->sp + rule->go_saved - 8))
		return UNWIND_FAILED;
	if (g) {
		if (unwind_read(ctx, &top, g + UNWIND_G_STACK_HI))
			return UNWIND_FAILED;
		sp = top - sp;
		if (!f->go_sp)
			f->go_sp = unwind_go_left(ctx, g);
	}
	if (rule->go_frame && unwind_read(ctx, &f->fp, sp + rule->go_frame - 8))
		return UNWIND_FAILED;
	if (unwind_read(ctx, &f->pc, sp + rule->go_frame))
		return UNWIND_FAILED;
	f->sp = sp + rule->go_frame + 8;
	f->interrupted = 0;
	return f->pc ? UNWIND_STEPPED : UNWIND_ENDED;
}

/*
 * runtime.cgocallback() has a frame of 24 bytes on the thread's stack, then rbp and the
 * return address; lowest is where the stack was left the time before that.
 */
static __always_inline enum unwind_result unwind_go_callback(void *ctx, struct unwind_frame *f)
{
	__u64 sp = f->go_sp;

	if (!sp || unwind_read(ctx, &f->fp, sp + 24) || unwind_read(ctx, &f->pc, sp + 32) ||
	    unwind_read(ctx, &f->go_sp, sp))
		return UNWIND_FAILED;
	f->sp = sp + 40;
	f->interrupted = 0;
	return f->pc ? UNWIND_STEPPED : UNWIND_ENDED;
}

/* By frame pointer alone: Go, code made at run time, assembly without description. */
static __always_inline enum unwind_result unwind_by_fp(void *ctx, struct unwind_frame *f, __u32 go)
{
	__u64 fp = f->fp, next;

	if (!fp)
		return UNWIND_ENDED;
	if (fp & 7 || (fp < f->sp && !go))
		return UNWIND_FAILED;
	if (unwind_read(ctx, &next, fp) || unwind_read(ctx, &f->pc, fp + 8))
		return UNWIND_FAILED;
	f->sp = fp + 16;
	f->fp = next;
	f->interrupted = 0;
	return f->pc ? UNWIND_STEPPED : UNWIND_ENDED;
}

/* The rules that are not of most frames. */
static __always_inline long unwind_rare_cfa(void *ctx, const struct unwind_frame *f,
					    const struct unwind_rule *rule, __u64 *cfa)
{
	switch (rule->cfa) {
	case UNWIND_CFA_PLT:
		*cfa = f->sp + rule->cfa_off;
		if ((__s16)(f->pc & 15) >= rule->plt_pushed)
			*cfa += 8;
		return 0;
	case UNWIND_CFA_DEREF_RSP:
		*cfa = f->sp + rule->deref_off;
		break;
	case UNWIND_CFA_DEREF_RBP:
		*cfa = f->fp + rule->deref_off;
		break;
	default:
		return -1;
	}
	if (unwind_read(ctx, cfa, *cfa))
		return -1;
	*cfa += rule->deref_add;
	return 0;
}

/* From @f to its caller by @rule, which is not UNWIND_CFA_NONE. */
static __always_inline enum unwind_result unwind_step(void *ctx, struct unwind_frame *f,
						      const struct unwind_rule *rule)
{
	__u64 cfa, at;

	if (rule->cfa == UNWIND_CFA_RSP) {
		cfa = f->sp + rule->cfa_off;
	} else if (rule->cfa == UNWIND_CFA_RBP) {
		cfa = f->fp + rule->cfa_off;
	} else {
		if (rule->cfa == UNWIND_CFA_SIGNAL)
			return unwind_signal(ctx, f);
		if (rule->cfa == UNWIND_CFA_GO_SWITCH)
			return unwind_go_switch(ctx, f, rule);
		if (rule->cfa == UNWIND_CFA_GO_CALLBACK)
			return unwind_go_callback(ctx, f);
		if (rule->cfa == UNWIND_CFA_STOP)
			return UNWIND_ENDED;
		if (unwind_rare_cfa(ctx, f, rule, &cfa))
			return UNWIND_FAILED;
	}
	if (cfa <= f->sp || unwind_read(ctx, &f->pc, cfa - 8))
		return UNWIND_FAILED;
	if (rule->fp == UNWIND_FP_LOST) {
		f->fp = UNWIND_NO_FP;
	} else if (rule->fp) {
		at = (rule->fp == UNWIND_FP_AT_CFA ? cfa : f->fp) + rule->fp_off;
		/* Rows of a function's end still tell where rbp was; then it is back already. */
		if (at >= f->sp && unwind_read(ctx, &f->fp, at))
			return UNWIND_FAILED;
	}
	f->sp = cfa;
	f->interrupted = 0;
	return f->pc ? UNWIND_STEPPED : UNWIND_ENDED;
}

#endif
