/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A command started by us and held before its first instruction, so that probes
 * are in place when it runs. The same for what it becomes by exec.
 */
#ifndef ALLOCTAP_TARGET_LAUNCH_H
#define ALLOCTAP_TARGET_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "target/loader.h"

struct launch;

/*
 * Starts argv[0] (looked up in PATH) and stops it right after exec, its memory
 * set up and nothing of it run. NULL with errno set and the reason printed.
 */
struct launch *launch_start(char *const argv[]);
pid_t launch_pid(const struct launch *l);
/*
 * Has the command's dynamic loader map its libraries, if it has any, and holds it again
 * before anything in them runs; @mapped as loader_follow() has it. 0 or -errno, the
 * reason printed.
 */
int launch_load(struct launch *l, loader_mapped_fn mapped, void *ctx);
/* Lets the command run. 0 or -errno, the reason printed. */
int launch_release(struct launch *l);
/* True once the command has ended; fills its exit status, 128 + n if signal n killed it. */
bool launch_ended(struct launch *l, int *status);
/*
 * The command was sent SIGSTOP at an exec: takes hold of it there, as launch_start() does.
 * 0, also when it has ended meanwhile; or -errno, not printed: then it runs.
 */
int launch_catch(struct launch *l);
/* Waits for the end, or, returning false, until it was stopped by a signal. */
bool launch_wait(struct launch *l, int *status);
/* Lets it go on after that. */
void launch_continue(const struct launch *l);
/* A command still held is killed: it never began. One that runs is left alone. NULL is fine. */
void launch_free(struct launch *l);

#endif
