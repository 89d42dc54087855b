// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "session/gc_finder.h"

void gc_finder_init(struct gc_finder *f, const char *name)
{
	*f = (struct gc_finder){.name = name, .fd = -1};
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "CPython 3.11" of libpython3.11.so.1.0: the file's name is all that tells it. */
static void name_version(struct gc_finder *f, const char *path)
{
	const char *digits = base_name(path);
	size_t n;

	digits += strcspn(digits, "0123456789");
	n = strspn(digits, "0123456789.");
	while (n && digits[n - 1] == '.')
		n--;
	snprintf(f->version, sizeof(f->version), "%s%s%.*s", f->plan.runtime->label, n ? " " : "",
		 (int)n, digits);
}

static int take_found(struct gc_finder *f, int fd, const char *path)
{
	f->path = strdup(path);
	f->fd = f->path ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (f->fd < 0) {
		int err = f->path ? -errno : -ENOMEM;

		free(f->path);
		f->path = NULL;
		usdt_plan_free(&f->plan);
		log_error("%s: %s: %s", f->name, path, strerror(-err));
		return err;
	}
	name_version(f, path);
	return 0;
}

int gc_finder_look(struct gc_finder *f, int fd, const char *path)
{
	const struct gc_runtime *runtime = gc_runtime_of_file(path);
	struct elf_file *elf = f->fd < 0 ? elf_file_open_fd(fd, path) : NULL;
	int err;

	if (!elf)
		return 0; /* found already; or a file of some other kind */
	err = usdt_plan_make(&f->plan, f->name, elf);
	elf_file_free(elf);
	if (!err)
		return take_found(f, fd, path);
	if (err != -ENOENT)
		return err;
	f->n_without_probes += runtime != NULL;
	if (runtime && !f->without_probes) {
		f->without_probes = runtime;
		f->without_probes_path = strdup(path);
	}
	return 0;
}

int gc_finder_look_beside(struct gc_finder *f, const struct process *p)
{
	const char *exe = process_exe(p);
	const struct gc_runtime *runtime;
	int err = 0;

	for (size_t i = 0; !err && f->fd < 0 && (runtime = gc_runtime_at(i)); i++) {
		__auto_free char *path = NULL;
		__auto_close int fd = -1;

		if (!runtime->beside)
			continue;
		if (asprintf(&path, "/proc/%d/root%.*s%s", process_pid(p),
			     (int)(base_name(exe) - exe), exe, runtime->beside) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0)
			err = gc_finder_look(f, fd, path);
	}
	return err;
}

void gc_finder_done(struct gc_finder *f)
{
	free(f->without_probes_path);
	f->without_probes_path = NULL;
}
