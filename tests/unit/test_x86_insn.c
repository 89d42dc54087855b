// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The decoder against instructions as objdump prints them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/x86_insn.h"

#define R(reg) (1u << X86_##reg)

struct insn_case {
	const char *what;
	uint8_t code[16];
	uint8_t len;
	enum x86_kind kind;
	uint16_t writes;
	int32_t pushes;
	int64_t target; /* 0: none */
};

static const struct insn_case cases[] = {
	{"push %rbp", {0x55}, 1, X86_PUSH, 0, 8, 0},
	{"push %r12", {0x41, 0x54}, 2, X86_PUSH, 0, 8, 0},
	{"push (%rax)", {0xff, 0x30}, 2, X86_PLAIN, 0, 8, 0},
	{"push $1", {0x6a, 1}, 2, X86_PLAIN, 0, 8, 0},
	{"pop %r12", {0x41, 0x5c}, 2, X86_PLAIN, R(R8) << 4, -8, 0},
	{"nop", {0x90}, 1, X86_NOP, 0, 0, 0},
	{"xchg %ax,%ax", {0x66, 0x90}, 2, X86_NOP, 0, 0, 0},
	{"endbr64", {0xf3, 0x0f, 0x1e, 0xfa}, 4, X86_PLAIN, 0, 0, 0},
	{"nopw 0(%rax,%rax)", {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 9, X86_PLAIN, 0, 0, 0},
	{"mov %rdi,%rbx", {0x48, 0x89, 0xfb}, 3, X86_PLAIN, R(RBX), 0, 0},
	{"mov %rdi,8(%rsp)", {0x48, 0x89, 0x7c, 0x24, 8}, 5, X86_PLAIN, 0, 0, 0},
	{"mov 0x141b46(%rip),%rax",
	 {0x48, 0x8b, 0x05, 0x46, 0x1b, 0x14, 0},
	 7,
	 X86_PLAIN,
	 R(RAX),
	 0,
	 0},
	{"mov %fs:0,%r9", {0x64, 0x4c, 0x8b, 0x0c, 0x25, 0, 0, 0, 0}, 9, X86_PLAIN, R(R9), 0, 0},
	{"movabs $8,%rax", {0x48, 0xb8, 8, 0, 0, 0, 0, 0, 0, 0}, 10, X86_PLAIN, R(RAX), 0, 0},
	{"mov $8,%edx", {0xba, 8, 0, 0, 0}, 5, X86_PLAIN, R(RDX), 0, 0},
	{"mov $8,%dh", {0xb6, 8}, 2, X86_PLAIN, R(RSI) | R(RDX), 0, 0},
	{"sub $0x10,%rsp", {0x48, 0x83, 0xec, 0x10}, 4, X86_PLAIN, 0, 16, 0},
	{"sub $0x88,%rsp", {0x48, 0x81, 0xec, 0x88, 0, 0, 0}, 7, X86_PLAIN, 0, 0x88, 0},
	{"add $0x10,%rsp", {0x48, 0x83, 0xc4, 0x10}, 4, X86_PLAIN, 0, -16, 0},
	{"and $-16,%rsp", {0x48, 0x83, 0xe4, 0xf0}, 4, X86_PLAIN, R(RSP), 0, 0},
	{"cmpb $0,0x140201(%rip)", {0x80, 0x3d, 1, 2, 0x14, 0, 0}, 7, X86_PLAIN, 0, 0, 0},
	{"cmp $0x400,%rsi", {0x48, 0x81, 0xfe, 0, 4, 0, 0}, 7, X86_PLAIN, 0, 0, 0},
	{"test %rdi,%rdi", {0x48, 0x85, 0xff}, 3, X86_PLAIN, 0, 0, 0},
	{"test $0xfff,%r9d", {0x41, 0xf7, 0xc1, 0xff, 0xf, 0, 0}, 7, X86_PLAIN, 0, 0, 0},
	{"mul %rsi", {0x48, 0xf7, 0xe6}, 3, X86_PLAIN, R(RAX) | R(RDX), 0, 0},
	{"seto %al", {0x0f, 0x90, 0xc0}, 3, X86_PLAIN, R(RAX), 0, 0},
	{"xor %eax,%eax", {0x31, 0xc0}, 2, X86_PLAIN, R(RAX), 0, 0},
	{"lock xadd %eax,8(%r12)",
	 {0xf0, 0x41, 0x0f, 0xc1, 0x44, 0x24, 8},
	 7,
	 X86_PLAIN,
	 R(RAX),
	 0,
	 0},
	{"movdqa (%r12),%xmm0", {0x66, 0x41, 0x0f, 0x6f, 4, 0x24}, 6, X86_PLAIN, 0, 0, 0},
	{"je +0xbf", {0x0f, 0x84, 0xbf, 0, 0, 0}, 6, X86_BRANCH, 0, 0, 0xc5},
	{"ja -5", {0x77, 0xfb}, 2, X86_BRANCH, 0, 0, -3},
	{"jmp +3", {0xeb, 3}, 2, X86_JUMP, 0, 0, 5},
	{"jmp far", {0xe9, 0, 0, 1, 0}, 5, X86_JUMP, 0, 0, 0x10005},
	{"call", {0xe8, 0xf6, 0xff, 0xff, 0xff}, 5, X86_CALL, 0, 0, -5},
	{"call *0x20(%rip)", {0xff, 0x15, 0x20, 0, 0, 0}, 6, X86_CALL, 0, 0, 0x26},
	{"bnd jmp *0x20(%rip)", {0xf2, 0xff, 0x25, 0x20, 0, 0, 0}, 7, X86_JUMP, 0, 0, 0x27},
	{"jmp *%rax", {0xff, 0xe0}, 2, X86_JUMP, 0, 0, 0},
	{"ret", {0xc3}, 1, X86_END, 0, 0, 0},
	{"syscall", {0x0f, 0x05}, 2, X86_END, 0, 0, 0},
	{"vzeroupper", {0xc5, 0xf8, 0x77}, 3, X86_PLAIN, UINT16_MAX, 0, 0},
};

static void decodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct insn_case *c = &cases[i];
		struct x86_insn insn;

		if (x86_decode(c->code, sizeof(c->code), &insn))
			fail_msg("%s is not known", c->what);
		if (insn.len != c->len || insn.kind != c->kind || insn.writes != c->writes ||
		    insn.pushes != c->pushes || insn.has_target != (c->target != 0) ||
		    (c->target && insn.target != c->target))
			fail_msg("%s: length %u kind %d writes %#x pushes %d target %ld", c->what,
				 insn.len, insn.kind, insn.writes, insn.pushes, (long)insn.target);
	}
}

static void refuses_what_is_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t len = 0; len < cases[i].len; len++) {
			uint8_t *code =
				malloc(len ? len : 1); /* the sanitizer sees a byte too many */
			struct x86_insn insn;

			assert_non_null(code);
			memcpy(code, cases[i].code, len);
			if (!x86_decode(code, len, &insn))
				fail_msg("%s: %zu bytes gave %u", cases[i].what, len, insn.len);
			free(code);
		}
	}
}

static void tells_copies_and_tests(void **state)
{
	struct x86_insn insn;

	(void)state;
	assert_int_equal(x86_decode((uint8_t[]){0x48, 0x89, 0xfe}, 3, &insn), 0);
	assert_true(insn.is_copy);
	assert_int_equal(insn.from, X86_RDI);
	assert_int_equal(insn.to, X86_RSI);
	/* mov %edi,%esi loses the upper half */
	assert_int_equal(x86_decode((uint8_t[]){0x89, 0xfe}, 2, &insn), 0);
	assert_false(insn.is_copy);
	assert_int_equal(x86_decode((uint8_t[]){0x49, 0x89, 0xf8}, 3, &insn), 0);
	assert_true(insn.is_copy);
	assert_int_equal(insn.to, X86_R8);
	/* add %rcx,%rdx, both ways to write it; add %ecx,%edx */
	assert_int_equal(x86_decode((uint8_t[]){0x48, 0x01, 0xca}, 3, &insn), 0);
	assert_true(insn.is_addition && insn.from == X86_RCX && insn.to == X86_RDX);
	assert_int_equal(x86_decode((uint8_t[]){0x48, 0x03, 0xd1}, 3, &insn), 0);
	assert_true(insn.is_addition && insn.from == X86_RCX && insn.to == X86_RDX);
	assert_int_equal(x86_decode((uint8_t[]){0x01, 0xca}, 2, &insn), 0);
	assert_false(insn.is_addition);
	assert_int_equal(x86_decode((uint8_t[]){0x48, 0x85, 0xff}, 3, &insn), 0);
	assert_int_equal(insn.tests, X86_RDI);
	assert_int_equal(x86_decode((uint8_t[]){0x85, 0xff}, 2, &insn), 0);
	assert_int_equal(insn.tests, X86_REGISTERS);
	assert_int_equal(x86_decode((uint8_t[]){0x48, 0x85, 0xf7}, 3, &insn), 0);
	assert_int_equal(insn.tests, X86_REGISTERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses_what_is_cut_short),
		cmocka_unit_test(tells_copies_and_tests),
	};

	return cmocka_run_group_tests_name("x86_insn", tests, NULL, NULL);
}
