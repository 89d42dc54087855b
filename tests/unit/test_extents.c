// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "session/extents.h"

#define ROOM 1000

static void takes_first_fit(void **state)
{
	struct extents e;
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(extents_init(&e, 10), 0);
	assert_int_equal(extents_take(&e, 4, &a), 0);
	assert_int_equal(extents_take(&e, 4, &b), 0);
	assert_int_equal(a, 0);
	assert_int_equal(b, 4);
	assert_int_equal(extents_take(&e, 3, &c), -ENOSPC);
	assert_int_equal(e.used, 8);

	/* The hole in front is taken before the room behind it. */
	assert_int_equal(extents_give(&e, (struct extent){a, 4}), 0);
	assert_int_equal(extents_take(&e, 2, &c), 0);
	assert_int_equal(c, 0);
	/* Six are free, but not next to each other. */
	assert_int_equal(e.used, 6);
	assert_int_equal(extents_take(&e, 3, &c), -ENOSPC);
	assert_int_equal(extents_take(&e, 2, &c), 0);
	assert_int_equal(c, 2);
	assert_int_equal(extents_take(&e, 2, &c), 0);
	assert_int_equal(c, 8);
	assert_int_equal(e.free.n, 0);
	assert_int_equal(extents_take(&e, 1, &c), -ENOSPC);
	extents_free(&e);
}

/* In every order of three neighbours all of the room is one in the end. */
static void joins_neighbours(void **state)
{
	static const uint32_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct extents e;
		uint32_t first;

		assert_int_equal(extents_init(&e, 9), 0);
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(extents_take(&e, 3, &first), 0);
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(extents_give(&e, (struct extent){3 * orders[i][k], 3}), 0);
		assert_int_equal(e.used, 0);
		assert_int_equal(e.free.n, 1);
		assert_int_equal(extents_take(&e, 9, &first), 0);
		assert_int_equal(first, 0);
		extents_free(&e);
	}
}

static void takes_nothing_back(void **state)
{
	struct extents e;

	(void)state;
	assert_int_equal(extents_init(&e, 5), 0);
	assert_int_equal(extents_give(&e, (struct extent){3, 0}), 0);
	assert_int_equal(e.free.n, 1);
	assert_int_equal(e.free.data[0].n, 5);
	extents_free(&e);
}

/* The free ones are by place, do not touch, and with the taken ones make up everything. */
static void check(const struct extents *e, const uint8_t *taken)
{
	uint32_t end = 0, n_taken = 0, n_free = 0;

	for (size_t i = 0; i < e->free.n; i++) {
		const struct extent *x = &e->free.data[i];

		assert_true(x->n && (!i || x->first > end));
		end = x->first + x->n;
		assert_true(end <= ROOM);
		for (uint32_t k = x->first; k < end; k++)
			assert_false(taken[k]);
		n_free += x->n;
	}
	for (uint32_t k = 0; k < ROOM; k++)
		n_taken += taken[k];
	assert_int_equal(n_taken, e->used);
	assert_int_equal(n_taken + n_free, ROOM);
}

/* Against a map of bytes, for 20,000 random steps. */
static void agrees_with_a_simple_one(void **state)
{
	uint8_t taken[ROOM] = {0};
	struct extent held[64] = {0};
	struct extents e;
	uint32_t seed = 1;

	(void)state;
	assert_int_equal(extents_init(&e, ROOM), 0);
	for (int step = 0; step < 20000; step++) {
		struct extent *x;

		seed = seed * 1664525 + 1013904223;
		x = &held[seed >> 26];
		if (x->n) {
			assert_int_equal(extents_give(&e, *x), 0);
			memset(&taken[x->first], 0, x->n);
			x->n = 0;
		} else {
			uint32_t n = (seed >> 8) % 50 + 1, first;

			if (extents_take(&e, n, &first) == 0) {
				for (uint32_t k = first; k < first + n; k++)
					assert_false(taken[k]);
				memset(&taken[first], 1, n);
				*x = (struct extent){first, n};
			} else {
				for (size_t i = 0; i < e.free.n; i++)
					assert_true(e.free.data[i].n < n);
			}
		}
		if (step % 16 == 0)
			check(&e, taken);
	}
	check(&e, taken);
	extents_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_first_fit),
		cmocka_unit_test(joins_neighbours),
		cmocka_unit_test(takes_nothing_back),
		cmocka_unit_test(agrees_with_a_simple_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
