// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The loader is watched through its system calls: it maps a library by mmap(2), and is
 * done when a system call is made from elsewhere. That takes no knowledge of how it
 * finds libraries (RPATH, LD_PRELOAD, caches), and holds for every loader.
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

/* Where the process has its loader; empty where it has none. */
static int find_loader(pid_t pid, struct range *loader)
{
	struct memory_maps maps;
	const struct memory_map *at;
	uint64_t base = 0;
	int err = process_auxv(pid, AT_BASE, &base);

	*loader = (struct range){0};
	if (err || !base)
		return err == -ENOENT ? 0 : err;
	err = memory_maps_read(pid, &maps);
	if (err)
		return err;
	at = memory_maps_at(&maps, base);
	for (size_t i = 0; at && i < maps.n; i++) {
		const struct memory_map *m = &maps.maps[i];

		if (m->inode != at->inode || m->device != at->device)
			continue;
		loader->start = loader->start ?: m->start;
		loader->end = m->end;
	}
	memory_maps_free(&maps);
	return 0;
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

static int follow(pid_t pid, const struct range *loader, loader_mapped_fn mapped, void *ctx,
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
		if (info.instruction_pointer < loader->start ||
		    info.instruction_pointer >= loader->end)
			return 0;
		if (mapping && info.op == PTRACE_SYSCALL_INFO_EXIT && mapped(ctx, pid))
			return -ECANCELED;
		mapping = maps_code(&info);
	}
}

int loader_follow(pid_t pid, loader_mapped_fn mapped, void *ctx, int *status)
{
	struct range loader;
	int err = find_loader(pid, &loader);

	if (!err && loader.end &&
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD))
		err = -errno;
	if (!err && loader.end)
		err = follow(pid, &loader, mapped, ctx, status);
	if (err && err != -ECHILD && err != -ECANCELED)
		log_error("pid %d: cannot be followed while it loads its libraries: %s", pid,
			  strerror(-err));
	return err;
}
