// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <limits.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "glob.h"
#include "session/selection.h"

static bool comm_matches(const char *pattern, const char *comm)
{
	char p[GLOB_BYTES] = {0}, name[GLOB_BYTES] = {0};

	memcpy(p, pattern, strnlen(pattern, GLOB_BYTES - 1));
	memcpy(name, comm, strnlen(comm, GLOB_BYTES - 1));
	return glob_matches(p, name);
}

/* Cgroup version 2's line of /proc/PID/cgroup: "0::/system.slice/nginx.service". */
static bool is_in_cgroup(const char *directory, pid_t pid)
{
	__auto_file FILE *f = NULL;
	char path[64], line[PATH_MAX + 8], *wanted;
	bool is_in = false;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	f = fopen(path, "re");
	wanted = realpath(directory, NULL);
	while (f && wanted && !is_in && fgets(line, sizeof(line), f)) {
		size_t n;

		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0::", 3) != 0)
			continue;
		/* The mount point is whatever precedes the path: compare from the end of it. */
		for (const char *at = wanted; !is_in && (at = strchr(at, '/')); at++) {
			n = strlen(at);
			is_in = !strncmp(line + 3, at, n) && (!line[3 + n] || line[3 + n] == '/');
		}
	}
	free(wanted);
	return is_in;
}

bool selection_has(const struct session_options *options, const char *comm, pid_t pid)
{
	switch (options->select) {
	case SELECT_ALL:
		return true;
	case SELECT_COMM:
		return comm_matches(options->comm, comm);
	case SELECT_CGROUP:
		return is_in_cgroup(options->cgroup, pid);
	default:
		return false;
	}
}
