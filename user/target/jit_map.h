/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where a process writes the names of code it compiles: /tmp/perf-PID.map, with the
 * /tmp that it sees and the PID that it thinks it has. The directory is kept open, so
 * the file can be read when the process, and its mount namespace, have gone.
 */
#ifndef ALLOCTAP_TARGET_JIT_MAP_H
#define ALLOCTAP_TARGET_JIT_MAP_H

#include <sys/types.h>

struct jit_map {
	int directory;
	char name[32];
};

/* 0 or -errno, nothing printed; then @m->directory is -1. Close with jit_map_close(). */
int jit_map_find(pid_t pid, struct jit_map *m);
/* An fd, or -errno: -ENOENT where there is no such file, or it is no regular one. */
int jit_map_open(const struct jit_map *m);
void jit_map_close(struct jit_map *m);

#endif
