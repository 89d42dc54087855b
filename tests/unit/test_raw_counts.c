// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/raw_counts.h"

/* Many keys drained many times: each is added up on its own, and the totals with them. */
static void test_counts(void **state)
{
	struct raw_counts r = {0};
	const uint64_t n = 5000, drains = 3;

	(void)state;
	for (uint64_t d = 0; d < drains; d++) {
		for (uint64_t i = 0; i < n; i++) {
			struct count_key key = {.stack = i / 2 + 1, .target = 7, .kind = i % 2};
			struct count_value v = {.objects = i + 1, .bytes = 2 * i, .requested = i};

			assert_int_equal(raw_counts_add(&r, &key, &v), 0);
		}
	}
	assert_int_equal(r.counts.n, n);
	for (uint64_t i = 0; i < n; i++) {
		assert_int_equal(r.counts.data[i].value.objects, drains * (i + 1));
		assert_int_equal(r.counts.data[i].value.bytes, drains * 2 * i);
	}
	assert_int_equal(r.totals[KIND_ALLOC].objects + r.totals[KIND_MAP_INSERT].objects,
			 drains * n * (n + 1) / 2);
	raw_counts_free(&r);
}

/* What a map held at most is no sum. */
static void test_entries(void **state)
{
	static const uint64_t seen[] = {3, 9, 9, 4};
	struct count_key key = {.stack = 1, .type = 0x1000, .kind = KIND_MAP_INSERT};
	struct raw_counts r = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		struct count_value v = {.objects = 2, .entries = seen[i]};

		assert_int_equal(raw_counts_add(&r, &key, &v), 0);
	}
	assert_int_equal(r.counts.n, 1);
	assert_int_equal(r.counts.data[0].value.objects, 8);
	assert_int_equal(r.counts.data[0].value.entries, 9);
	/* Of another type, or grown another way, it is another count. */
	key.type = 0x2000;
	assert_int_equal(raw_counts_add(&r, &key, &(struct count_value){.objects = 1}), 0);
	key.kind = KIND_MAP_GROW;
	for (unsigned int how = 0; how < GROWTH_MAX; how++) {
		key.detail = GROWTH_DETAIL(how, 10, 0xfffffe);
		assert_int_equal(GROWTH_HOW(key.detail), how);
		assert_int_equal(GROWTH_LEVEL(key.detail), 10);
		assert_int_equal(GROWTH_MAP(key.detail), 0xfffffe);
		assert_int_equal(raw_counts_add(&r, &key, &(struct count_value){.objects = 1}), 0);
	}
	assert_int_equal(r.counts.n, 2 + GROWTH_MAX);
	raw_counts_free(&r);
}

static void test_stacks(void **state)
{
	struct raw_counts r = {0};
	struct stack_value s = {.n = 3, .flags = STACK_BROKEN, .ips = {10, 20, 30}};
	struct stack_value other = {.n = 1, .ips = {99}};
	const struct raw_stack *found;

	(void)state;
	assert_int_equal(raw_counts_add_stack(&r, 42, &s), 0);
	assert_int_equal(raw_counts_add_stack(&r, 43, &other), 0);
	/* Known already: what was drained first stays. */
	assert_int_equal(raw_counts_add_stack(&r, 42, &other), 0);
	assert_int_equal(r.stacks.n, 2);
	found = raw_counts_stack(&r, 42);
	assert_non_null(found);
	assert_int_equal(found->n, 3);
	assert_int_equal(found->flags, STACK_BROKEN);
	assert_int_equal(r.ips.data[found->first + 2], 30);
	assert_null(raw_counts_stack(&r, 44));
	raw_counts_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests_name("raw_counts", tests, NULL, NULL);
}
