// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/return_guard.h"

/* Documentation/filesystems/proc.rst: 0 none, 1 strict, 2 filter. */
#define SECCOMP_NONE '0'

bool return_guard_kernel(const char *release)
{
	unsigned int major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return true;
	return major == 6 && minor >= 11 && minor <= 13;
}

bool return_guard_filters(const char *status)
{
	static const char field[] = "\nSeccomp:";
	const char *at = strstr(status, field);

	if (!at)
		return true;
	at += sizeof(field) - 1;
	return at[strspn(at, " \t")] != SECCOMP_NONE;
}

bool return_guard_allows(pid_t pid)
{
	char path[64], status[4096];
	struct utsname name;
	ssize_t n;

	if (!uname(&name) && !return_guard_kernel(name.release))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	__auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (n < 0)
		return false;
	status[n] = '\0';
	return !return_guard_filters(status);
}
