// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Lines of /proc/PID/maps, the awkward ones among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/maps.h"

static void parse(const char *text, struct memory_maps *maps)
{
	__auto_file FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(f);
	assert_int_equal(memory_maps_parse(f, maps), 0);
}

static void test_lines(void **state)
{
	struct memory_maps maps;

	(void)state;
	parse("00400000-00500000 r-xp 00002000 fd:01 1234    /usr/bin/with space\n"
	      "00500000-00600000 rw-p 00000000 00:00 0 \n"
	      "c000000000-c000400000 rw-p 00000000 00:00 0      [anon: Go: heap]\n"
	      "7f0000000000-7f0000001000 r-xp 00000000 103:02 99 /lib/libc.so.6 (deleted)\n"
	      "not a mapping at all\n"
	      "7f0000001000-7f0000002000 r-xp 00000000 00:00 0  [vdso]",
	      &maps);
	assert_int_equal(maps.n, 5);
	assert_string_equal(maps.maps[0].path, "/usr/bin/with space");
	assert_int_equal(maps.maps[0].offset, 0x2000);
	assert_int_equal(maps.maps[0].inode, 1234);
	assert_true(maps.maps[0].executable);
	assert_string_equal(maps.maps[1].path, "");
	assert_false(maps.maps[1].executable);
	assert_string_equal(maps.maps[2].path, "[anon: Go: heap]");
	assert_int_equal(maps.maps[3].device, makedev(0x103, 2));
	assert_string_equal(maps.maps[3].path, "/lib/libc.so.6 (deleted)");
	assert_string_equal(maps.maps[4].path, "[vdso]");

	/* Both ends of a range, and the gaps around it. */
	assert_null(memory_maps_at(&maps, 0x3fffff));
	assert_ptr_equal(memory_maps_at(&maps, 0x400000), &maps.maps[0]);
	assert_ptr_equal(memory_maps_at(&maps, 0x4fffff), &maps.maps[0]);
	assert_ptr_equal(memory_maps_at(&maps, 0x500000), &maps.maps[1]);
	assert_null(memory_maps_at(&maps, 0x600000));
	assert_null(memory_maps_at(&maps, UINT64_MAX));
	memory_maps_free(&maps);
}

static void test_own(void **state)
{
	const struct memory_map *map;
	struct memory_maps maps;
	int fd;

	(void)state;
	assert_int_equal(memory_maps_read(getpid(), &maps), 0);
	map = memory_maps_at(&maps, (uintptr_t)test_own);
	assert_non_null(map);
	assert_true(map->executable);
	fd = memory_map_open(getpid(), map);
	assert_true(fd >= 0);
	close(fd);
	memory_maps_free(&maps);
	assert_int_equal(memory_maps_read(0x7fffffff, &maps), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
