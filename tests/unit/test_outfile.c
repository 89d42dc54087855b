// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/outfile.h"
#include "capture.h"

struct folder {
	char path[64];
	char file[80];
};

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/test_outfile.XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	snprintf(f->file, sizeof(f->file), "%s/out.txt", f->path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct folder *f = *state;

	unlink(f->file);
	rmdir(f->path);
	free(f);
	return 0;
}

static size_t files_in(const char *path)
{
	__auto_dir DIR *dir = opendir(path);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	return n;
}

static void check_content(const char *path, const char *expected)
{
	__auto_file FILE *f = fopen(path, "re");
	char buf[64] = "";

	assert_non_null(f);
	assert_int_equal(fread(buf, 1, sizeof(buf) - 1, f), strlen(expected));
	assert_string_equal(buf, expected);
}

static void put_file(const char *path, const char *text)
{
	struct outfile *f = outfile_open(path);

	assert_non_null(f);
	fputs(text, outfile_stream(f));
	assert_int_equal(outfile_commit(f), 0);
}

/* Runs @run; what it says meanwhile is returned in @said. */
static int quietly(int (*run)(const char *path), const char *path, char *said, size_t size)
{
	struct capture c = capture_begin();
	int err = run(path);

	capture_end(&c, said, size);
	return err;
}

static void a_file_appears_whole(void **state)
{
	const struct folder *dir = *state;
	struct outfile *f = outfile_open(dir->file);
	mode_t mask = umask(0);
	struct stat st;

	umask(mask);
	assert_non_null(f);
	fputs("hello", outfile_stream(f));
	fflush(outfile_stream(f));
	assert_int_equal(access(dir->file, F_OK), -1);
	assert_int_equal(outfile_commit(f), 0);
	check_content(dir->file, "hello");
	assert_int_equal(stat(dir->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
	assert_int_equal(files_in(dir->path), 1);
}

static void an_old_file_is_replaced_or_kept(void **state)
{
	const struct folder *dir = *state;
	struct outfile *f;

	put_file(dir->file, "old");
	f = outfile_open(dir->file);
	assert_non_null(f);
	fputs("new", outfile_stream(f));
	outfile_abort(f);
	check_content(dir->file, "old");
	assert_int_equal(files_in(dir->path), 1);
	put_file(dir->file, "new");
	check_content(dir->file, "new");
	assert_int_equal(files_in(dir->path), 1);
	outfile_abort(NULL);
}

static int open_it(const char *path)
{
	struct outfile *f = outfile_open(path);
	int err = f ? 0 : -errno;

	outfile_abort(f);
	return err;
}

static void what_cannot_be_written_is_said_once(void **state)
{
	const struct folder *dir = *state;
	char path[128], said[512], expected[512];

	assert_int_equal(quietly(outfile_check, dir->path, said, sizeof(said)), -EISDIR);
	snprintf(expected, sizeof(expected), "alloctap: %s: is a directory: name a file in it\n",
		 dir->path);
	assert_string_equal(said, expected);

	snprintf(path, sizeof(path), "%s/no/such.txt", dir->path);
	assert_int_equal(quietly(outfile_check, path, said, sizeof(said)), -ENOENT);
	snprintf(expected, sizeof(expected), "alloctap: %s: no such folder %s/no: make it first\n",
		 path, dir->path);
	assert_string_equal(said, expected);

	assert_int_equal(quietly(open_it, path, said, sizeof(said)), -ENOENT);
	snprintf(expected, sizeof(expected),
		 "alloctap: %s: cannot be written: No such file or directory\n", path);
	assert_string_equal(said, expected);

	assert_int_equal(quietly(outfile_check, dir->file, said, sizeof(said)), 0);
	assert_int_equal(quietly(outfile_check, "-", said, sizeof(said)), 0);
	assert_int_equal(quietly(outfile_check, "plain-name", said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

static int write_little(const char *path)
{
	struct outfile *f = outfile_open(path);

	if (!f)
		return -errno;
	fputs("x", outfile_stream(f));
	return outfile_commit(f);
}

static int write_much(const char *path)
{
	static const char block[1 << 16];
	struct outfile *f = outfile_open(path);

	if (!f)
		return -errno;
	for (int i = 0; i < 32; i++)
		fwrite(block, 1, sizeof(block), outfile_stream(f));
	return outfile_commit(f);
}

static void a_full_disk_is_a_failure(void **state)
{
	const char *expected = "alloctap: /dev/full: cannot be written: No space left on device\n";
	char said[512];

	(void)state;
	assert_int_equal(quietly(write_little, "/dev/full", said, sizeof(said)), -ENOSPC);
	assert_string_equal(said, expected);
	assert_int_equal(quietly(write_much, "/dev/full", said, sizeof(said)), -ENOSPC);
	assert_string_equal(said, expected);
	/* A device is written in place: still there, still a device. */
	assert_int_equal(write_little("/dev/null"), 0);
}

static void stdout_is_written_and_stays_open(void **state)
{
	const struct folder *dir = *state;
	int saved = dup(STDOUT_FILENO);
	int fd = open(dir->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	put_file("-", "first ");
	put_file("-", "second");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	check_content(dir->file, "first second");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_appears_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(an_old_file_is_replaced_or_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_said_once, setup,
						teardown),
		cmocka_unit_test(a_full_disk_is_a_failure),
		cmocka_unit_test_setup_teardown(stdout_is_written_and_stays_open, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
