// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "target/package.h"

/* Is @path a whole line of @text? */
static bool has_line(const char *text, size_t len, const char *path)
{
	size_t n = strlen(path);
	const char *at = text, *end = text + len;

	while ((at = memmem(at, (size_t)(end - at), path, n))) {
		if ((at == text || at[-1] == '\n') && (at + n == end || at[n] == '\n'))
			return true;
		at += n;
	}
	return false;
}

/* Packages list files where they were before /lib became a link to /usr/lib, or after. */
static bool lists(const char *text, size_t len, const char *path)
{
	return has_line(text, len, path) ||
	       (!strncmp(path, "/usr/lib", 8) && has_line(text, len, path + 4));
}

static bool list_has(int folder, const char *name, const char *path)
{
	__auto_close int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool found;
	void *text;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return false;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return false;
	found = lists(text, (size_t)st.st_size, path);
	munmap(text, (size_t)st.st_size);
	return found;
}

int package_of_file(const char *folder, const char *path, char *name, size_t size)
{
	__auto_dir DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *suffix = strrchr(entry->d_name, '.');
		size_t n;

		if (!suffix || strcmp(suffix, ".list") != 0 ||
		    !list_has(dirfd(dir), entry->d_name, path))
			continue;
		/* "libc6:amd64.list", "g++-12.list" */
		n = strcspn(entry->d_name, ":");
		if (entry->d_name + n > suffix)
			n = (size_t)(suffix - entry->d_name);
		snprintf(name, size, "%.*s", (int)n, entry->d_name);
		return 0;
	}
	return -ENOENT;
}
