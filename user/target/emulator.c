// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "target/emulator.h"

/* Of code for x86: only that has probes. */
static const struct {
	const char *path, *name;
} emulators[] = {
	/* "valgrind" begins one of its tools: /usr/libexec/valgrind/memcheck-amd64-linux */
	{"*/valgrind/*-amd64-linux", "valgrind"},
	/* Of user mode: qemu-system-x86_64 has a kernel of its own to run. */
	{"*/qemu-x86_64", "qemu-user"},
	{"*/qemu-x86_64-static", "qemu-user"},
};

const char *emulator_name(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(emulators); i++) {
		if (!fnmatch(emulators[i].path, path, 0))
			return emulators[i].name;
	}
	return NULL;
}

const char *emulator_of_fd(int fd)
{
	__auto_free char *path = path_of_fd(fd);

	return path ? emulator_name(path) : NULL;
}

const char *emulator_of_process(pid_t pid)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	return emulator_name(path);
}
