// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "target/emulator.h"

static void test_names(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{"/usr/libexec/valgrind/memcheck-amd64-linux", "valgrind"},
		{"/usr/lib/x86_64-linux-gnu/valgrind/massif-amd64-linux", "valgrind"},
		{"/usr/bin/qemu-x86_64", "qemu-user"},
		{"/usr/bin/qemu-x86_64-static", "qemu-user"},
		/* begins a tool, by exec */
		{"/usr/bin/valgrind.bin", NULL},
		{"/usr/libexec/valgrind/memcheck-x86-linux", NULL},
		{"/usr/bin/qemu-system-x86_64", NULL},
		{"/usr/bin/qemu-aarch64", NULL},
		{"/usr/sbin/nginx", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *name = emulator_name(cases[i].path);

		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
}

static void test_of_what_runs(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_null(emulator_of_fd(fd));
	close(fd);
	assert_null(emulator_of_fd(fd));
	assert_null(emulator_of_process(getpid()));
	/* no process has that number */
	assert_null(emulator_of_process(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_of_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
