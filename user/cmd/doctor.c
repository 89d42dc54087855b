// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What would be tapped here, what not, and why: nothing is attached to find out.
 * Of a process each file that it runs code of is looked at as record does it.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "binary/elf_symbols.h"
#include "binary/go_binary.h"
#include "cmd/commands.h"
#include "cmd/doctor_host.h"
#include "probe/native_inlined.h"
#include "probe/native_plan.h"
#include "probe/return_guard.h"
#include "target/emulator.h"
#include "target/maps.h"
#include "target/process.h"

/* All that a native program can be tapped for. */
#define KINDS_NATIVE                                                                        \
	(1u << KIND_ALLOC | 1u << KIND_MAP_INSERT | 1u << KIND_MAP_GROW | 1u << KIND_MMAP | \
	 1u << KIND_MUNMAP | 1u << KIND_MREMAP | 1u << KIND_BRK)

#define MAX_PLACES_TEXT 512
/* More are not told of. */
#define MAX_CUSTOM 64

struct patient {
	struct native_request request;
	FILE *out;
	struct memory_maps maps;
	struct elf_file *exe;
	bool is_go;
	bool custom_found[MAX_CUSTOM];
	size_t allocating, stepped; /* probes, of all files */
	size_t files, without_rows, without_debug;
	const char *without_rows_path, *without_debug_path; /* of the first */
};

static bool is_first_of_reason(const struct native_plan *plan, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (!strcmp(plan->skipped[k].why, plan->skipped[i].why))
			return false;
	}
	return true;
}

/* One line for each reason: those that go on as others are of no interest one by one. */
static void print_skipped(const struct patient *p, const struct native_plan *plan)
{
	for (size_t i = 0; i < plan->n_skipped; i++) {
		char symbol[NATIVE_SYMBOL_TEXT];
		size_t n = 0;

		if (!is_first_of_reason(plan, i))
			continue;
		for (size_t k = i; k < plan->n_skipped; k++)
			n += !strcmp(plan->skipped[k].why, plan->skipped[i].why);
		fprintf(p->out, "  not tapped: %s",
			native_symbol_text(plan->skipped[i].symbol, symbol, sizeof(symbol)));
		if (n > 1)
			fprintf(p->out, " and %zu more", n - 1);
		fprintf(p->out, ": %s\n", plan->skipped[i].why);
	}
}

static void note_custom(struct patient *p, const char *symbol)
{
	size_t len = strcspn(symbol, "@");

	for (size_t i = 0; i < p->request.n_custom && i < MAX_CUSTOM; i++) {
		const char *custom = p->request.custom[i].symbol;

		if (strlen(custom) == len && !strncmp(custom, symbol, len))
			p->custom_found[i] = true;
	}
}

static void print_inlined(struct patient *p, const struct native_inlined *in)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct native_inlined_function *f = &in->functions[i];
		char symbol[NATIVE_SYMBOL_TEXT], places[MAX_PLACES_TEXT];

		fprintf(p->out, "  inlined: %s at %" PRIu64 " place%s, not counted there: %s\n",
			native_symbol_text(f->name, symbol, sizeof(symbol)), f->copies,
			f->copies == 1 ? "" : "s",
			native_inlined_places(f, places, sizeof(places)));
		note_custom(p, f->name);
	}
	if (in->cut)
		fprintf(p->out, "  inlined: there may be more: its debug information is larger "
				"than what is looked through\n");
}

/* What no probe can see. @head: the file's table was not printed yet. */
static int look_for_inlined(struct patient *p, const struct elf_file *elf, int fd, const char *path,
			    bool head)
{
	struct native_inlined in;
	int err = native_inlined_find(&in, elf, fd, &p->request, NATIVE_INLINED_THOROUGHLY);

	if (in.untold && p->without_debug++ == 0)
		p->without_debug_path = path;
	if (!err && (in.n || in.cut)) {
		if (head)
			fprintf(p->out, "\n%s\n", path);
		print_inlined(p, &in);
	}
	native_inlined_free(&in);
	return err;
}

static int look_at_file(struct patient *p, const struct elf_file *elf, int fd, const char *path)
{
	struct native_plan plan;
	int err = native_plan_file(&plan, path, elf, &p->request);

	if (err)
		return err;
	p->files++;
	if (!elf_file_section(elf, ".eh_frame") && p->without_rows++ == 0)
		p->without_rows_path = path;
	for (size_t i = 0; i < plan.n; i++) {
		p->allocating += plan.probes[i].kind == KIND_ALLOC;
		/* Of pages there are few calls, and only on demand. */
		p->stepped += plan.probes[i].point.stepped && plan.probes[i].kind < KIND_MMAP;
		note_custom(p, plan.probes[i].symbol);
	}
	for (size_t i = 0; i < plan.n_skipped; i++)
		note_custom(p, plan.skipped[i].symbol);
	if (plan.n || plan.n_skipped) {
		fputc('\n', p->out);
		native_plan_print(&plan, path, p->out);
		print_skipped(p, &plan);
	}
	err = look_for_inlined(p, elf, fd, path, !plan.n && !plan.n_skipped);
	native_plan_free(&plan);
	return err;
}

/* A file has a mapping for each kind of access; of its code it has one, as a rule. */
static bool was_seen(const struct memory_maps *maps, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (maps->maps[k].executable && maps->maps[k].inode == maps->maps[i].inode &&
		    maps->maps[k].device == maps->maps[i].device)
			return true;
	}
	return false;
}

static int look_at_mapping(struct patient *p, pid_t pid, const struct memory_map *map)
{
	__auto_close int fd = memory_map_open(pid, map);
	struct elf_file *elf = fd >= 0 ? elf_file_open_fd(fd, map->path) : NULL;
	int err;

	if (!elf) {
		fprintf(p->out, "\n%s\n  cannot be read: %s\n", map->path,
			fd < 0 ? strerror(-fd) : elf_file_error(errno));
		return 0;
	}
	err = look_at_file(p, elf, fd, map->path);
	elf_file_free(elf);
	return err;
}

static int look_at_mappings(struct patient *p, pid_t pid)
{
	int err = 0;

	for (size_t i = 0; i < p->maps.n && !err; i++) {
		const struct memory_map *map = &p->maps.maps[i];

		if (map->executable && map->inode && *map->path && !was_seen(&p->maps, i))
			err = look_at_mapping(p, pid, map);
	}
	return err;
}

static void describe_runtime(struct patient *p)
{
	const char *why = NULL;
	struct go_binary *go = go_binary_open(p->exe, &why);

	p->is_go = go != NULL;
	if (go)
		doctor_line(p->out, "runtime",
			    "%s: tapped by its own functions; those below with --probe native",
			    go_binary_version(go)->text);
	else if (errno == ENOTSUP)
		doctor_line(p->out, "runtime", "%s", why);
	go_binary_free(go);
}

static void describe_emulator(const struct patient *p, const char *exe)
{
	const char *name = emulator_name(exe);

	if (name)
		doctor_line(p->out, "tapped",
			    "no: it runs its program under %s, to which a probe is fatal", name);
}

static void describe_live(const struct patient *p, pid_t pid)
{
	const char *how = "yes";

	if (p->is_go)
		how = "no: return probes would crash a Go program";
	else if (!return_guard_allows(pid))
		how = "no: it filters its system calls (seccomp), and this kernel may kill it for "
		      "a return probe";
	doctor_line(p->out, "--live", "%s", how);
}

static void describe_stacks(const struct patient *p)
{
	if (!p->without_rows)
		doctor_line(p->out, "stacks", "whole: each of its %zu files has unwind tables",
			    p->files);
	else
		doctor_line(p->out, "stacks",
			    "by frame pointers in %zu of %zu files, %s%s: no .eh_frame there",
			    p->without_rows, p->files, p->without_rows_path,
			    p->without_rows > 1 ? " first" : "");
}

static void describe_inlined(const struct patient *p)
{
	if (p->without_debug)
		doctor_line(p->out, "inlined",
			    "cannot be told of %zu of %zu files, %s%s: no debug information there",
			    p->without_debug, p->files, p->without_debug_path,
			    p->without_debug > 1 ? " first" : "");
	else
		doctor_line(p->out, "inlined", "all of its %zu files tell: no more than said above",
			    p->files);
}

/* Why has it nothing that allocates? */
static void describe_nothing(const struct patient *p)
{
	const char *name = elf_file_name(p->exe);
	bool is_static = !elf_file_section(p->exe, ".interp");
	bool is_named = !elf_symbols_are_stripped(p->exe);

	if (elf_file_machine(p->exe) != EM_X86_64)
		doctor_line(p->out, "allocators", "none: %s is not of x86-64", name);
	else if (is_static && !is_named)
		doctor_line(
			p->out, "allocators",
			"none found: %s is static and stripped, nothing in it has a name; use a "
			"build with its symbols",
			name);
	else if (is_static)
		doctor_line(p->out, "allocators",
			    "none found: %s is static and has none that we know; name its own with "
			    "--allocator",
			    name);
	else
		doctor_line(p->out, "allocators",
			    "none found in its files; name its own with --allocator");
}

static void describe_cost(const struct patient *p)
{
	if (!p->allocating)
		describe_nothing(p);
	else if (p->stepped)
		doctor_line(p->out, "probes",
			    "%zu stepped: about 6 us a hit, where emulated ones take 0.6",
			    p->stepped);
	else
		doctor_line(p->out, "probes", "all emulated: about 0.6 us a hit");
}

/* Home-made allocators that were asked for and are not there. */
static void describe_custom(const struct patient *p)
{
	for (size_t i = 0; i < p->request.n_custom && i < MAX_CUSTOM; i++) {
		if (!p->custom_found[i])
			doctor_line(p->out, "--allocator", "%s: no file of it has such a function",
				    p->request.custom[i].symbol);
	}
}

static int examine(struct patient *p, const struct process *process)
{
	pid_t pid = process_pid(process);
	int err = memory_maps_read(pid, &p->maps);

	if (err) {
		log_error("pid %d: its memory map cannot be read: %s", pid,
			  err == -ESRCH ? "it has ended" : "need CAP_SYS_PTRACE");
		return err;
	}
	p->exe = elf_file_open_fd(process_exe_fd(process), process_exe(process));
	if (!p->exe) {
		err = -errno;
		log_error("pid %d: %s: %s", pid, process_exe(process), elf_file_error(-err));
		return err;
	}
	fprintf(p->out, "\n%s (pid %d), %s\n", process_comm(process), pid, process_exe(process));
	describe_runtime(p);
	describe_emulator(p, process_exe(process));
	describe_live(p, pid);
	err = look_at_mappings(p, pid);
	if (err)
		return err;
	fputc('\n', p->out);
	describe_cost(p);
	describe_custom(p);
	describe_inlined(p);
	describe_stacks(p);
	return p->allocating || p->is_go ? 0 : -ENOENT;
}

static bool examine_pid(const struct options *o, pid_t pid)
{
	struct process *process = process_open(pid);
	struct patient p = {
		.request = {.kinds = KINDS_NATIVE,
			    .live = true,
			    .custom = o->session.custom,
			    .n_custom = o->session.n_custom},
		.out = stdout,
	};
	int err;

	if (!process)
		return false;
	err = examine(&p, process);
	elf_file_free(p.exe);
	memory_maps_free(&p.maps);
	process_free(process);
	return !err;
}

int cmd_doctor(const struct options *o)
{
	bool ok;

	if (o->n_operands) {
		log_error("%s: unexpected: doctor takes -p PID, or nothing", o->operands[0]);
		return EXIT_USAGE;
	}
	printf("this machine\n");
	ok = doctor_host(stdout);
	vec_for_each (&o->pids, pid)
		ok = examine_pid(o, *pid) && ok;
	return ok ? EXIT_OK : EXIT_UNTRACEABLE;
}
