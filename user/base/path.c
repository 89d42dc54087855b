// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"

char *path_of_fd(int fd)
{
	char self[32], *path;
	ssize_t n;

	path = malloc(PATH_MAX);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = path ? readlink(self, path, PATH_MAX - 1) : -1;
	if (n >= 0)
		path[n] = 0;
	else if (path)
		*path = 0;
	return path;
}
