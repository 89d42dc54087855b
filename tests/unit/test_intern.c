// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/intern.h"

static void ids_count_up_and_stay(void **state)
{
	struct strtab t;

	(void)state;
	assert_int_equal(strtab_init(&t), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10000; i++) {
			char s[32];

			snprintf(s, sizeof(s), "string %d", i);
			assert_int_equal(strtab_add(&t, s), i + 1);
		}
	}
	assert_int_equal(t.n, 10001);
	assert_string_equal(strtab_get(&t, 1), "string 0");
	assert_string_equal(strtab_get(&t, 10000), "string 9999");
	strtab_free(&t);
}

static void nothing_is_the_empty_string(void **state)
{
	struct strtab t;

	(void)state;
	assert_int_equal(strtab_init(&t), 0);
	assert_int_equal(strtab_add(&t, ""), 0);
	assert_int_equal(strtab_add(&t, NULL), 0);
	assert_int_equal(strtab_add_len(&t, "abc", 0), 0);
	assert_string_equal(strtab_get(&t, 0), "");
	assert_string_equal(strtab_get(&t, 1), "");
	assert_string_equal(strtab_get(&t, UINT32_MAX), "");
	strtab_free(&t);
}

static void lengths_cut_and_nul_ends(void **state)
{
	struct strtab t;
	int64_t ab;

	(void)state;
	assert_int_equal(strtab_init(&t), 0);
	ab = strtab_add_len(&t, "abc", 2);
	assert_string_equal(strtab_get(&t, (uint32_t)ab), "ab");
	assert_int_equal(strtab_add(&t, "ab"), ab);
	assert_int_equal(strtab_add_len(&t, "ab\0cd", 5), ab);
	assert_int_not_equal(strtab_add(&t, "abc"), ab);
	assert_int_not_equal(strtab_add(&t, "a"), ab);
	strtab_free(&t);
}

static bool same_number(const void *ctx, uint32_t id, const void *key)
{
	const int *numbers = ctx;

	return numbers[id] == *(const int *)key;
}

static void equal_hashes_are_told_apart(void **state)
{
	static const int numbers[] = {10, 20, 30};
	const int absent = 40;
	struct intern in = {0};

	(void)state;
	assert_int_equal(intern_find(&in, 7, same_number, numbers, &numbers[0]), INTERN_NONE);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(intern_add(&in, 7, i), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(intern_find(&in, 7, same_number, numbers, &numbers[i]), i);
	assert_int_equal(intern_find(&in, 7, same_number, numbers, &absent), INTERN_NONE);
	assert_int_equal(intern_find(&in, 8, same_number, numbers, &numbers[0]), INTERN_NONE);
	intern_free(&in);
	assert_int_equal(intern_find(&in, 7, same_number, numbers, &numbers[0]), INTERN_NONE);
}

static void hashes_depend_on_all_of_it(void **state)
{
	(void)state;
	assert_int_equal(hash_bytes("abcd", 4, 1), hash_bytes("abcd", 4, 1));
	assert_true(hash_bytes("abcd", 4, 1) != hash_bytes("abcd", 4, 2));
	assert_true(hash_bytes("abcd", 4, 1) != hash_bytes("abcd", 3, 1));
	assert_true(hash_bytes("abcd", 4, 1) != hash_bytes("abce", 4, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_count_up_and_stay),
		cmocka_unit_test(nothing_is_the_empty_string),
		cmocka_unit_test(lengths_cut_and_nul_ends),
		cmocka_unit_test(equal_hashes_are_told_apart),
		cmocka_unit_test(hashes_depend_on_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
