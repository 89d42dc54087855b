// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/units.h"

struct parse_case {
	const char *text;
	int err;
	uint64_t value;
};

static void durations_parse(void **state)
{
	static const struct parse_case cases[] = {
		{"500ms", 0, 500000000}, {"10s", 0, 10000000000}, {"10", 0, 10000000000},
		{"1.5s", 0, 1500000000}, {"5m", 0, 300000000000}, {"1h", 0, 3600000000000},
		{"7us", 0, 7000},        {"9ns", 0, 9},           {"0", -EINVAL, 0},
		{"0s", -EINVAL, 0},      {"", -EINVAL, 0},        {"s", -EINVAL, 0},
		{"-1s", -EINVAL, 0},     {" 1s", -EINVAL, 0},     {"1 s", -EINVAL, 0},
		{"1sec", -EINVAL, 0},    {"1s ", -EINVAL, 0},     {"nan", -EINVAL, 0},
		{"inf", -EINVAL, 0},     {"1e400", -EINVAL, 0},   {"9999999999h", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 0;

		if (parse_duration(cases[i].text, &ns) != cases[i].err ||
		    (!cases[i].err && ns != cases[i].value))
			fail_msg("\"%s\" gave %llu", cases[i].text, (unsigned long long)ns);
	}
}

static void sizes_parse(void **state)
{
	static const struct parse_case cases[] = {
		{"4096", 0, 4096},
		{"64k", 0, 65536},
		{"64K", 0, 65536},
		{"16m", 0, 16 << 20},
		{"1g", 0, 1 << 30},
		{"0", 0, 0},
		{"1.5k", 0, 1536},
		{"1t", -EINVAL, 0},
		{"k", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1kb", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"99999999999g", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 0;

		if (parse_size(cases[i].text, &bytes) != cases[i].err ||
		    (!cases[i].err && bytes != cases[i].value))
			fail_msg("\"%s\" gave %llu", cases[i].text, (unsigned long long)bytes);
	}
}

static void numbers_keep_their_range(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(parse_number("1", 1, 10, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(parse_number("10", 1, 10, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(parse_number("0", 1, 10, &n), -EINVAL);
	assert_int_equal(parse_number("11", 1, 10, &n), -EINVAL);
	assert_int_equal(parse_number("0x5", 1, 10, &n), -EINVAL);
	assert_int_equal(parse_number("5 ", 1, 10, &n), -EINVAL);
	assert_int_equal(parse_number("+5", 1, 10, &n), -EINVAL);
	assert_int_equal(parse_number("99999999999999999999", 0, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(parse_number("18446744073709551615", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
}

static void quantities_print_short(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(format_bytes(buf, sizeof(buf), 0), "0B");
	assert_string_equal(format_bytes(buf, sizeof(buf), 1023), "1023B");
	assert_string_equal(format_bytes(buf, sizeof(buf), 1024), "1.00kB");
	assert_string_equal(format_bytes(buf, sizeof(buf), 1536 << 10), "1.50MB");
	assert_string_equal(format_bytes(buf, sizeof(buf), 100ull << 30), "100.0GB");
	assert_string_equal(format_bytes(buf, sizeof(buf), UINT64_MAX), "16.0EB");
	assert_string_equal(format_count(buf, sizeof(buf), 999), "999");
	assert_string_equal(format_count(buf, sizeof(buf), 12345), "12.3k");
	assert_string_equal(format_count(buf, sizeof(buf), 1234567), "1.23M");
	assert_string_equal(format_times(buf, sizeof(buf), 1), "once");
	assert_string_equal(format_times(buf, sizeof(buf), 12345), "12.3k times");
	assert_string_equal(format_duration(buf, sizeof(buf), 999), "999ns");
	assert_string_equal(format_duration(buf, sizeof(buf), 1500000), "1.50ms");
	assert_string_equal(format_duration(buf, sizeof(buf), 30000000000), "30.0s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_parse),
		cmocka_unit_test(sizes_parse),
		cmocka_unit_test(numbers_keep_their_range),
		cmocka_unit_test(quantities_print_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
