// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Three conventions of GNU tools (gdb's manual, "Separate Debug Files"; dwz(1)):
 *
 *	ROOT/.build-id/ab/cdef.debug	for a file with the build ID abcdef
 *	.gnu_debuglink			a name and a CRC-32, looked for beside the file, in
 *					.debug beside it, and in ROOT/its directory
 *	.gnu_debugaltlink		a path and a build ID: what dwz took out of several
 *					debug files because they share it
 *
 * The last two are names that stand in a target's file, so they are opened with care:
 * only regular files, and only those that prove to be the right ones.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "binary/debug_file.h"

#define MAX_BUILD_ID 64
/* No debug file is larger; each byte is read once for a checksum. */
#define MAX_SUMMED (4ull << 30)

/* Merely opening a device can do something to it: looked at first, then opened. */
static int open_regular(const char *path)
{
	__auto_close int place = open(path, O_PATH | O_CLOEXEC);
	char self[32];
	struct stat st;
	int fd;

	if (place < 0 || fstat(place, &st) || !S_ISREG(st.st_mode))
		return -ENOENT;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -ENOENT : fd;
}

static bool has_build_id(int fd, const char *build_id)
{
	struct elf_file *f = elf_file_open_fd(fd, "");
	bool same = f && *build_id && !strcmp(elf_file_build_id(f), build_id);

	elf_file_free(f);
	return same;
}

static bool has_checksum(int fd, uint32_t crc)
{
	struct stat st;
	bool same;
	void *data;

	if (fstat(fd, &st) || !st.st_size || (uint64_t)st.st_size > MAX_SUMMED)
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	same = crc32_z(0, data, (size_t)st.st_size) == crc;
	munmap(data, (size_t)st.st_size);
	return same;
}

/* What a candidate must prove. */
struct proof {
	const char *build_id; /* in hex, "" if none */
	bool has_crc;
	uint32_t crc;
};

/* Opens @path, which may be NULL for want of memory, if it is what was looked for. */
static int open_proven(const char *path, const struct proof *proof)
{
	int fd = path ? open_regular(path) : -ENOMEM;

	if (fd < 0 || has_build_id(fd, proof->build_id) ||
	    (proof->has_crc && has_checksum(fd, proof->crc)))
		return fd;
	close(fd);
	return -ENOENT;
}

__attribute__((format(printf, 3, 4))) static int try_open(const struct proof *proof, char **found,
							  const char *fmt, ...)
{
	char *path = NULL;
	va_list ap;
	int fd;

	va_start(ap, fmt);
	if (vasprintf(&path, fmt, ap) < 0)
		path = NULL;
	va_end(ap);
	fd = open_proven(path, proof);
	if (fd >= 0)
		*found = path;
	else
		free(path);
	return fd;
}

static int open_by_build_id(const char *build_id, const char *root, char **found)
{
	struct proof proof = {.build_id = build_id};

	if (strlen(build_id) < 4)
		return -ENOENT;
	return try_open(&proof, found, "%s/.build-id/%.2s/%s.debug", root, build_id, build_id + 2);
}

/* Of "/usr/bin/x" the "/usr/bin", of "/x" nothing. */
static int directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path) : 0;
}

static int open_by_link(const struct elf_file *f, const char *path, const char *root, char **found)
{
	const struct elf_section *section = elf_file_section(f, ".gnu_debuglink");
	struct proof proof = {.build_id = elf_file_build_id(f), .has_crc = true};
	struct cursor c;
	const char *name;
	int fd, n = directory_length(path);

	if (!section)
		return -ENOENT;
	c = elf_file_section_bytes(f, section);
	name = cursor_cstr(&c);
	cursor_seek(&c, (c.pos + 3) & ~(size_t)3);
	proof.crc = cursor_u32(&c);
	if (!cursor_ok(&c) || !*name || strchr(name, '/'))
		return -ENOENT;
	fd = try_open(&proof, found, "%.*s/%s", n, path, name);
	if (fd == -ENOENT)
		fd = try_open(&proof, found, "%.*s/.debug/%s", n, path, name);
	if (fd == -ENOENT)
		fd = try_open(&proof, found, "%s%.*s/%s", root, n, path, name);
	return fd;
}

int debug_file_open(const struct elf_file *f, const char *path, const char *root, char **found)
{
	int fd = open_by_build_id(elf_file_build_id(f), root, found);

	return fd == -ENOENT ? open_by_link(f, path, root, found) : fd;
}

int debug_file_open_alt(const struct elf_file *f, const char *path, const char *root)
{
	const struct elf_section *section = elf_file_section(f, ".gnu_debugaltlink");
	char build_id[2 * MAX_BUILD_ID + 1] = "";
	struct proof proof = {.build_id = build_id};
	__auto_free char *found = NULL;
	struct cursor c;
	const char *name;
	int fd;

	if (!section)
		return -ENODATA;
	c = elf_file_section_bytes(f, section);
	name = cursor_cstr(&c);
	if (!name || cursor_left(&c) > MAX_BUILD_ID)
		return -ENOENT;
	for (char *to = build_id; cursor_left(&c); to += 2)
		sprintf(to, "%02x", cursor_u8(&c));
	fd = open_by_build_id(build_id, root, &found);
	if (fd != -ENOENT)
		return fd;
	if (*name == '/')
		return try_open(&proof, &found, "%s", name);
	return try_open(&proof, &found, "%.*s/%s", directory_length(path), path, name);
}

int debug_file_fetch(const char *build_id)
{
	void *library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	void *(*begin)(void) = NULL;
	int (*find)(void *client, const char *id, int len, char **path) = NULL;
	void (*end)(void *client) = NULL;
	void *client;
	int fd;

	if (!library)
		return -ENOSYS;
	*(void **)&begin = dlsym(library, "debuginfod_begin");
	*(void **)&find = dlsym(library, "debuginfod_find_debuginfo");
	*(void **)&end = dlsym(library, "debuginfod_end");
	client = begin && find && end ? begin() : NULL;
	fd = client ? find(client, build_id, 0, NULL) : -ENOSYS;
	if (client)
		end(client);
	dlclose(library);
	if (fd >= 0 && !has_build_id(fd, build_id)) {
		close(fd);
		return -EBADMSG;
	}
	return fd;
}
