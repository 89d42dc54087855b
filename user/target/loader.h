/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A process held at its first instruction, until its dynamic loader has mapped the
 * libraries it was linked with: from where on nothing that they do is missed.
 */
#ifndef ALLOCTAP_TARGET_LOADER_H
#define ALLOCTAP_TARGET_LOADER_H

#include <sys/types.h>

/* Something executable was mapped, and nothing of it has run. 0 to go on, or -errno. */
typedef int (*loader_mapped_fn)(void *ctx, pid_t pid);

/*
 * Lets @pid, our child, traced and stopped right after exec, run its loader; @mapped is
 * called while it stands still. 0 when it is stopped again, at the first system call
 * that is not the loader's; -ECHILD when it has ended, with its wait @status; else
 * -errno, printed unless @mapped failed.
 */
int loader_follow(pid_t pid, loader_mapped_fn mapped, void *ctx, int *status);

#endif
