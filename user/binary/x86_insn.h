/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * x86-64 instructions, one at a time: how long, where to, what they write. As
 * much as compilers put at the head of a function; of the rest the length.
 */
#ifndef ALLOCTAP_BINARY_X86_INSN_H
#define ALLOCTAP_BINARY_X86_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x86_register {
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RBX,
	X86_RSP,
	X86_RBP,
	X86_RSI,
	X86_RDI,
	X86_R8,
	X86_R9,
	X86_REGISTERS = 16
};

enum x86_kind {
	X86_PLAIN,
	X86_PUSH,   /* of a register */
	X86_NOP,    /* of one byte, whatever its prefixes */
	X86_JUMP,   /* to target, or through the pointer at target */
	X86_BRANCH, /* to target, or not */
	X86_CALL,   /* of target, or through the pointer at target */
	X86_END,    /* the flow goes on somewhere else, if at all: ret, jmp *%rax, syscall */
};

struct x86_insn {
	enum x86_kind kind;
	uint8_t len;
	/* Not a plain form of its kind: prefixes that the kernel does not emulate. */
	bool prefixed;
	/* Prefixes with which the kernel puts no probe at it (LOCK, and segments but FS, GS). */
	bool unprobeable;
	bool is_return;
	bool indirect;   /* target is relative to rip, and holds where it goes */
	bool has_target; /* of JUMP and CALL: false where it goes through a register */
	int64_t target;  /* from the instruction's first byte */
	uint16_t writes; /* mask of 1 << enum x86_register; all ones: not known */
	int32_t pushes;  /* bytes the stack grows by; then RSP is not among what it writes */
	/* A copy of one register of 64 bits to another, or its addition to that. */
	bool is_copy, is_addition;
	uint8_t from, to;
	/* "test reg,reg" of all 64 bits; X86_REGISTERS: it is none. */
	uint8_t tests;
};

/* 0, or -ENOENT where the bytes are cut short or no instruction we know. */
int x86_decode(const uint8_t *code, size_t len, struct x86_insn *insn);

#endif
