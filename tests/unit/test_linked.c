// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The test's own libraries: what its dynamic loader has mapped is the oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "binary/elf_needed.h"
#include "session/linked.h"

struct found {
	VEC(ino_t) inodes;
	int stop_after;
};

static int take(void *ctx, struct file *file)
{
	struct found *f = ctx;

	assert_int_equal(vec_push(&f->inodes, file->inode), 0);
	return f->stop_after && f->inodes.n == (size_t)f->stop_after ? -EINTR : 0;
}

static int how_often(const struct found *f, const char *path)
{
	struct stat st;
	int n = 0;

	assert_int_equal(stat(path, &st), 0);
	vec_for_each (&f->inodes, inode)
		n += *inode == st.st_ino;
	return n;
}

static int check_loaded(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	/* The program itself has no name, the vdso no file. */
	if (*info->dlpi_name == '/')
		assert_int_equal(how_often(ctx, info->dlpi_name), 1);
	return 0;
}

static void what_the_loader_maps_is_found(void **state)
{
	struct files *files = files_new(0, NULL);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct file *own = files_of_fd(files, fd, "/tests/test_linked");
	struct found all = {0}, one = {.stop_after = 1};

	(void)state;
	assert_non_null(own);
	assert_int_equal(linked_each(files, getpid(), own, take, &all), 0);
	assert_true(all.inodes.n > 5);
	dl_iterate_phdr(check_loaded, &all);
	assert_int_equal(linked_each(files, getpid(), own, take, &one), -EINTR);
	assert_int_equal(one.inodes.n, 1);
	/* Nobody by that number: no libraries. */
	assert_int_equal(linked_each(files, 0x7fffffff, own, take, &one), 0);
	assert_int_equal(one.inodes.n, 1);
	vec_free(&all.inodes);
	vec_free(&one.inodes);
	close(fd);
	files_free(files);
}

static void what_is_needed_is_read(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_file *own = elf_file_open_fd(fd, "own");
	struct elf_needed needed;
	bool libc = false;

	(void)state;
	assert_non_null(own);
	elf_needed_read(&needed, own);
	assert_non_null(needed.loader);
	assert_int_equal(*needed.loader, '/');
	for (size_t i = 0; i < needed.n; i++)
		libc |= !strncmp(needed.names[i], "libc.", 5);
	assert_true(libc);
	elf_file_free(own);
	close(fd);
}

static void allocators_are_found_by_name(void **state)
{
	struct files *files = files_new(0, NULL);
	struct found found = {0};

	(void)state;
	assert_int_equal(linked_each_allocator(files, take, &found), 0);
	/* glibc's own, at least, where there is a cache at all. */
	if (!access("/etc/ld.so.cache", R_OK))
		assert_true(found.inodes.n > 0);
	vec_free(&found.inodes);
	files_free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_loader_maps_is_found),
		cmocka_unit_test(what_is_needed_is_read),
		cmocka_unit_test(allocators_are_found_by_name),
	};

	return cmocka_run_group_tests_name("linked", tests, NULL, NULL);
}
