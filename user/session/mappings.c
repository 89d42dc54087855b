// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "session/mappings.h"
#include "session/unwind.h"

void mappings_free(struct mappings *m)
{
	vec_free(&m->maps);
	vec_free(&m->files);
}

/* The one at that address which came last: a library may have taken another's place. */
static const struct noted_map *noted_at(const struct mappings *m, uint64_t start)
{
	for (size_t i = m->maps.n; i-- > 0;) {
		if (m->maps.data[i].map.start == start)
			return &m->maps.data[i];
	}
	return NULL;
}

static int note_file(struct mappings *m, struct file *file)
{
	vec_for_each (&m->files, known) {
		if (*known == file)
			return 0;
	}
	return vec_push(&m->files, file);
}

int mappings_note(struct mappings *m, struct files *files, pid_t pid, const struct memory_map *map)
{
	const struct noted_map *known = noted_at(m, map->start);
	struct noted_map noted = {.map = *map};
	int err;

	if (known && known->map.end == map->end && known->map.inode == map->inode &&
	    known->map.device == map->device)
		return 0;
	noted.file = files_of_map(files, pid, map);
	if (!noted.file)
		return -errno;
	noted.map.path = noted.file->path;
	err = note_file(m, noted.file);
	return err ? err : vec_push(&m->maps, noted);
}

/* What unwind_set_process() asks for files. */
struct opener {
	struct files *files;
	pid_t pid;
	const struct memory_maps *maps;
};

static int open_mapped(void *ctx, const struct unwind_map *map)
{
	const struct opener *o = ctx;
	const struct memory_map *m = memory_maps_at(o->maps, map->start);
	const struct file *file = m ? files_of_map(o->files, o->pid, m) : NULL;
	int fd;

	if (!file)
		return -ENOENT;
	fd = file->fd < 0 ? -1 : fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -ENOENT : fd;
}

static int publish(struct unwind *unwind, struct files *files, pid_t pid,
		   const struct memory_maps *maps)
{
	__auto_free struct unwind_map *list = calloc(maps->n + 1, sizeof(*list));
	struct opener opener = {files, pid, maps};
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < maps->n; i++) {
		const struct memory_map *m = &maps->maps[i];

		if (m->executable)
			list[n++] = (struct unwind_map){m->start, m->end, m->offset, m->path};
	}
	return unwind_set_process(unwind, (uint32_t)pid, list, n, open_mapped, &opener);
}

int mappings_update(struct mappings *m, struct files *files, pid_t pid, uint64_t own_inode,
		    struct unwind *unwind)
{
	struct memory_maps maps;
	int err = memory_maps_read(pid, &maps);

	if (err)
		return err;
	/* Readers of pprof expect the program's own file first. */
	for (int own = 1; own >= 0 && !err; own--) {
		for (size_t i = 0; i < maps.n && !err; i++) {
			const struct memory_map *map = &maps.maps[i];

			if (map->executable && (map->inode == own_inode) == (own == 1))
				err = mappings_note(m, files, pid, map);
		}
	}
	if (!err && unwind)
		err = publish(unwind, files, pid, &maps);
	memory_maps_free(&maps);
	return err;
}

int mappings_copy(struct mappings *m, const struct mappings *from)
{
	int err = 0;

	vec_for_each (&from->maps, noted) {
		if (!err)
			err = vec_push(&m->maps, *noted);
	}
	vec_for_each (&from->files, file) {
		if (!err)
			err = note_file(m, *file);
	}
	return err;
}

int mappings_give(const struct mappings *m, struct symbolizer *s, uint32_t target)
{
	int err = 0;

	vec_for_each (&m->maps, noted) {
		if (!err)
			err = symbolizer_add_mapping(s, target, &noted->map, noted->file->fd);
	}
	return err;
}
