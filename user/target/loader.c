// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The loader is watched through its system calls: it maps a library by mmap(2), and is
 * done when a system call is made from elsewhere. That takes no knowledge of how it
 * finds libraries (RPATH, LD_PRELOAD, caches), and holds for every loader.
 *
 * musl's is the C library as well, so that all system calls are made from it. There the
 * bottom of the stack tells: what the first call left there is the loader's until the
 * program's entry point, which begins with the stack that the loader began with, calls.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/log.h"
#include "target/loader.h"
#include "target/maps.h"
#include "target/process.h"

/* How a stop for a system call differs from one for a signal (ptrace(2), TRACESYSGOOD). */
#define SYSCALL_STOP (SIGTRAP | 0x80)

struct range {
	uint64_t start, end;
};

/* Words below the first stack pointer among which the first call's return address is. */
#define BOTTOM_WORDS 4

struct loading {
	struct range loader;  /* empty: there is none */
	struct range program; /* the code that its entry point is in */
	uint64_t stack;       /* as it was at the first instruction */
};

static bool is_in(const struct range *r, uint64_t address)
{
	return address >= r->start && address < r->end;
}

/* All that is mapped of the file that is mapped at @address. */
static struct range file_at(const struct memory_maps *maps, uint64_t address)
{
	const struct memory_map *at = memory_maps_at(maps, address);
	struct range r = {0};

	for (size_t i = 0; at && i < maps->n; i++) {
		const struct memory_map *m = &maps->maps[i];

		if (m->inode != at->inode || m->device != at->device)
			continue;
		r.start = r.start ?: m->start;
		r.end = m->end;
	}
	return r;
}

/* Of a process that has not run yet. */
static int find_loader(pid_t pid, struct loading *l)
{
	struct __ptrace_syscall_info info;
	struct memory_maps maps;
	const struct memory_map *code;
	uint64_t base = 0, entry = 0;
	int err = process_auxv(pid, AT_BASE, &base);

	*l = (struct loading){0};
	if (err || !base)
		return err == -ENOENT ? 0 : err;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0)
		return -errno;
	l->stack = info.stack_pointer;
	err = process_auxv(pid, AT_ENTRY, &entry);
	if (!err)
		err = memory_maps_read(pid, &maps);
	if (err)
		return err;
	l->loader = file_at(&maps, base);
	code = memory_maps_at(&maps, entry);
	if (code)
		l->program = (struct range){code->start, code->end};
	memory_maps_free(&maps);
	return 0;
}

/* Has the program's entry point called anything? */
static bool has_begun(pid_t pid, const struct loading *l)
{
	for (uint64_t i = 1; i <= BOTTOM_WORDS; i++) {
		long word = ptrace(PTRACE_PEEKDATA, pid, (void *)(l->stack - i * sizeof(word)), 0);

		if (is_in(&l->program, (uint64_t)word))
			return true;
	}
	return false;
}

/* Lets it run to its next system call, or the end of the one it is in. */
static int run_to_syscall(pid_t pid, int *status)
{
	int number = 0;

	do {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)number))
			return -errno;
		while (waitpid(pid, status, 0) < 0) {
			if (errno != EINTR)
				return -errno;
		}
		if (!WIFSTOPPED(*status))
			return -ECHILD;
		/* A signal that it was sent is passed on; an event of ptrace's is none. */
		number = *status >> 16 ? 0 : WSTOPSIG(*status);
	} while (number != SYSCALL_STOP);
	return 0;
}

static bool maps_code(const struct __ptrace_syscall_info *info)
{
	return info->op == PTRACE_SYSCALL_INFO_ENTRY && info->entry.nr == SYS_mmap &&
	       info->entry.args[2] & PROT_EXEC;
}

static int follow(pid_t pid, const struct loading *l, loader_mapped_fn mapped, void *ctx,
		  int *status)
{
	struct __ptrace_syscall_info info;
	bool mapping = false;
	int err;

	for (;;) {
		err = run_to_syscall(pid, status);
		if (err)
			return err;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0)
			return -errno;
		if (!is_in(&l->loader, info.instruction_pointer) || has_begun(pid, l))
			return 0;
		if (mapping && info.op == PTRACE_SYSCALL_INFO_EXIT && mapped(ctx, pid))
			return -ECANCELED;
		mapping = maps_code(&info);
	}
}

int loader_follow(pid_t pid, loader_mapped_fn mapped, void *ctx, int *status)
{
	struct loading l;
	int err = find_loader(pid, &l);

	if (!err && l.loader.end &&
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD))
		err = -errno;
	if (!err && l.loader.end)
		err = follow(pid, &l, mapped, ctx, status);
	if (err && err != -ECHILD && err != -ECANCELED)
		log_error("pid %d: cannot be followed while it loads its libraries: %s", pid,
			  strerror(-err));
	return err;
}
