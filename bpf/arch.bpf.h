/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Registers by what they hold, so that nothing else names one.
 *
 * Go's register ABI (Go 1.17 on, src/cmd/compile/abi-internal.md): integer
 * arguments in AX, BX, CX, DI, SI ...; R14 is g in every ABIInternal function,
 * on system stacks too.
 */
#ifndef ALLOCTAP_ARCH_BPF_H
#define ALLOCTAP_ARCH_BPF_H

#include "vmlinux.h"

#if defined(__TARGET_ARCH_x86)

typedef struct pt_regs user_regs;

#define REGS_IP(r)      ((__u64)(r)->ip)
#define REGS_SP(r)      ((__u64)(r)->sp)
#define REGS_FP(r)      ((__u64)(r)->bp)
#define GO_REGS_G(r)    ((__u64)(r)->r14)
#define GO_REGS_ARG1(r) ((__u64)(r)->ax)
#define GO_REGS_ARG2(r) ((__u64)(r)->bx)
#define GO_REGS_ARG3(r) ((__u64)(r)->cx)
#define GO_REGS_ARG4(r) ((__u64)(r)->di)

/*
 * By the number instructions have for them (enum usdt_register in user/binary/usdt.h).
 * A copy: which register is meant is known when the program runs, and the verifier
 * lets nobody compute an address in the context.
 */
#define USER_REGS_NUMBERED 16
#define USER_REGS_BY_NUMBER(r)                                                                   \
	{                                                                                        \
		(r)->ax, (r)->cx, (r)->dx, (r)->bx, (r)->sp, (r)->bp, (r)->si, (r)->di, (r)->r8, \
			(r)->r9, (r)->r10, (r)->r11, (r)->r12, (r)->r13, (r)->r14, (r)->r15      \
	}

/*
 * Integer arguments of a C function, from 1 (System V ABI for AMD64, 3.2.3); 0 for any other
 * number. Read when needed: BPF programs have little stack to keep a copy on.
 */
/* The barrier keeps the compiler from computing an address in the context. */
#define C_ARG_IS(v, reg)                    \
	do {                                \
		(v) = (reg);                \
		asm volatile("" : "+r"(v)); \
	} while (0)

static __always_inline __u64 c_arg(const user_regs *r, __u8 number)
{
	__u64 v = 0;

	switch (number) {
	case 1:
		C_ARG_IS(v, r->di);
		break;
	case 2:
		C_ARG_IS(v, r->si);
		break;
	case 3:
		C_ARG_IS(v, r->dx);
		break;
	case 4:
		C_ARG_IS(v, r->cx);
		break;
	case 5:
		C_ARG_IS(v, r->r8);
		break;
	case 6:
		C_ARG_IS(v, r->r9);
		break;
	}
	return v;
}

#define C_RESULT(r) ((__u64)(r)->ax)
/* Where a function that has just returned had its return address. */
#define C_RETURNED_SLOT(r) (REGS_SP(r) - sizeof(__u64))

/*
 * "jbe" is taken on carry or zero. On the branch of a Go stack check that means:
 * the stack must grow (or the goroutine was asked to yield), and the function
 * starts again from its first instruction (facts/go-runtime.md 0.1).
 */
#define STACK_CHECK_TAKEN(r) (((r)->flags & 0x41) != 0)

#else
#error "alloctap: no register names for this architecture yet"
#endif

#endif
