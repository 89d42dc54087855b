// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeds.h"
#include "target/ld_cache.h"

static int list(void *ctx, const char *name, const char *path)
{
	char *text = ctx;

	snprintf(text + strlen(text), 1024 - strlen(text), "%s %s\n", name, path);
	return 0;
}

static int read_seed(const char *name, char *text)
{
	struct seed seed = seed_load("ld_cache", name);
	int err;

	*text = 0;
	err = ld_cache_each(seed.data, seed.len, list, text);
	free(seed.data);
	return err;
}

/* In the cache's order; those for another machine are left out. */
static void libraries_are_listed(void **state)
{
	static const char *const seeds[] = {"good", "compat"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_seed(seeds[i], text), 0);
		assert_string_equal(text, "libc.so.6 /lib/glibc-hwcaps/x86-64-v3/libc.so.6\n"
					  "libc.so.6 /lib/libc.so.6\n"
					  "libjemalloc.so.2 /lib/libjemalloc.so.2\n");
	}
	assert_int_equal(read_seed("empty", text), 0);
	assert_string_equal(text, "");
}

static void damage_is_told(void **state)
{
	static const char *const seeds[] = {"cut", "many", "outside", "endless"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(read_seed(seeds[i], text), -EBADMSG);
	assert_int_equal(ld_cache_each("no cache", 8, list, text), -EBADMSG);
	assert_int_equal(ld_cache_each(NULL, 0, list, text), -EBADMSG);
}

static int stop(void *ctx, const char *name, const char *path)
{
	(void)name;
	(void)path;
	++*(int *)ctx;
	return 42;
}

static void who_asks_may_stop(void **state)
{
	struct seed seed = seed_load("ld_cache", "good");
	int calls = 0;

	(void)state;
	assert_int_equal(ld_cache_each(seed.data, seed.len, stop, &calls), 42);
	assert_int_equal(calls, 1);
	free(seed.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libraries_are_listed),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(who_asks_may_stop),
	};

	return cmocka_run_group_tests_name("ld_cache", tests, NULL, NULL);
}
