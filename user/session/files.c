// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A file is known by device and inode. Some file systems (overlayfs, btrfs) show one
 * device in mappings and another to stat(2): a file of the same inode number and path
 * is taken for the same too, because probes put in twice count everything twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/vec.h"
#include "probe/native_inlined.h"
#include "session/files.h"

/* Files that are looked through for inlined allocators, 0.1 s each at most. */
#define MAX_SAID 32

struct files {
	VEC(struct file *) files;
	struct intern index; /* by inode */
	unsigned int kinds;
	const struct native_request *request;
};

struct files *files_new(unsigned int kinds, const struct native_request *request)
{
	struct files *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->kinds = kinds;
	f->request = request;
	return f;
}

static void file_free(struct file *file)
{
	if (!file)
		return;
	native_plan_free(&file->native);
	usdt_plan_free(&file->usdt);
	probe_plan_free(&file->go_plan);
	go_binary_free(file->go);
	elf_file_free(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}

void files_free(struct files *f)
{
	if (!f)
		return;
	vec_for_each (&f->files, file)
		file_free(*file);
	vec_free(&f->files);
	intern_free(&f->index);
	free(f);
}

struct wanted {
	uint64_t device, inode;
	const char *path;
};

static bool same_file(const void *ctx, uint32_t id, const void *key)
{
	const struct files *f = ctx;
	const struct file *file = f->files.data[id];
	const struct wanted *w = key;

	/* What has no file has no inode: only its name tells the vdso from anonymous memory. */
	return file->inode == w->inode &&
	       ((w->inode && file->device == w->device) || !strcmp(file->path, w->path));
}

static struct file *find(const struct files *f, const struct wanted *w)
{
	uint32_t id =
		intern_find(&f->index, hash_bytes(&w->inode, sizeof(w->inode), 0), same_file, f, w);

	return id == INTERN_NONE ? NULL : f->files.data[id];
}

/* What is in it that any process which maps it can use. */
static int recognise(const struct files *f, struct file *file)
{
	int err = 0;

	file->elf = elf_file_open_fd(file->fd, file->path);
	if (!file->elf) {
		file->elf_err = -errno;
		return 0;
	}
	if (f->kinds & 1u << KIND_GC_ASSIST)
		err = usdt_plan_make(&file->usdt, file->path, file->elf);
	if (err == -ENOENT || err == -ENOTSUP)
		err = 0;
	if (!err && f->request)
		err = native_plan_file(&file->native, file->path, file->elf, f->request);
	return err;
}

/*
 * The file of a mapping, from the process or, where that has gone, by its name: as long as
 * that still is the same file. An fd, or -1.
 */
static int open_mapped(pid_t pid, const struct memory_map *map)
{
	int fd = memory_map_open(pid, map);
	struct stat st;

	if (fd >= 0 || !map->inode)
		return fd < 0 ? -1 : fd;
	fd = open(map->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || (!fstat(fd, &st) && st.st_ino == map->inode && st.st_dev == map->device))
		return fd;
	close(fd);
	return -1;
}

/* Takes @fd over. */
static struct file *add(struct files *f, const struct wanted *w, int fd)
{
	struct file *file = calloc(1, sizeof(*file));
	uint64_t hash = hash_bytes(&w->inode, sizeof(w->inode), 0);
	int err = -ENOMEM;

	if (file) {
		*file = (struct file){.device = w->device, .inode = w->inode, .fd = fd};
		file->layout = -1;
		file->path = strdup(w->path);
		err = file->path ? 0 : -ENOMEM;
	} else if (fd >= 0) {
		close(fd);
	}
	if (!err && fd >= 0)
		err = recognise(f, file);
	if (!err)
		err = intern_add(&f->index, hash, (uint32_t)f->files.n);
	if (!err)
		err = vec_push(&f->files, file);
	if (!err)
		return file;
	file_free(file);
	errno = -err;
	return NULL;
}

struct file *files_of_map(struct files *f, pid_t pid, const struct memory_map *map)
{
	struct wanted w = {map->device, map->inode, map->path};
	struct file *file = find(f, &w);
	int fd;

	if (file && (file->fd >= 0 || !map->inode))
		return file;
	fd = open_mapped(pid, map);
	if (fd < 0)
		log_debug("pid %d: %s cannot be opened: its frames get no names", pid, map->path);
	if (!file)
		return add(f, &w, fd);
	/* It could not be opened for a process that had gone. */
	file->fd = fd;
	if (fd >= 0 && recognise(f, file))
		return NULL;
	return file;
}

struct file *files_of_fd(struct files *f, int fd, const char *path)
{
	struct wanted w = {.path = path};
	struct file *file;
	struct stat st;
	int own;

	if (fstat(fd, &st))
		return NULL;
	w.device = st.st_dev;
	w.inode = st.st_ino;
	file = find(f, &w);
	if (file)
		return file;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return own < 0 ? NULL : add(f, &w, own);
}

int files_look_for_go(struct files *f, struct file *file, const char *name)
{
	if (file->looked_for_go || !file->elf)
		return 0;
	file->looked_for_go = true;
	file->go = go_binary_open(file->elf, &file->not_go);
	file->go_err = file->go ? 0 : -errno;
	return file->go ? probe_plan_go(&file->go_plan, name, file->elf, file->go, f->kinds) : 0;
}

size_t files_count(const struct files *f)
{
	return f->files.n;
}

static void say_inlined(const struct file *file, const struct native_request *request)
{
	struct native_inlined in;
	int err = native_inlined_find(&in, file->elf, file->fd, request, NATIVE_INLINED_BRIEFLY);
	char places[256], more[64] = "";

	if (in.n > 1)
		snprintf(more, sizeof(more), "; so are %zu more, see doctor", in.n - 1);
	if (!err && in.n)
		log_warn("%s: %s is inlined and not counted at %" PRIu64 " place%s: %s%s",
			 file->path, in.functions[0].name, in.functions[0].copies,
			 in.functions[0].copies == 1 ? "" : "s",
			 native_inlined_places(&in.functions[0], places, sizeof(places)), more);
	native_inlined_free(&in);
}

void files_say_inlined(const struct files *f)
{
	size_t said = 0;

	vec_for_each (&f->files, each) {
		const struct file *file = *each;

		/* As quick as nothing where there is no debug information in it. */
		if (f->request && file->elf && elf_file_section(file->elf, ".debug_info") &&
		    said++ < MAX_SAID)
			say_inlined(file, f->request);
	}
}
