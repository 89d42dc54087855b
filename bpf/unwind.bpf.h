/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Walking a native stack: C, C++, Rust, and Go where it called C.
 *
 * What is declared here is defined in frames.bpf.c.
 */
#ifndef ALLOCTAP_UNWIND_BPF_H
#define ALLOCTAP_UNWIND_BPF_H

#include "arch.bpf.h"
#include "walk.bpf.h"

/*
 * Reads the top of the stack; [rsp + @cfa_off] is the return address of the function that
 * was hit, whose rbp still is its caller's. s->frame.pc is that address, 0 if it
 * cannot be read.
 *
 * A return address that the kernel put a return probe in the place of is taken from
 * s->hijacked, which the caller fills (at is 0: there is none).
 */
__hidden void native_stack_begin(struct walk_scratch *s, const user_regs *regs, __u32 cfa_off);

/*
 * ... then the rest: fills s->stack and returns its hash, never 0; as walk_go_stack(). @tgid
 * is the process as unwind_set_process() was told of it.
 */
__hidden __u64 walk_native_stack(struct walk_scratch *s, const user_regs *regs, __u32 tgid);

#endif
