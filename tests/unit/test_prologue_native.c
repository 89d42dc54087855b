// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Where a probe goes in the heads of real functions: Debian 12's, as objdump shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/prologue_native.h"

struct head {
	const char *what;
	uint8_t code[88];
	uint8_t len;
	unsigned int args; /* mask of 1 << n */
	unsigned int null_arg;
	bool nothing_pushed;
	/* What is found. */
	const char *instruction; /* NULL: the first, stepped */
	uint8_t offset, cfa_off;
	uint8_t arg, in; /* the argument register that holds arg; 0: in its own */
};

static const struct head heads[] = {
	{"glibc malloc: push at once",
	 {0x41, 0x54, 0x55, 0x53, 0x48, 0x89, 0xfb},
	 7,
	 1u << 1,
	 0,
	 true,
	 "push",
	 0,
	 0,
	 0,
	 0},
	{"glibc free: behind the test of NULL",
	 {0x48, 0x85, 0xff, 0x0f, 0x84, 0xbf, 0, 0, 0, 0x55, 0x48, 0x8d, 0x77, 0xf0, 0x53},
	 15,
	 1u << 1,
	 1,
	 false,
	 "push",
	 9,
	 0,
	 0,
	 0},
	{"... at the test, where NULL counts",
	 {0x48, 0x85, 0xff, 0x0f, 0x84, 0xbf, 0, 0, 0, 0x55, 0x48, 0x8d, 0x77, 0xf0, 0x53},
	 15,
	 1u << 1,
	 0,
	 false,
	 "jcc",
	 3,
	 0,
	 0,
	 0},
	{"glibc memalign: before it goes on elsewhere",
	 {0x80, 0x3d, 0x71, 0x0e, 0x14, 0, 0, 0x74, 0x07, 0xe9, 0x32, 0xf6, 0xff, 0xff},
	 14,
	 1u << 1 | 1u << 2,
	 0,
	 true,
	 "jcc",
	 7,
	 0,
	 0,
	 0},
	{"glibc posix_memalign",
	 {0x80, 0x3d, 0x01, 0x02, 0x14, 0, 0, 0x41, 0x54, 0x49, 0x89, 0xd4, 0x55},
	 13,
	 1u << 1 | 1u << 3,
	 0,
	 true,
	 "push",
	 7,
	 0,
	 0,
	 0},
	{"glibc munmap: nothing to sit on before the system call",
	 {0xb8, 0x0b, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0x73, 0x01, 0xc3},
	 16,
	 1u << 1 | 1u << 2,
	 0,
	 false,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"glibc mremap: with a frame already",
	 {0x48, 0x83, 0xec, 0x58, 0x4c, 0x89, 0x44, 0x24, 0x40, 0x64, 0x48, 0x8b, 0x04, 0x25, 0x28,
	  0,    0,    0,    0x48, 0x89, 0x44, 0x24, 0x18, 0x31, 0xc0, 0x83, 0xf9, 0x07, 0x77, 0x5a},
	 30,
	 1u << 2 | 1u << 3,
	 0,
	 false,
	 "jcc",
	 28,
	 0x58,
	 0,
	 0},
	{"... where [rsp] has to be the return address",
	 {0x48, 0x83, 0xec, 0x58, 0x4c, 0x89, 0x44, 0x24, 0x40, 0x64, 0x48, 0x8b, 0x04, 0x25, 0x28,
	  0,    0,    0,    0x48, 0x89, 0x44, 0x24, 0x18, 0x31, 0xc0, 0x83, 0xf9, 0x07, 0x77, 0x5a},
	 30,
	 1u << 2 | 1u << 3,
	 0,
	 true,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"jemalloc free: far down",
	 {0x48, 0x89, 0xf8, 0x48, 0x8b, 0x15, 0x0e, 0x53, 0x0a, 0,    0x48, 0x89, 0xf9, 0x48,
	  0xc1, 0xe8, 0x1a, 0x48, 0x81, 0xe1, 0,    0,    0,    0xc0, 0x25, 0xf0, 0,    0,
	  0,    0x64, 0x48, 0x03, 0x04, 0x25, 0,    0,    0,    0,    0x48, 0x01, 0xd0, 0x48,
	  0x3b, 0x88, 0xb0, 0x01, 0,    0,    0x0f, 0x85, 0x8a, 0,    0,    0},
	 54,
	 1u << 1,
	 1,
	 false,
	 "jcc",
	 48,
	 0,
	 0,
	 0},
	{"jemalloc operator delete(void *, size_t): at its call, with a frame",
	 {0x48, 0x85, 0xff, 0x74, 0x13, 0x48, 0x83, 0xec, 8, 0xe8, 0x12, 0x33, 0xf8, 0xff, 0x48,
	  0x83, 0xc4, 8, 0xc3},
	 19,
	 1u << 1,
	 1,
	 false,
	 "call",
	 9,
	 8,
	 0,
	 0},
	{"jemalloc rallocx: its jump",
	 {0x31, 0xc9, 0xe9, 0xe9, 0x1c, 0xff, 0xff},
	 7,
	 1u << 1 | 1u << 2,
	 0,
	 true,
	 "jmp",
	 2,
	 0,
	 0,
	 0},
	{"tcmalloc memalign: copied, not lost",
	 {0x49, 0x89, 0xf8, 0x48, 0x81, 0xff, 0, 0x20, 0, 0, 0x0f, 0x87, 0xe8, 0, 0, 0},
	 16,
	 1u << 1 | 1u << 2,
	 0,
	 true,
	 "jcc",
	 10,
	 0,
	 1,
	 1},
	{"mimalloc malloc: size is in another register by then",
	 {0x48, 0x8b, 0x05, 0x49, 0xb4, 0, 0, 0x48, 0x89, 0xfe, 0x64, 0x48,
	  0x8b, 0x38, 0x48, 0x81, 0xfe, 0, 4, 0,    0,    0x77, 0x29},
	 23,
	 1u << 1,
	 0,
	 true,
	 "jcc",
	 21,
	 0,
	 1,
	 2},
	{"mimalloc calloc: the count is in no argument's register by then",
	 {0x48, 0x8b, 0x15, 0xc9, 0xad, 0,    0,    0x48, 0x89, 0xf8,
	  0x64, 0x48, 0x8b, 0x3a, 0x48, 0x83, 0xf8, 1,    0x74, 8},
	 20,
	 1u << 1 | 1u << 2,
	 0,
	 true,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"mimalloc free: behind the test of NULL, in the fourth argument's register",
	 {0x48, 0x89, 0xf9, 0x48, 0x85, 0xff, 0x74, 0x5d, 0x48, 0x8d, 0x7f, 0xff, 0x48, 0x89,
	  0xc8, 0x48, 0x81, 0xe7, 0,    0,    0,    0xfe, 0x48, 0x29, 0xf8, 0x75, 0x32},
	 27,
	 1u << 1,
	 1,
	 false,
	 "jcc",
	 25,
	 0,
	 1,
	 4},
	{"operator new of libstdc++: endbr64, test, mov",
	 {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x85, 0xff, 0xb8, 1, 0, 0, 0, 0x53, 0x48},
	 14,
	 1u << 1,
	 0,
	 true,
	 "push",
	 12,
	 0,
	 0,
	 0},
	{"_M_need_rehash: the elements were added to",
	 {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x01, 0xca, 0x48, 0x8b, 0x4f, 8, 0x48, 0x39, 0xd1, 0x72,
	  0x10},
	 16,
	 1u << 1 | 1u << 2 | 1u << 3,
	 0,
	 false,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"a loop back to between is passed more than once a call",
	 {0x48, 0x85, 0xc0, 0x55, 0x48, 0xff, 0xc0, 0xeb, 0xfa},
	 9,
	 1u << 1,
	 0,
	 false,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"a loop back to behind it is not",
	 {0x48, 0x85, 0xc0, 0x55, 0x48, 0xff, 0xc0, 0xeb, 0xfb},
	 9,
	 1u << 1,
	 0,
	 false,
	 "push",
	 3,
	 0,
	 0,
	 0},
	{"the frame pointer must be the caller's",
	 {0x48, 0x89, 0xe5, 0x53},
	 4,
	 1u << 1,
	 0,
	 false,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"push %rsp with REX.W is not emulated",
	 {0x48, 0x54, 0xc3},
	 3,
	 1u << 1,
	 0,
	 false,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"a call with prefixes is not emulated",
	 {0x66, 0x66, 0x48, 0xe8, 0, 0, 0, 0},
	 8,
	 1u << 1,
	 0,
	 false,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"counts its calls at once: behind that, as no probe can be at a LOCK",
	 {0xf0, 0x48, 0xff, 0x05, 0xb0, 0x26, 0x06, 0,    0xf0, 0x48, 0x01,
	  0x35, 0x98, 0x26, 0x06, 0,    0xff, 0x25, 0xd2, 0xda, 0x05, 0},
	 22,
	 1u << 1,
	 0,
	 true,
	 NULL,
	 16,
	 0,
	 0,
	 0},
	{"cut off", {0x41}, 1, 1u << 1, 0, false, NULL, 0, 0, 0, 0},
	{"nothing at all", {0}, 0, 1u << 1, 0, false, NULL, 0, 0, 0, 0},
};

static void finds_points(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		const struct head *h = &heads[i];
		struct native_wanted wanted = {
			.args = h->args,
			.null_arg = h->null_arg,
			.nothing_pushed = h->nothing_pushed,
		};
		/* Exactly as long as it is: a read past the end is the sanitizer's. */
		uint8_t *code = malloc(h->len ? h->len : 1);
		uint8_t where[NATIVE_SUM + 1] = {0};
		struct probe_point point;

		assert_non_null(code);
		memcpy(code, h->code, h->len);
		native_point_find(code, h->len, &wanted, &point, where);
		if (point.stepped != !h->instruction || point.offset != h->offset ||
		    point.cfa_off != h->cfa_off || point.stack_check ||
		    (h->instruction && strcmp(point.instruction, h->instruction)))
			fail_msg("%s: %s +%u, %u pushed%s", h->what, point.instruction,
				 point.offset, point.cfa_off, point.stepped ? ", stepped" : "");
		for (unsigned int arg = 1; arg <= NATIVE_ARGS; arg++) {
			unsigned int in = arg == h->arg && h->in ? h->in : arg;

			if (h->args & 1u << arg && where[arg] != in)
				fail_msg("%s: argument %u in %u, not %u", h->what, arg, where[arg],
					 in);
		}
		free(code);
	}
}

/* _M_need_rehash(policy, buckets, elements, more) of libstdc++ 12. */
static void takes_a_sum_for_its_parts(void **state)
{
	static const uint8_t code[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x01, 0xca, 0x48,
				       0x8b, 0x4f, 0x08, 0x48, 0x39, 0xd1, 0x72, 0x10};
	struct native_wanted wanted = {.args = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4,
				       .summed = {3, 4}};
	uint8_t where[NATIVE_SUM + 1] = {0};
	struct probe_point point;

	(void)state;
	native_point_find(code, sizeof(code), &wanted, &point, where);
	assert_false(point.stepped);
	assert_int_equal(point.offset, 14);
	assert_int_equal(where[NATIVE_SUM], 3);
	assert_int_equal(where[1], 1);
	assert_int_equal(where[2], 2);
	/* The sum of others is none of these. */
	wanted.summed[1] = 2;
	native_point_find(code, sizeof(code), &wanted, &point, where);
	assert_true(point.stepped);
	assert_int_equal(where[NATIVE_SUM], 0);
	assert_int_equal(where[3], 3);
}

static void finds_none_where_there_is_none(void **state)
{
	/* lock incq, and no more of it is known; the same with an argument lost. */
	static const uint8_t code[] = {0xf0, 0x48, 0xff, 0x05, 0xb0, 0x26, 0x06, 0};
	static const uint8_t loses[] = {0xf0, 0x48, 0x0f, 0xc1, 0x3d, 0, 0, 0, 0, 0x50};
	struct native_wanted wanted = {.args = 1u << 1};
	uint8_t where[NATIVE_SUM + 1] = {0};
	struct probe_point point;

	(void)state;
	assert_false(native_point_find(code, sizeof(code), &wanted, &point, where));
	assert_false(native_point_find(loses, sizeof(loses), &wanted, &point, where));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_points),
		cmocka_unit_test(takes_a_sum_for_its_parts),
		cmocka_unit_test(finds_none_where_there_is_none),
	};

	return cmocka_run_group_tests_name("prologue_native", tests, NULL, NULL);
}
