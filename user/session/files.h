/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The files that targets have mapped, each opened and recognised once, however many
 * processes map it. They stay open to the end: names are read then.
 */
#ifndef ALLOCTAP_SESSION_FILES_H
#define ALLOCTAP_SESSION_FILES_H

#include "probe/native_plan.h"
#include "probe/plan.h"
#include "probe/usdt_plan.h"
#include "target/maps.h"

struct probed;

/* A mapped file and what there is in it to tap. */
struct file {
	uint64_t device, inode; /* as mappings have them */
	char *path;             /* as the process that first mapped it sees it */
	int fd;                 /* -1: it cannot be opened */
	struct elf_file *elf;   /* NULL: it is none, or cannot be read */
	int elf_err;            /* ... as elf_file_error() takes it, negative */
	struct native_plan native;
	struct usdt_plan usdt;
	/* Of programs that were asked for as such. */
	struct go_binary *go; /* NULL: it is none */
	const char *not_go;   /* ... because */
	int go_err;
	struct probe_plan go_plan;
	int layout; /* in go_layouts[]; -1: not yet */
	bool looked_for_go;
	struct probed *probed; /* probes for every process that maps it; NULL: not asked yet */
};

struct files;

/*
 * @request is what native functions are planned for, borrowed; NULL: for nothing. NULL
 * with errno ENOMEM.
 */
struct files *files_new(unsigned int kinds, const struct native_request *request);
void files_free(struct files *f);

/*
 * The file behind a mapping of process @pid, of any executable kind. NULL with errno set
 * where memory ran out; one that cannot be opened has no fd.
 */
struct file *files_of_map(struct files *f, pid_t pid, const struct memory_map *map);
/* The same for a file that is open as @fd (borrowed), called @path. */
struct file *files_of_fd(struct files *f, int fd, const char *path);
/*
 * Makes out whether the program is Go, with a plan for its probes; once. 0, also where
 * it is not, or -errno, printed under @name.
 */
int files_look_for_go(struct files *f, struct file *file, const char *name);
size_t files_count(const struct files *f);
/* Warns of copies of tapped functions that no probe saw: a line for each file; doctor has the rest. */
void files_say_inlined(const struct files *f);

#endif
