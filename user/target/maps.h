/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a process has mapped, from /proc/PID/maps. */
#ifndef ALLOCTAP_TARGET_MAPS_H
#define ALLOCTAP_TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct memory_map {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint64_t device, inode;
	bool executable;
	char *path; /* as the process sees it; "[vdso]"; "" if anonymous */
};

struct memory_maps {
	struct memory_map *maps; /* by address */
	size_t n, cap;
};

/* 0 or -errno (-ESRCH gone, -EACCES); nothing printed. Free with memory_maps_free(). */
int memory_maps_read(pid_t pid, struct memory_maps *maps);
/* The same from an open file in that format. */
int memory_maps_parse(void *stream, struct memory_maps *maps);
void memory_maps_free(struct memory_maps *maps);
const struct memory_map *memory_maps_at(const struct memory_maps *maps, uint64_t address);

/*
 * The file behind a mapping, whatever namespace the process lives in and
 * whether or not the file still has a name. An fd, or -errno.
 */
int memory_map_open(pid_t pid, const struct memory_map *map);

#endif
