// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "session/gc_finder.h"
#include "session/tap.h"

struct noted_map {
	struct memory_map map; /* path is ours */
	int fd;
};

struct tap {
	struct process *process;
	char name[64];
	struct elf_file *elf;
	struct go_binary *go;
	struct probe_plan plan;
	VEC(struct noted_map) maps;
	/* Opened at the start: after an exec it still is the memory of the program we tap. */
	int memory;
	bool placed;   /* bias is known */
	uint64_t bias; /* of addresses in the process to those in the file */
	struct type_range in_file;
	bool types_missing; /* the file's were looked for in vain */
	struct target_types *types;
	/* Of another runtime: then there is no go. */
	struct usdt_plan usdt;
	int usdt_fd;
	char *usdt_file;
	char usdt_version[64];
};

static int open_binary(struct tap *t)
{
	t->elf = elf_file_open_fd(process_exe_fd(t->process), process_exe(t->process));
	if (!t->elf) {
		int err = -errno;

		log_error("%s: %s: %s", t->name, process_exe(t->process), elf_file_error(-err));
		return err;
	}
	return 0;
}

static int look_at_files(struct tap *t, struct gc_finder *f)
{
	int err = 0;

	vec_for_each (&t->maps, m) {
		if (!err && m->fd >= 0)
			err = gc_finder_look(f, m->fd, m->map.path);
	}
	return err ? err : gc_finder_look_beside(f, t->process);
}

/* Does the program name a library that a runtime keeps its collector in? */
static bool wants_runtime_library(const struct tap *t)
{
	const struct elf_section *s = elf_file_section(t->elf, ".dynstr");
	struct cursor names = s ? elf_file_section_bytes(t->elf, s) : cursor_make("", 0);
	const char *name;

	while (cursor_left(&names) && (name = cursor_cstr(&names))) {
		if (!strncmp(name, "lib", 3) && gc_runtime_of_file(name))
			return true;
	}
	return false;
}

/* A program that is not Go, which go_binary_open() refused with @err, saying @why. */
static int find_other_runtime(struct tap *t, const char *why, int err)
{
	struct gc_finder f;
	int looked;

	gc_finder_init(&f, t->name);
	looked = look_at_files(t, &f);
	if (!looked && f.fd >= 0) {
		t->usdt = f.plan;
		t->usdt_fd = f.fd;
		t->usdt_file = f.path;
		snprintf(t->usdt_version, sizeof(t->usdt_version), "%s", f.version);
		err = 0;
	} else if (looked) {
		err = looked;
	} else if (f.without_probes && f.n_without_probes == 1 && wants_runtime_library(t)) {
		log_error("%s: %s keeps its garbage collector in a library that is not loaded yet: "
			  "start it, then tap it with -p",
			  t->name, process_exe(t->process));
	} else if (f.without_probes) {
		log_error("%s: %s: this %s has no static probes that tell of its garbage "
			  "collections: %s",
			  t->name, f.without_probes_path ? f.without_probes_path : "",
			  f.without_probes->label, f.without_probes->remedy);
	} else {
		log_error("%s: %s: %s", t->name, process_exe(t->process), why);
	}
	gc_finder_done(&f);
	return err;
}

static int plan_probes(struct tap *t, unsigned int kinds)
{
	const char *why = NULL;

	t->go = go_binary_open(t->elf, &why);
	if (t->go)
		return probe_plan_go(&t->plan, t->name, t->elf, t->go, kinds);
	return find_other_runtime(t, why, -errno);
}

static void find_types(struct tap *t)
{
	uint64_t entry, first, end;

	t->placed = !process_entry(t->process, &entry);
	if (t->placed)
		t->bias = entry - elf_file_entry(t->elf);
	if (!t->placed || !go_binary_types(t->go, &first, &end)) {
		log_warn("%s: its types cannot be found: they get no names", t->name);
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

	snprintf(path, sizeof(path), "/proc/%d/mem", process_pid(t->process));
	t->memory = open(path, O_RDONLY | O_CLOEXEC);
	if (t->memory < 0)
		log_debug("%s: its memory cannot be read: %s", t->name, strerror(errno));
}

struct tap *tap_new(struct process *process, unsigned int kinds)
{
	struct tap *t = calloc(1, sizeof(*t));
	int err;

	if (!t) {
		process_free(process);
		return NULL;
	}
	t->process = process;
	t->memory = -1;
	snprintf(t->name, sizeof(t->name), "pid %d (%s)", process_pid(process),
		 process_comm(process));
	t->usdt_fd = -1;
	err = open_binary(t);
	if (!err) {
		err = tap_note_mappings(t);
		if (err)
			log_error("%s: its memory map cannot be read: %s", t->name,
				  err == -ESRCH ? "it has ended" : "need CAP_SYS_PTRACE");
	}
	if (!err)
		err = plan_probes(t, kinds);
	if (!err && t->go) {
		open_memory(t);
		find_types(t);
	}
	if (!err)
		return t;
	tap_free(t);
	errno = -err;
	return NULL;
}

void tap_free(struct tap *t)
{
	if (!t)
		return;
	vec_for_each (&t->maps, m) {
		free(m->map.path);
		if (m->fd >= 0)
			close(m->fd);
	}
	vec_free(&t->maps);
	target_types_free(t->types);
	if (t->memory >= 0)
		close(t->memory);
	probe_plan_free(&t->plan);
	usdt_plan_free(&t->usdt);
	if (t->usdt_fd >= 0)
		close(t->usdt_fd);
	free(t->usdt_file);
	go_binary_free(t->go);
	elf_file_free(t->elf);
	process_free(t->process);
	free(t);
}

const struct process *tap_process(const struct tap *t)
{
	return t->process;
}

const struct probe_plan *tap_plan(const struct tap *t)
{
	return &t->plan;
}

uint64_t tap_gc_controller(const struct tap *t)
{
	return t->plan.gc_controller && t->placed ? t->plan.gc_controller + t->bias : 0;
}

const char *tap_name(const struct tap *t)
{
	return t->name;
}

const struct usdt_plan *tap_usdt_plan(const struct tap *t)
{
	return t->usdt.runtime ? &t->usdt : NULL;
}

int tap_usdt_fd(const struct tap *t)
{
	return t->usdt_fd;
}

const char *tap_usdt_file(const struct tap *t)
{
	return t->usdt_file;
}

const char *tap_runtime(const struct tap *t)
{
	return t->go ? "go" : t->usdt.runtime->id;
}

const char *tap_version(const struct tap *t)
{
	return t->go ? go_binary_version(t->go)->text : t->usdt_version;
}

int tap_go_minor(const struct tap *t)
{
	return t->go ? go_binary_version(t->go)->minor : 0;
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

	if (t->types || t->types_missing)
		return t->types;
	types = go_types_new(t->elf, t->go, t->bias);
	t->types = types ? target_types_new(types, t->memory, b) : NULL;
	t->types_missing = !t->types;
	return t->types;
}

static bool is_noted(const struct tap *t, const struct memory_map *map)
{
	vec_for_each (&t->maps, m) {
		if (m->map.start == map->start && m->map.inode == map->inode &&
		    m->map.device == map->device)
			return true;
	}
	return false;
}

static int note_mapping(struct tap *t, const struct memory_map *map)
{
	struct noted_map noted = {.map = *map};
	int err;

	noted.map.path = strdup(map->path);
	if (!noted.map.path)
		return -ENOMEM;
	noted.fd = memory_map_open(process_pid(t->process), map);
	if (noted.fd < 0)
		log_debug("%s: %s cannot be opened: its frames get no names", t->name, map->path);
	err = vec_push(&t->maps, noted);
	if (err) {
		free(noted.map.path);
		if (noted.fd >= 0)
			close(noted.fd);
	}
	return err;
}

int tap_note_mappings(struct tap *t)
{
	struct memory_maps maps;
	struct stat exe;
	int err = memory_maps_read(process_pid(t->process), &maps);

	if (err)
		return err;
	if (fstat(process_exe_fd(t->process), &exe))
		exe.st_ino = 0;
	/* The program's own file first: readers of pprof expect it there. */
	for (int own = 1; own >= 0 && !err; own--) {
		for (size_t i = 0; i < maps.n && !err; i++) {
			const struct memory_map *map = &maps.maps[i];

			if (map->executable && *map->path &&
			    (map->inode == exe.st_ino) == (own == 1) && !is_noted(t, map))
				err = note_mapping(t, map);
		}
	}
	memory_maps_free(&maps);
	return err;
}

int tap_add_mappings(const struct tap *t, struct symbolizer *s, uint32_t target)
{
	int err = 0;

	vec_for_each (&t->maps, m) {
		if (!err)
			err = symbolizer_add_mapping(s, target, &m->map, m->fd);
	}
	return err;
}
