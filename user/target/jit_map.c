// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "target/jit_map.h"

/* The PID in the innermost of its PID namespaces, the last one of "NSpid:"; 0: not known. */
static pid_t innermost_pid(pid_t pid)
{
	char path[32], line[256];
	__auto_file FILE *f = NULL;
	int inner = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		const char *last;

		if (strncmp(line, "NSpid:", 6) != 0)
			continue;
		last = strrchr(line, '\t');
		return last && sscanf(last, "%d", &inner) == 1 ? inner : 0;
	}
	return 0;
}

int jit_map_find(pid_t pid, struct jit_map *m)
{
	pid_t inner = innermost_pid(pid);
	char path[32];

	m->directory = -1;
	if (!inner)
		return -ESRCH;
	snprintf(m->name, sizeof(m->name), "perf-%d.map", inner);
	snprintf(path, sizeof(path), "/proc/%d/root/tmp", pid);
	m->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return m->directory < 0 ? -errno : 0;
}

int jit_map_open(const struct jit_map *m)
{
	struct stat st;
	int fd;

	if (m->directory < 0)
		return -ENOENT;
	/* Anybody may put anything into /tmp: a link is not followed, a FIFO not waited for. */
	fd = openat(m->directory, m->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

void jit_map_close(struct jit_map *m)
{
	if (m->directory >= 0)
		close(m->directory);
	m->directory = -1;
}
