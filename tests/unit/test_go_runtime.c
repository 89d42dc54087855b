// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "probe/go_runtime.h"

static uint16_t fine[GO_SIZE_TABLE], coarse[GO_SIZE_TABLE];

/* The look-up of bpf/go.bpf.c. */
static unsigned int slot(unsigned int size)
{
	return size <= GO_SIZE_FINE_MAX ? fine[(size + 7) / 8] : coarse[(size - 1024 + 127) / 128];
}

static void test_size_classes(void **state)
{
	/* runtime/sizeclasses.go: requests and the classes they get. */
	static const unsigned int known[][2] = {
		{1, 8},        {8, 8},         {9, 16},        {16, 16},       {17, 24},
		{33, 48},      {65, 80},       {257, 288},     {1016, 1024},   {1017, 1024},
		{1024, 1024},  {1025, 1152},   {1153, 1280},   {2305, 2688},   {9473, 9728},
		{9729, 10240}, {27265, 28672}, {32760, 32768}, {32768, 32768},
	};

	(void)state;
	go_size_tables(fine, coarse);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(slot(known[i][0]), known[i][1]);
	for (unsigned int size = 1; size <= 32768; size++) {
		assert_true(slot(size) >= size);
		assert_true(size == 1 || slot(size) >= slot(size - 1));
	}
}

static void test_versions(void **state)
{
	(void)state;
	assert_null(go_runtime_find(GO_MINOR_MIN - 1));
	for (int minor = GO_MINOR_MIN; minor <= go_runtime_newest(); minor++) {
		const struct go_runtime *r = go_runtime_find(minor);

		assert_non_null(r);
		assert_int_equal(r->minor, minor);
		assert_true(r->layout.known);
		assert_int_equal(r->layout.malloc_header_above, minor >= 22 ? 512 : 0);
		/* 6.5 entries a bucket; runtime/map.go of 1.21 computes 6. */
		assert_int_equal(r->layout.map_load, minor == 21 ? 12 : 13);
	}
	assert_null(go_runtime_find(go_runtime_newest() + 1));
}

/* Each way of allocating has functions, and none is listed twice for one of them. */
static void test_functions(void **state)
{
	static const unsigned int kinds[] = {GO_MALLOC_WHOLE, GO_MALLOC_SPLIT,
					     GO_MALLOC_SPECIALISED};

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		size_t allocs = 0;

		for (size_t i = 0; i < n_go_functions; i++) {
			if (!(go_functions[i].when & kinds[k]))
				continue;
			allocs += go_functions[i].kind == KIND_ALLOC;
			assert_int_equal(go_functions[i].kind == KIND_MAP_GROW,
					 go_functions[i].growth != GROWTH_NONE);
			for (size_t j = 0; j < i; j++) {
				if (go_functions[j].when & kinds[k])
					assert_string_not_equal(go_functions[i].name,
								go_functions[j].name);
			}
		}
		assert_true(allocs > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_classes),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_functions),
	};

	return cmocka_run_group_tests_name("go_runtime", tests, NULL, NULL);
}
