/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which container a process runs in, as the names of its cgroups tell it. */
#ifndef ALLOCTAP_TARGET_CONTAINER_H
#define ALLOCTAP_TARGET_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

/* 64 hex digits and a NUL. */
#define CONTAINER_ID_BYTES 65

/*
 * What the text of a /proc/PID/cgroup says: the ID, or "" where it names no container.
 * Docker, containerd, CRI-O and podman end a cgroup's name in 64 hex digits.
 */
void container_of_cgroup(const char *text, char id[CONTAINER_ID_BYTES]);
/* The same of a process; "" also where it cannot be read. */
void container_of_process(pid_t pid, char id[CONTAINER_ID_BYTES]);

#endif
