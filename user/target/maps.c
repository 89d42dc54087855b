// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Lines as the kernel writes them, the awkward ones among them:
 *
 *	55d0c0a00000-55d0c0a22000 r-xp 00002000 fd:01 1234    /usr/bin/with space
 *	7f0000000000-7f0000021000 rw-p 00000000 00:00 0
 *	7f0000100000-7f0000200000 r-xp 00000000 fd:01 99      /lib/libc.so.6 (deleted)
 *	c000000000-c000400000 rw-p 00000000 00:00 0           [anon: Go: heap]
 *	7ffd0b1f2000-7ffd0b1f4000 r-xp 00000000 00:00 0       [vdso]
 *
 * Newlines in a path arrive as \012, so that a line is always a mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "target/maps.h"

static int parse_line(char *line, struct memory_map *map)
{
	unsigned long long start, end, offset, inode;
	unsigned int major_no, minor_no;
	char perms[8];
	int path_at = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu %n", &start, &end, perms, &offset,
		   &major_no, &minor_no, &inode, &path_at) < 7 ||
	    !path_at)
		return -EPROTO;
	*map = (struct memory_map){
		.start = start,
		.end = end,
		.offset = offset,
		.device = makedev(major_no, minor_no),
		.inode = inode,
		.executable = strchr(perms, 'x') != NULL,
		.path = strdup(line + path_at),
	};
	return map->path ? 0 : -ENOMEM;
}

int memory_maps_parse(void *stream, struct memory_maps *maps)
{
	__auto_free char *line = NULL;
	size_t size = 0;
	int err;

	*maps = (struct memory_maps){0};
	while (getline(&line, &size, stream) > 0) {
		struct memory_map map;

		err = parse_line(line, &map);
		if (err == -EPROTO)
			continue;
		if (!err) {
			err = vec_grow((void **)&maps->maps, &maps->cap, maps->n + 1, sizeof(map));
			if (err)
				free(map.path);
		}
		if (err) {
			memory_maps_free(maps);
			return err;
		}
		maps->maps[maps->n++] = map;
	}
	return 0;
}

int memory_maps_read(pid_t pid, struct memory_maps *maps)
{
	__auto_file FILE *f = NULL;
	char path[64];

	*maps = (struct memory_maps){0};
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	return memory_maps_parse(f, maps);
}

void memory_maps_free(struct memory_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++)
		free(maps->maps[i].path);
	free(maps->maps);
	*maps = (struct memory_maps){0};
}

const struct memory_map *memory_maps_at(const struct memory_maps *maps, uint64_t address)
{
	size_t lo = 0, hi = maps->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (maps->maps[mid].end <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < maps->n && maps->maps[lo].start <= address ? &maps->maps[lo] : NULL;
}

int memory_map_open(pid_t pid, const struct memory_map *map)
{
	char path[64];
	int fd;

	if (!map->inode)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)map->start, (unsigned long long)map->end);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		/* map_files wants CAP_CHECKPOINT_RESTORE; the path usually does as well. */
		__auto_free char *in_root = NULL;

		if (asprintf(&in_root, "/proc/%d/root%s", pid, map->path) < 0)
			return -ENOMEM;
		fd = open(in_root, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}
