/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The keeper of an exec gate: what runs in its process, and how the two talk. */
#ifndef ALLOCTAP_TARGET_EXEC_KEEPER_H
#define ALLOCTAP_TARGET_EXEC_KEEPER_H

#include "target/exec_gate.h"

/* To us, with the file: somebody is held. */
struct keeper_held {
	uint32_t id;
	int32_t pid;
	uint64_t since_ns;
};

/* To the keeper: @id may go on. 0: watch the file system of the file that comes with it. */
struct keeper_order {
	uint32_t id;
};

/* Socket messages that carry a file, or with @fd -1 none. 0 or -errno. */
int keeper_send(int sock, const void *data, size_t size, int fd);
/* Bytes received, 0: the other side has ended; -errno, -EAGAIN: nothing is there. */
ssize_t keeper_receive(int sock, void *data, size_t size, int *fd);
/* Adds the file system of @fd to what @group is asked about. 0 or -errno. */
int keeper_mark(int group, int fd);

/* Until the other side of @sock ends. */
void keeper_run(int group, int sock, exec_wanted_fn wanted, void *ctx);

#endif
