// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A Go function begins by comparing the stack pointer with g.stackguard0 (at
 * g + 0x10; stackguard1, 0x18, in functions for the system stack), in one of
 * three forms by the size of its frame (cmd/internal/obj/x86/obj6.go stacksplit):
 *
 *	49 3b 66 10		cmp    0x10(%r14),%rsp		small frame
 *	76 xx			jbe    morestack		<- here
 *
 *	4c 8d 64 24 xx		lea    -N(%rsp),%r12		larger
 *	4d 3b 66 10		cmp    0x10(%r14),%r12
 *	76 xx			jbe    morestack		<- here
 *
 *	4c 8d a4 24 xx xx xx xx	lea    -N(%rsp),%r12		larger still
 *	4d 3b 66 10		cmp    0x10(%r14),%r12
 *	0f 86 xx xx xx xx	jbe    morestack		<- here, in either width
 *
 * At the branch nothing was pushed and no argument register was touched. The
 * branch is emulated; the compare before it would be stepped. Functions without
 * a check begin by pushing a register, which is emulated as well; endbr64, which
 * C compilers put in front, is skipped.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/prologue.h"

struct stack_check_form {
	uint8_t lea[4];
	uint8_t lea_len, disp_len; /* opcode bytes of the lea, then its displacement */
	uint8_t cmp[3];            /* then one byte: 0x10 or 0x18 */
};

static const struct stack_check_form forms[] = {
	{.lea_len = 0, .disp_len = 0, .cmp = {0x49, 0x3b, 0x66}},
	{{0x4c, 0x8d, 0x64, 0x24}, 4, 1, {0x4d, 0x3b, 0x66}},
	{{0x4c, 0x8d, 0xa4, 0x24}, 4, 4, {0x4d, 0x3b, 0x66}},
};

static bool is_jbe(const uint8_t *code, size_t len)
{
	return (len >= 2 && code[0] == 0x76) || (len >= 6 && code[0] == 0x0f && code[1] == 0x86);
}

static bool match_stack_check(const struct stack_check_form *f, const uint8_t *code, size_t len,
			      struct probe_point *point)
{
	size_t cmp_at = f->lea_len + f->disp_len;
	size_t branch_at = cmp_at + sizeof(f->cmp) + 1;

	if (len < branch_at || memcmp(code, f->lea, f->lea_len) ||
	    memcmp(code + cmp_at, f->cmp, sizeof(f->cmp)))
		return false;
	if (code[branch_at - 1] != 0x10 && code[branch_at - 1] != 0x18)
		return false;
	if (!is_jbe(code + branch_at, len - branch_at))
		return false;
	*point = (struct probe_point){
		.offset = (uint8_t)branch_at,
		.stack_check = true,
		.instruction = "jbe",
	};
	return true;
}

static bool is_push(const uint8_t *code, size_t len)
{
	return (len >= 1 && (code[0] & 0xf8) == 0x50) ||
	       (len >= 2 && code[0] == 0x41 && (code[1] & 0xf8) == 0x50);
}

int probe_point_find(const uint8_t *code, size_t len, struct probe_point *point)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (match_stack_check(&forms[i], code, len, point))
			return 0;
	}
	if (len >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	if (!is_push(code + at, len - at))
		return -ENOENT;
	*point = (struct probe_point){.offset = (uint8_t)at, .instruction = "push"};
	return 0;
}
