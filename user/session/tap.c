// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "session/gc_finder.h"
#include "session/mappings.h"
#include "session/tap.h"
#include "target/container.h"
#include "target/emulator.h"
#include "target/jit_map.h"

struct tap {
	struct process *process; /* NULL: it has gone */
	struct files *files;
	pid_t pid;
	char comm[32];
	char *path; /* of the program, as the process sees it */
	char name[64];
	bool quiet; /* why it cannot be tapped is not printed */
	struct mappings mappings;
	struct file *exe;
	uint64_t exe_inode;
	/* Of Go programs. Opened at the start: after an exec it still is the memory we tap. */
	int memory;
	bool placed;   /* bias is known */
	uint64_t bias; /* of addresses in the process to those in the file */
	struct type_range in_file;
	bool types_missing; /* the file's were looked for in vain */
	struct target_types *types;
	/* Of another runtime. */
	struct file *gc;
	char gc_version[64];
	struct jit_map jit;
	int jit_fd; /* of one that has gone; -1: none */
	char container[CONTAINER_ID_BYTES];
};

static void say(const struct tap *t, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct tap *t, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(t->quiet ? LOG_DEBUG : level, fmt, ap);
	va_end(ap);
}

/* The mapped file, as its device may be another than that of the open one. */
static int take_exe(struct tap *t)
{
	vec_for_each (&t->mappings.files, file) {
		if (!t->exe && (*file)->inode == t->exe_inode && (*file)->fd >= 0)
			t->exe = *file;
	}
	if (!t->exe)
		t->exe = files_of_fd(t->files, process_exe_fd(t->process), t->path);
	return t->exe ? 0 : -errno;
}

static int look_at_mappings(struct tap *t)
{
	int err = tap_note_mappings(t, NULL);

	if (err)
		say(t, LOG_ERROR, "%s: its memory map cannot be read: %s", t->name,
		    err == -ESRCH ? "it has ended" : "need CAP_SYS_PTRACE");
	return err ? err : take_exe(t);
}

/* What the program is. Not Go is fine; Go that cannot be read is not. */
static int look_at_program(struct tap *t)
{
	int err;

	if (!t->exe->elf) {
		err = t->exe->elf_err ?: -ENOEXEC;
		say(t, LOG_ERROR, "%s: %s: %s", t->name, t->path, elf_file_error(-err));
		return err;
	}
	err = files_look_for_go(t->files, t->exe, t->name);
	if (!err && !t->exe->go && t->exe->go_err != -ENOEXEC) {
		err = t->exe->go_err;
		say(t, LOG_ERROR, "%s: %s: %s", t->name, t->path, t->exe->not_go);
	}
	return err;
}

static void find_types(struct tap *t)
{
	uint64_t entry, first, end;

	t->placed = !process_entry(t->process, &entry);
	if (t->placed)
		t->bias = entry - elf_file_entry(t->exe->elf);
	if (!t->placed || !go_binary_types(t->exe->go, &first, &end)) {
		say(t, LOG_WARN, "%s: its types cannot be found: they get no names", t->name);
		t->types_missing = true;
		return;
	}
	t->in_file.first = first + t->bias;
	t->in_file.end = end + t->bias;
}

/* Without it the types that reflection makes stay unknown, and nothing else. */
static void open_memory(struct tap *t)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", t->pid);
	t->memory = open(path, O_RDONLY | O_CLOEXEC);
	if (t->memory < 0)
		log_debug("%s: its memory cannot be read: %s", t->name, strerror(errno));
}

static void find_collector(struct tap *t)
{
	if (t->gc || tap_is_go(t) || !t->process)
		return;
	t->gc = gc_finder_look(&t->mappings, t->files, t->process);
	if (t->gc)
		gc_finder_version(t->gc, t->gc_version, sizeof(t->gc_version));
}

static struct tap *new_tap(pid_t pid, const char *comm, const char *path, struct files *files)
{
	struct tap *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->files = files;
	t->pid = pid;
	t->memory = t->jit.directory = t->jit_fd = -1;
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	snprintf(t->name, sizeof(t->name), "pid %d (%s)", pid, comm);
	t->path = strdup(path);
	if (t->path)
		return t;
	tap_free(t);
	errno = ENOMEM;
	return NULL;
}

static int look_at(struct tap *t)
{
	struct stat st;
	int err;

	t->exe_inode = fstat(process_exe_fd(t->process), &st) ? 0 : st.st_ino;
	err = look_at_mappings(t);
	if (!err)
		err = look_at_program(t);
	if (!err && tap_is_go(t)) {
		open_memory(t);
		find_types(t);
	}
	if (err)
		return err;
	find_collector(t);
	jit_map_find(t->pid, &t->jit);
	container_of_process(t->pid, t->container);
	return 0;
}

static struct tap *tap_of(struct process *process, struct files *files, bool quiet)
{
	struct tap *t =
		new_tap(process_pid(process), process_comm(process), process_exe(process), files);
	int err;

	if (!t) {
		process_free(process);
		return NULL;
	}
	t->process = process;
	t->quiet = quiet;
	err = look_at(t);
	if (!err)
		return t;
	tap_free(t);
	errno = -err;
	return NULL;
}

struct tap *tap_new(struct process *process, struct files *files)
{
	return tap_of(process, files, false);
}

struct tap *tap_new_if(struct process *process, struct files *files)
{
	return tap_of(process, files, true);
}

struct tap *tap_new_gone(pid_t pid, const char *comm, struct files *files)
{
	return new_tap(pid, comm, "", files);
}

void tap_release(struct tap *t)
{
	if (!t->process)
		return;
	if (t->types)
		target_types_forget_memory(t->types);
	if (t->memory >= 0)
		close(t->memory);
	t->memory = -1;
	t->jit_fd = jit_map_open(&t->jit);
	jit_map_close(&t->jit);
	process_free(t->process);
	t->process = NULL;
}

void tap_free(struct tap *t)
{
	if (!t)
		return;
	mappings_free(&t->mappings);
	target_types_free(t->types);
	if (t->memory >= 0)
		close(t->memory);
	if (t->jit_fd >= 0)
		close(t->jit_fd);
	jit_map_close(&t->jit);
	process_free(t->process);
	free(t->path);
	free(t);
}

const struct process *tap_process(const struct tap *t)
{
	return t->process;
}

pid_t tap_pid(const struct tap *t)
{
	return t->pid;
}

const char *tap_comm(const struct tap *t)
{
	return t->comm;
}

const char *tap_exe_path(const struct tap *t)
{
	return t->path;
}

const char *tap_emulator(const struct tap *t)
{
	return emulator_name(t->path);
}

const char *tap_container(const struct tap *t)
{
	return t->container;
}

const char *tap_name(const struct tap *t)
{
	return t->name;
}

struct file *tap_exe(const struct tap *t)
{
	return t->exe;
}

bool tap_is_go(const struct tap *t)
{
	return t->exe && t->exe->go;
}

struct file *tap_gc_file(const struct tap *t)
{
	return t->gc;
}

struct file *tap_file_at(const struct tap *t, size_t i)
{
	return i < t->mappings.files.n ? t->mappings.files.data[i] : NULL;
}

bool tap_has_allocator(const struct tap *t)
{
	vec_for_each (&t->mappings.files, file) {
		if ((*file)->native.n)
			return true;
	}
	return false;
}

void tap_say_no_collections(const struct tap *t)
{
	const struct file *file = t->gc ? NULL : gc_finder_without_probes(&t->mappings);
	const struct gc_runtime *runtime = file ? gc_runtime_of_file(file->path) : NULL;

	if (runtime)
		log_warn("%s: %s: this %s has no static probes that tell of its garbage "
			 "collections: %s",
			 t->name, file->path, runtime->label, runtime->remedy);
}

uint64_t tap_gc_controller(const struct tap *t)
{
	uint64_t controller = t->exe->go_plan.gc_controller;

	return controller && t->placed ? controller + t->bias : 0;
}

const char *tap_runtime(const struct tap *t)
{
	if (tap_is_go(t))
		return "go";
	return t->gc ? t->gc->usdt.runtime->id : "native";
}

const char *tap_version(const struct tap *t)
{
	return tap_is_go(t) ? go_binary_version(t->exe->go)->text : t->gc_version;
}

/* Is @family one of the list's names? */
static bool is_listed(const char *list, const char *family)
{
	size_t len = strlen(family);

	for (const char *at = list; (at = strstr(at, family)); at += len) {
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

void tap_allocators(const struct tap *t, char *text, size_t size)
{
	size_t used = 0;

	*text = 0;
	vec_for_each (&t->mappings.files, file) {
		for (size_t i = 0; i < (*file)->native.n; i++) {
			const struct native_planned_probe *p = &(*file)->native.probes[i];

			if (p->kind != KIND_ALLOC || is_listed(text, p->family) ||
			    used + strlen(p->family) + 3 > size)
				continue;
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 p->family);
		}
	}
}

int tap_go_minor(const struct tap *t)
{
	return tap_is_go(t) ? go_binary_version(t->exe->go)->minor : 0;
}

struct type_range tap_type_range(const struct tap *t)
{
	return t->in_file;
}

bool tap_is_in_file(const struct tap *t, uint64_t type)
{
	return type >= t->in_file.first && type < t->in_file.end;
}

struct target_types *tap_types(struct tap *t, struct profile_builder *b)
{
	struct go_types *types;

	if (t->types || t->types_missing || !t->placed || !tap_is_go(t))
		return t->types;
	types = go_types_new(t->exe->elf, t->exe->go, t->bias);
	t->types = types ? target_types_new(types, t->memory, b) : NULL;
	t->types_missing = !t->types;
	return t->types;
}

int tap_note_mappings(struct tap *t, struct unwind *unwind)
{
	int err = mappings_update(&t->mappings, t->files, t->pid, t->exe_inode, unwind);

	if (!err && t->exe)
		find_collector(t);
	return err;
}

int tap_note_mapping(struct tap *t, const struct memory_map *map)
{
	int err = mappings_note(&t->mappings, t->files, t->pid, map);

	if (!err && !t->exe && t->mappings.files.n)
		t->exe = t->mappings.files.data[0];
	return err;
}

int tap_inherit(struct tap *t, const struct tap *parent)
{
	t->exe = parent->exe;
	return mappings_copy(&t->mappings, &parent->mappings);
}

int tap_name_addresses(const struct tap *t, struct symbolizer *s, uint32_t target)
{
	int err = mappings_give(&t->mappings, s, target);
	int fd;

	if (err)
		return err;
	fd = t->jit_fd >= 0 ? fcntl(t->jit_fd, F_DUPFD_CLOEXEC, 0) : jit_map_open(&t->jit);
	if (fd < 0)
		return 0;
	err = symbolizer_add_perf_map(s, target, fd);
	close(fd);
	return err;
}
