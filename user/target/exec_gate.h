/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Holds programs at their start until they have been looked at: each waits in its execve()
 * for leave to open its file (fanotify's FAN_OPEN_EXEC_PERM).
 *
 * Who gives leave is a process of its own, the keeper. It asks us, and waits no longer
 * than EXEC_HOLD_MAX_NS, for an emulator, to which probes that are still in would be fatal,
 * EMULATOR_HOLD_MAX_NS: then the program runs on, whatever has become of us. When we end,
 * however that comes about, so does the keeper; when it ends, the kernel lets everybody go.
 */
#ifndef ALLOCTAP_TARGET_EXEC_GATE_H
#define ALLOCTAP_TARGET_EXEC_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define EXEC_HOLD_MAX_NS     500000000ull
#define EMULATOR_HOLD_MAX_NS 5000000000ull

struct exec_gate;

struct held_exec {
	uint32_t id;
	pid_t pid;         /* whose execve() waits; 0: it is not in our PID namespace */
	int fd;            /* the file it is about to run, or that one's interpreter */
	uint64_t since_ns; /* CLOCK_MONOTONIC */
};

/*
 * Is the program at @path that process @pid is about to run, or its interpreter, to be held?
 * Runs in the keeper, which has copies of what was there at exec_gate_new().
 */
typedef bool (*exec_wanted_fn)(void *ctx, pid_t pid, const char *path);

/*
 * Starts a keeper that holds what @wanted says; NULL: everything, but no file twice. Nothing
 * is held before exec_gate_open(). NULL with errno set, EPERM where CAP_SYS_ADMIN is missing.
 */
struct exec_gate *exec_gate_new(exec_wanted_fn wanted, void *ctx);
/* From now on the programs in our file systems are held. 0 or -errno. */
int exec_gate_open(struct exec_gate *g);
/* Those in the file system of @fd (borrowed) too; not for long where it has them already. */
void exec_gate_watch(struct exec_gate *g, int fd);
/* Ends the keeper. NULL is fine. */
void exec_gate_free(struct exec_gate *g);

/* Readable when somebody is held, or the keeper has ended; -1 after that. */
int exec_gate_fd(const struct exec_gate *g);
pid_t exec_gate_keeper(const struct exec_gate *g);
/* Does not wait. 1 and fills @e, which is to be released; 0: nobody; -EPIPE: the keeper has ended. */
int exec_gate_next(struct exec_gate *g, struct held_exec *e);
/* Lets it go on, and closes its fd. */
void exec_gate_release(struct exec_gate *g, const struct held_exec *e);

#endif
