/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Static probes: what the kernel side and the user side must agree on. As in
 * alloctap.h, the including file provides the __u8 ... __u64 types.
 */
#ifndef ALLOCTAP_USDT_EVENT_H
#define ALLOCTAP_USDT_EVENT_H

/* Static probes (USDT) that one session can have in its targets. A power of two. */
#define USDT_SITES_MAX 1024
#define USDT_TEXTS     2
#define USDT_TEXT_MAX  64 /* with the NUL; longer ones are cut. A power of two. */

enum usdt_operand_kind {
	USDT_OPERAND_NONE = 0, /* reads as 0 */
	USDT_OPERAND_CONSTANT,
	USDT_OPERAND_REGISTER,
	USDT_OPERAND_MEMORY, /* at [reg + value] */
};

/* Where a static probe finds an argument (user/binary/usdt.h). */
struct usdt_operand {
	__s64 value;
	__u8 kind; /* enum usdt_operand_kind */
	__u8 reg;  /* in the order of x86-64's encoding: rax rcx rdx rbx rsp rbp rsi rdi r8 ... */
	__u8 size; /* 1, 2, 4 or 8 */
	__u8 is_signed;
	__u32 pad;
};

/* What the program at a static probe reads there and sends. Its index is the cookie. */
struct usdt_operands {
	struct usdt_operand number;
	struct {
		struct usdt_operand address, length;
	} text[USDT_TEXTS];
	__u32 probe; /* index into gc_probes[] */
	__u32 pad;
};

/* A record of the ring buffer usdt_events: a static probe was passed. */
struct usdt_event {
	__u32 target;  /* id */
	__u32 tid;     /* tells the threads of a process apart, no more */
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__s64 number;
	__u32 probe; /* index into gc_probes[] */
	__u32 pad;
	char text[USDT_TEXTS][USDT_TEXT_MAX]; /* NUL-terminated; "" where it has none */
};

#endif
