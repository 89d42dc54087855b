// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "binary/name_table.h"

static void reads_little_endian(void **state)
{
	static const uint8_t bytes[] = {1,    2,    3,    4,    5,    6,    7,
					8,    9,    0xfe, 0xff, 0xff, 0xff, 0x11,
					0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
	struct cursor c = cursor_make(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 0x0302);
	assert_int_equal(cursor_u32(&c), 0x07060504);
	cursor_skip(&c, 2);
	assert_int_equal(cursor_i32(&c), -2);
	assert_int_equal(cursor_u64(&c), 0x8877665544332211);
	assert_int_equal(cursor_left(&c), 0);
	assert_true(cursor_ok(&c));
}

/* The first read past the end fails the cursor for good, a seek back included. */
static void fails_for_good(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct cursor c = cursor_make(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_u32(&c), 0);
	assert_false(cursor_ok(&c));
	assert_int_equal(cursor_left(&c), 0);
	cursor_seek(&c, 0);
	assert_int_equal(cursor_u8(&c), 0);
	assert_null(cursor_bytes(&c, 0));
	assert_null(cursor_cstr(&c));
	assert_int_equal(cursor_uvarint(&c), 0);
	assert_false(cursor_ok(&c));
}

static void reads_signed_leb128(void **state)
{
	static const uint8_t bytes[] = {0x02, 0x7e, 0xff, 0x00, 0x80, 0x7f, 0xc0, 0x00, 0x40};
	static const int64_t values[] = {2, -2, 127, -128, 64, -64};
	static const uint8_t least[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f};
	static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					  0x80, 0x80, 0x80, 0x80, 0x00};
	struct cursor c = cursor_make(bytes, sizeof(bytes));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(cursor_sleb(&c), values[i]);
	assert_int_equal(cursor_left(&c), 0);
	assert_true(cursor_ok(&c));
	assert_int_equal(cursor_sleb(&c), 0);
	assert_false(cursor_ok(&c));
	c = cursor_make(least, sizeof(least));
	assert_true(cursor_sleb(&c) == INT64_MIN);
	c = cursor_make(endless, sizeof(endless));
	assert_int_equal(cursor_sleb(&c), 0);
	assert_false(cursor_ok(&c));
}

static void seeks_within(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct cursor c = cursor_make(bytes, sizeof(bytes));

	(void)state;
	cursor_seek(&c, 3);
	assert_true(cursor_ok(&c));
	assert_int_equal(cursor_left(&c), 0);
	cursor_seek(&c, 1);
	assert_int_equal(cursor_u8(&c), 2);
	cursor_seek(&c, 4);
	assert_false(cursor_ok(&c));
	c = cursor_make(bytes, sizeof(bytes));
	cursor_skip(&c, SIZE_MAX);
	assert_false(cursor_ok(&c));
}

static void cuts_out_parts(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct cursor whole = cursor_make(bytes, sizeof(bytes));
	struct cursor c = cursor_sub(&whole, 2, 2);

	(void)state;
	assert_int_equal(cursor_u8(&c), 3);
	assert_int_equal(cursor_left(&c), 1);
	cursor_skip(&c, 2);
	assert_false(cursor_ok(&c));

	c = cursor_sub(&whole, 5, 0);
	assert_true(cursor_ok(&c));
	c = cursor_sub(&whole, 6, 0);
	assert_false(cursor_ok(&c));
	c = cursor_sub(&whole, 1, SIZE_MAX);
	assert_false(cursor_ok(&c));
	c = cursor_sub(&whole, SIZE_MAX, 2);
	assert_false(cursor_ok(&c));
	whole.failed = true;
	c = cursor_sub(&whole, 0, 1);
	assert_false(cursor_ok(&c));
}

static void varints(void **state)
{
	static const struct {
		uint8_t bytes[11];
		size_t len;
		bool ok;
		uint64_t value;
	} cases[] = {
		{{0}, 1, true, 0},
		{{0x7f}, 1, true, 127},
		{{0x80, 0x01}, 2, true, 128},
		{{0xac, 0x02}, 2, true, 300},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		 10,
		 true,
		 UINT64_MAX},
		/* 65 bits; an eleventh byte; the last byte is missing; nothing there. */
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10, false, 0},
		{{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, 11, false, 0},
		{{0x80, 0x80}, 2, false, 0},
		{{0}, 0, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cursor c = cursor_make(cases[i].bytes, cases[i].len);
		uint64_t value = cursor_uvarint(&c);

		if (value != cases[i].value || cursor_ok(&c) != cases[i].ok ||
		    (cases[i].ok && cursor_left(&c)))
			fail_msg("case %zu gave %llu", i, (unsigned long long)value);
	}
}

/* On the heap and without a NUL behind, so that the sanitizer sees a byte too many. */
static void strings_end_inside(void **state)
{
	char *bytes = memcpy(malloc(6), "ab\0\0cd", 6);
	struct cursor c = cursor_make(bytes, 6);

	(void)state;
	assert_string_equal(cursor_cstr(&c), "ab");
	assert_string_equal(cursor_cstr(&c), "");
	assert_null(cursor_cstr(&c));
	assert_false(cursor_ok(&c));
	free(bytes);
}

static void names_end_inside(void **state)
{
	char *bytes = memcpy(malloc(6), "a\0bcde", 6);
	struct cursor c = cursor_make(bytes, 6);
	struct name_table t;

	(void)state;
	t = name_table_make(&c);
	assert_string_equal(name_table_at(&t, 0), "a");
	assert_string_equal(name_table_at(&t, 1), "");
	assert_null(name_table_at(&t, 2));
	assert_null(name_table_at(&t, UINT64_MAX));

	bytes[1] = 'x';
	t = name_table_make(&c);
	assert_null(name_table_at(&t, 0));
	c.failed = true;
	t = name_table_make(&c);
	assert_null(name_table_at(&t, 0));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_little_endian), cmocka_unit_test(fails_for_good),
		cmocka_unit_test(reads_signed_leb128), cmocka_unit_test(seeks_within),
		cmocka_unit_test(cuts_out_parts),      cmocka_unit_test(varints),
		cmocka_unit_test(strings_end_inside),  cmocka_unit_test(names_end_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
