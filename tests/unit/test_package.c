// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "target/package.h"

static char folder[] = "/tmp/test_package.XXXXXX";

static const struct {
	const char *name, *text;
} lists[] = {
	{"libfoo1:amd64.list", "/.\n/usr\n/usr/lib/libfoo.so.1.2\n/usr/lib/libfoo.so.1\n"},
	{"g++-12.list", "/usr/bin/g++-12\n"},
	{"libc6:amd64.list", "/lib/x86_64-linux-gnu/libc.so.6\n"},
	{"libfoo1:amd64.md5sums", "/usr/bin/only-here\n"},
	{"empty.list", ""},
};

static int make_lists(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char path[256];
		__auto_file FILE *f = NULL;

		snprintf(path, sizeof(path), "%s/%s", folder, lists[i].name);
		f = fopen(path, "w");
		if (!f || fputs(lists[i].text, f) < 0)
			return -1;
	}
	return 0;
}

static int remove_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s", folder, lists[i].name);
		unlink(path);
	}
	return rmdir(folder);
}

static void assert_package(const char *path, const char *package)
{
	char name[64] = "";

	assert_int_equal(package_of_file(folder, path, name, sizeof(name)), package ? 0 : -ENOENT);
	assert_string_equal(name, package ? package : "");
}

static void packages_are_found(void **state)
{
	(void)state;
	assert_package("/usr/lib/libfoo.so.1", "libfoo1");
	assert_package("/usr/lib/libfoo.so.1.2", "libfoo1");
	assert_package("/usr/bin/g++-12", "g++-12");
	/* Where it was before /lib became a link. */
	assert_package("/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6");
}

static void whole_lines_count(void **state)
{
	(void)state;
	assert_package("/usr/lib/libfoo.so", NULL);
	assert_package("lib/libfoo.so.1", NULL);
	assert_package("/usr/bin/only-here", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_are_found),
		cmocka_unit_test(whole_lines_count),
	};

	return cmocka_run_group_tests(tests, make_lists, remove_lists);
}
