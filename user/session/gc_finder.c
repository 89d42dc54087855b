// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "session/gc_finder.h"

static struct file *look_beside(struct files *files, const struct process *p)
{
	const char *exe = process_exe(p);
	const struct gc_runtime *runtime;
	struct file *found = NULL;

	for (size_t i = 0; !found && (runtime = gc_runtime_at(i)); i++) {
		__auto_free char *path = NULL;
		__auto_close int fd = -1;
		struct file *file;

		if (!runtime->beside)
			continue;
		if (asprintf(&path, "/proc/%d/root%.*s%s", process_pid(p),
			     (int)(path_base(exe) - exe), exe, runtime->beside) < 0) {
			path = NULL;
			return NULL;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		file = fd < 0 ? NULL : files_of_fd(files, fd, path);
		found = file && file->usdt.n ? file : NULL;
	}
	return found;
}

struct file *gc_finder_look(const struct mappings *m, struct files *files, const struct process *p)
{
	vec_for_each (&m->files, file) {
		if ((*file)->usdt.n)
			return *file;
	}
	return look_beside(files, p);
}

const struct file *gc_finder_without_probes(const struct mappings *m)
{
	vec_for_each (&m->files, file) {
		if (gc_runtime_of_file((*file)->path) && !(*file)->usdt.n)
			return *file;
	}
	return NULL;
}

void gc_finder_version(const struct file *file, char *text, size_t size)
{
	const char *digits = path_base(file->path);
	size_t n;

	digits += strcspn(digits, "0123456789");
	n = strspn(digits, "0123456789.");
	while (n && digits[n - 1] == '.')
		n--;
	snprintf(text, size, "%s%s%.*s", file->usdt.runtime->label, n ? " " : "", (int)n, digits);
}
