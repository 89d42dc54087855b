/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What one target has, and had, mapped executable. Nothing is forgotten when it is
 * unmapped: addresses seen before are named at the end.
 */
#ifndef ALLOCTAP_SESSION_MAPPINGS_H
#define ALLOCTAP_SESSION_MAPPINGS_H

#include "base/vec.h"
#include "profile/symbolize.h"
#include "session/files.h"

struct unwind;

struct noted_map {
	struct memory_map map; /* path is the file's */
	struct file *file;
};

struct mappings {
	VEC(struct noted_map) maps;
	VEC(struct file *) files; /* each once, in the order they came */
};

/* Zero-initialised is empty. */
void mappings_free(struct mappings *m);
/*
 * Notes what process @pid has mapped now, the mappings of the program's own file (of
 * @own_inode) first, and where @unwind is not NULL publishes it there. A process that has
 * become another program must not be asked. 0 or -errno, nothing printed.
 */
int mappings_update(struct mappings *m, struct files *files, pid_t pid, uint64_t own_inode,
		    struct unwind *unwind);
/* One more, of a process that may have gone already. 0 or -errno. */
int mappings_note(struct mappings *m, struct files *files, pid_t pid, const struct memory_map *map);
/* All that @from had. 0 or -ENOMEM. */
int mappings_copy(struct mappings *m, const struct mappings *from);
/* Gives all to @s. 0 or -errno. */
int mappings_give(const struct mappings *m, struct symbolizer *s, uint32_t target);

#endif
