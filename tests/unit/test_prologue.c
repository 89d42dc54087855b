// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Where a probe goes, for each prologue seen in real binaries (facts/go-runtime.md 0.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/prologue.h"

struct prologue_case {
	const char *what;
	uint8_t code[24];
	size_t len;
	int err;
	uint8_t offset;
	bool stack_check;
};

static const struct prologue_case cases[] = {
	{"small frame", {0x49, 0x3b, 0x66, 0x10, 0x76, 0x20}, 6, 0, 4, true},
	{"small frame, far branch",
	 {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0x20, 0x01, 0, 0},
	 10,
	 0,
	 4,
	 true},
	{"on the system stack", {0x49, 0x3b, 0x66, 0x18, 0x76, 0x20}, 6, 0, 4, true},
	{"frame over 128 bytes",
	 {0x4c, 0x8d, 0x64, 0x24, 0xb0, 0x4d, 0x3b, 0x66, 0x10, 0x0f, 0x86, 1, 0, 0, 0},
	 15,
	 0,
	 9,
	 true},
	{"frame over 256 bytes",
	 {0x4c, 0x8d, 0xa4, 0x24, 0, 0xff, 0xff, 0xff, 0x4d, 0x3b, 0x66, 0x10, 0x76, 0x20},
	 14,
	 0,
	 12,
	 true},
	{"no check: push %rbp", {0x55, 0x48, 0x89, 0xe5}, 4, 0, 0, false},
	{"push %r12", {0x41, 0x54}, 2, 0, 0, false},
	{"endbr64, push", {0xf3, 0x0f, 0x1e, 0xfa, 0x55}, 5, 0, 4, false},
	{"guard at another place in g", {0x49, 0x3b, 0x66, 0x20, 0x76, 0x20}, 6, -ENOENT, 0, false},
	{"compare without its branch", {0x49, 0x3b, 0x66, 0x10, 0x90, 0x90}, 6, -ENOENT, 0, false},
	{"branch cut off", {0x49, 0x3b, 0x66, 0x10, 0x76}, 5, -ENOENT, 0, false},
	{"far branch cut off", {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0}, 7, -ENOENT, 0, false},
	{"sub $8,%rsp: would be stepped", {0x48, 0x83, 0xec, 0x08}, 4, -ENOENT, 0, false},
	{"nothing", {0}, 0, -ENOENT, 0, false},
	{"REX prefix cut off", {0x41}, 1, -ENOENT, 0, false},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct prologue_case *c = &cases[i];
		/* Exactly as long as it is: a read past the end is the sanitizer's. */
		uint8_t *code = malloc(c->len ? c->len : 1);
		struct probe_point point = {0};
		int err;

		assert_non_null(code);
		memcpy(code, c->code, c->len);
		err = probe_point_find(code, c->len, &point);
		if (err != c->err ||
		    (!err && (point.offset != c->offset || point.stack_check != c->stack_check)))
			fail_msg("%s: err %d offset %u check %d", c->what, err, point.offset,
				 point.stack_check);
		free(code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests_name("prologue", tests, NULL, NULL);
}
