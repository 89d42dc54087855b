// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Names of cgroups of containers:
 *
 *	0::/system.slice/docker-<id>.scope
 *	0::/docker/<id>
 *	0::/kubepods.slice/kubepods-pod<uid>.slice/cri-containerd-<id>.scope
 *	0::/kubepods/besteffort/pod<uid>/<id>
 *	0::/kubepods.slice/...slice/crio-<id>.scope
 *	0::/machine.slice/libpod-<id>.scope/container
 *
 * The innermost one that ends in an ID of 64 hex digits is the container's.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/container.h"

#define ID_DIGITS (CONTAINER_ID_BYTES - 1)
/* Lines of cgroup version 1 are a dozen. */
#define TEXT_MAX 16384

static bool ends_name(char c)
{
	return !c || c == '/' || c == '\n' || c == '.';
}

void container_of_cgroup(const char *text, char id[CONTAINER_ID_BYTES])
{
	*id = 0;
	while (*text) {
		size_t n = strspn(text, "0123456789abcdef");

		if (n == ID_DIGITS && ends_name(text[n])) {
			memcpy(id, text, n);
			id[n] = 0;
		}
		text += n ? n : 1;
	}
}

void container_of_process(pid_t pid, char id[CONTAINER_ID_BYTES])
{
	__auto_file FILE *f = NULL;
	char path[64], text[TEXT_MAX];
	size_t n;

	*id = 0;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	container_of_cgroup(text, id);
}
