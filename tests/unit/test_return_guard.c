// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <unistd.h>

#include "probe/return_guard.h"

static void test_kernels(void **state)
{
	(void)state;
	assert_false(return_guard_kernel("6.1.0-50-amd64"));
	assert_false(return_guard_kernel("6.10.11"));
	assert_true(return_guard_kernel("6.11.0"));
	assert_true(return_guard_kernel("6.12.95+deb13-cloud-amd64"));
	assert_true(return_guard_kernel("6.13-rc1"));
	assert_false(return_guard_kernel("6.14.0"));
	assert_false(return_guard_kernel("6.18.44-fc-v595"));
	assert_false(return_guard_kernel("5.12.0"));
	assert_false(return_guard_kernel("7.12.0"));
	/* Who knows: better not. */
	assert_true(return_guard_kernel("six"));
	assert_true(return_guard_kernel(""));
}

static void test_status(void **state)
{
	(void)state;
	assert_false(return_guard_filters(
		"Name:\ta\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n"));
	assert_true(return_guard_filters("Name:\ta\nSeccomp:\t2\nSeccomp_filters:\t1\n"));
	assert_true(return_guard_filters("Name:\ta\nSeccomp:\t1\n"));
	/* A name that looks like it; only a field counts. */
	assert_true(return_guard_filters("Name:\tSeccomp: 0\n"));
	assert_true(return_guard_filters("Name:\ta\nSeccomp:"));
	assert_true(return_guard_filters("Name:\ta\nSeccomp_filters:\t0\n"));
	assert_true(return_guard_filters(""));
}

/* A process that is not there may only be probed where any may. */
static void test_ourselves(void **state)
{
	bool any = return_guard_allows(-1);

	(void)state;
	assert_int_equal(return_guard_allows(INT_MAX), any);
	assert_true(!any || return_guard_allows(getpid()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_ourselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
