// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/path.h"
#include "session/gate.h"
#include "session/linked.h"
#include "session/selection.h"
#include "target/emulator.h"
#include "target/exec_gate.h"

/* A table is not begun later than that. They take up to 0.3 s (librustc_driver's, libLLVM's). */
#define TABLES_NS (EXEC_HOLD_MAX_NS / 2)

struct gate {
	struct tapper *t;
	struct emulators *emulators;
	VEC(struct file *) mapped; /* by the one that is held */
	struct exec_gate *execs;   /* NULL: nobody is held */
	struct profile_holds holds;
	/* The keeper's: it was a script of the right name, its interpreter comes next. */
	pid_t script;
};

/* --- in the keeper ------------------------------------------------------------------- */

static pid_t parent_of(pid_t pid)
{
	char path[64], line[256];
	__auto_file FILE *f = NULL;
	pid_t parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && !parent && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "PPid:", 5))
			parent = (pid_t)strtol(line + 5, NULL, 10);
	}
	return parent;
}

/* One that was named, or its child's child. Who lost its parent is not found. */
static bool is_descendant(const struct gate *g, pid_t pid)
{
	for (int depth = 0; depth < 64 && pid > 1; depth++) {
		if (targets_by_pid(&g->t->targets, pid))
			return true;
		pid = parent_of(pid);
	}
	return false;
}

/* A process is called as its program is; a script's, as the script, though another runs it. */
static bool will_be_selected(struct gate *g, pid_t pid, const char *path)
{
	char comm[16];

	snprintf(comm, sizeof(comm), "%s", path_base(path));
	if (selection_has(g->t->options, comm, pid)) {
		g->script = pid;
		return true;
	}
	return pid && pid == g->script;
}

static bool is_wanted(void *ctx, pid_t pid, const char *path)
{
	struct gate *g = ctx;

	return g->t->options->select == SELECT_NAMED ? is_descendant(g, pid)
						     : will_be_selected(g, pid, path);
}

/* Emulators are held all the same. */
static bool nothing_is_wanted(void *ctx, pid_t pid, const char *path)
{
	(void)ctx, (void)pid, (void)path;
	return false;
}

/* --- in the session ------------------------------------------------------------------ */

static void say_not_held(const char *reason)
{
	log_warn("programs are not held at their start: %s; what the first process of each does "
		 "until probes are in is not counted",
		 reason);
}

struct gate *gate_new(struct tapper *t, struct emulators *emulators)
{
	exec_wanted_fn wanted = t->options->select == SELECT_ALL ? NULL : is_wanted;
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->t = t;
	g->emulators = emulators;
	if (!t->everywhere)
		return g;
	g->execs = exec_gate_new(t->options->no_hold ? nothing_is_wanted : wanted, g);
	if (!g->execs)
		say_not_held(errno == EPERM ? "need CAP_SYS_ADMIN" : strerror(errno));
	return g;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	gate_close(g);
	vec_free(&g->mapped);
	free(g);
}

void gate_close(struct gate *g)
{
	exec_gate_free(g->execs);
	g->execs = NULL;
}

int gate_fd(const struct gate *g)
{
	return g->execs ? exec_gate_fd(g->execs) : -1;
}

pid_t gate_keeper(const struct gate *g)
{
	return g->execs ? exec_gate_keeper(g->execs) : 0;
}

/* What cannot be tapped is no reason to stop: the process will be told of as any other. */
static int tolerate(int err)
{
	return err == -ENOMEM ? err : 0;
}

static int attach_file(void *ctx, struct file *file)
{
	struct gate *g = ctx;

	if (vec_push(&g->mapped, file))
		return -ENOMEM;
	return tolerate(tapper_attach_file(g->t, file, file->path));
}

int gate_open(struct gate *g)
{
	int err;

	if (!g->execs)
		return 0;
	/* A program that was seen may be made to preload what was not. */
	err = g->t->options->no_hold ? 0 : linked_each_allocator(g->t->files, attach_file, g);
	g->mapped.n = 0;
	if (err == -ENOMEM)
		return err;
	err = exec_gate_open(g->execs);
	if (!err)
		return 0;
	say_not_held(strerror(-err));
	gate_close(g);
	return 0;
}

static int put_probes_in(struct gate *g, const struct held_exec *e, const char *path)
{
	struct file *file = files_of_fd(g->t->files, e->fd, path);
	int err;

	if (!file)
		return tolerate(-errno);
	/* A script: what runs it comes next. */
	if (!file->elf)
		return 0;
	err = tolerate(files_look_for_go(g->t->files, file, path));
	if (!err)
		err = attach_file(g, file);
	if (!err && tapper_wants_native_of(g->t, file))
		err = linked_each(g->t->files, e->pid, file, attach_file, g);
	return err;
}

/* Nobody is kept for the largest: until they are made, stacks are counted that are not whole. */
static int make_tables(struct gate *g, const struct held_exec *e)
{
	int err = 0;

	vec_for_each (&g->mapped, file) {
		if (!err && tapper_wants_native_of(g->t, *file) &&
		    now_ns() - e->since_ns < TABLES_NS)
			err = tolerate(unwind_add_file(g->t->unwind, (*file)->fd, (*file)->path));
	}
	return err;
}

static int prepare(struct gate *g, const struct held_exec *e, const char *path)
{
	uint64_t began = now_ns(), probed;
	int err;

	g->mapped.n = 0;
	err = put_probes_in(g, e, path);
	probed = now_ns();
	if (!err)
		err = make_tables(g, e);
	log_debug("pid %d was held: we began after %" PRIu64 " us, probes took %" PRIu64
		  " us, tables %" PRIu64,
		  e->pid, (began - e->since_ns) / 1000, (probed - began) / 1000,
		  (now_ns() - probed) / 1000);
	return err;
}

static void note_time(struct gate *g, const struct held_exec *e, bool is_new)
{
	uint64_t ns = now_ns() - e->since_ns;

	g->holds.programs += is_new;
	if (ns > EXEC_HOLD_MAX_NS) {
		g->holds.late += is_new;
		ns = EXEC_HOLD_MAX_NS;
	}
	g->holds.total_ns += ns;
	if (ns > g->holds.longest_ns)
		g->holds.longest_ns = ns;
}

int gate_settle(struct gate *g)
{
	struct held_exec e;
	int err = 0, next = 0;

	while (!err && g->execs && (next = exec_gate_next(g->execs, &e)) > 0) {
		__auto_free char *path = path_of_fd(e.fd);
		const char *emulator = path ? emulator_name(path) : NULL;
		size_t known = files_count(g->t->files);

		if (emulator)
			err = emulators_note(g->emulators, e.pid, emulator);
		else
			err = path ? prepare(g, &e, path) : -ENOMEM;
		exec_gate_release(g->execs, &e);
		if (!emulator)
			note_time(g, &e, files_count(g->t->files) > known);
	}
	if (next == -EPIPE) {
		log_warn("the process that holds programs at their start has ended: what the "
			 "first process of each does until probes are in is not counted any more");
		gate_close(g);
	}
	return err;
}

void gate_note_file(struct gate *g, const struct file *file)
{
	if (g->execs && file && file->fd >= 0)
		exec_gate_watch(g->execs, file->fd);
}

struct profile_holds gate_holds(const struct gate *g)
{
	return g->holds;
}
