// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

static void sequences_are_told_from_junk(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{"a", 1},
		{"\x7f", 1},
		{"\xc3\xa4", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"\xed\x9f\xbf", 3},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},             /* a continuation */
		{"\xc3", 0},             /* cut short */
		{"\xe2\x82", 0},         /* cut short */
		{"\xc0\xaf", 0},         /* overlong */
		{"\xe0\x9f\xbf", 0},     /* overlong */
		{"\xf0\x8f\xbf\xbf", 0}, /* overlong */
		{"\xed\xa0\x80", 0},     /* a surrogate */
		{"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
		{"\xff", 0},
		{"\xe2\x28\xa1", 0},
		{"\xe2\x82\x28", 0},
	};

	(void)state;
	assert_int_equal(utf8_sequence("", 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *s = cases[i].bytes;

		if (utf8_sequence(s, strlen(s)) != cases[i].n)
			fail_msg("case %zu", i);
		if (utf8_valid(s) != (cases[i].n > 0))
			fail_msg("case %zu as a string", i);
	}
	assert_int_equal(utf8_sequence("\xe2\x82\xac", 2), 0);
}

static void check_clean(const char *in, char control, const char *expected)
{
	char *clean = utf8_clean(in, control);

	assert_non_null(clean);
	assert_string_equal(clean, expected);
	assert_true(utf8_valid(clean));
	free(clean);
}

static void cleaning_replaces_only_what_it_must(void **state)
{
	(void)state;
	check_clean("", '?', "");
	check_clean("main.f\xc3\xbcr", '?', "main.f\xc3\xbcr");
	check_clean("a\xff\xfe"
		    "b",
		    0,
		    "a\xef\xbf\xbd\xef\xbf\xbd"
		    "b");
	check_clean("a\x1b[31m\n\x7f\xc2\x9b"
		    "b",
		    '?', "a?[31m???b");
	check_clean("a\tb", 0, "a\tb");
	check_clean("\xc2\xa0", '?', "\xc2\xa0");
	check_clean("\xe2\x82", ' ', "\xef\xbf\xbd\xef\xbf\xbd");
}

static void lengths_count_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(""), 0);
	assert_int_equal(utf8_length("abc"), 3);
	assert_int_equal(utf8_length("\xe2\x82\xac\xc3\xa4x"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_are_told_from_junk),
		cmocka_unit_test(cleaning_replaces_only_what_it_must),
		cmocka_unit_test(lengths_count_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
