/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which files a program will have mapped once its dynamic loader is done, told before it has
 * begun: what it was linked with, and what those were. Not what it is made to preload, nor
 * what it opens later.
 */
#ifndef ALLOCTAP_SESSION_LINKED_H
#define ALLOCTAP_SESSION_LINKED_H

#include "session/files.h"

/* Process @pid will have @file mapped. 0 to go on. */
typedef int (*linked_fn)(void *ctx, struct file *file);

/*
 * Calls @fn for the loader and every library of @program, as process @pid finds them, each
 * once. What cannot be found is left out. 0, -ENOMEM or what @fn returned.
 */
int linked_each(struct files *files, pid_t pid, const struct file *program, linked_fn fn,
		void *ctx);
/* The same for the libraries of this machine that are called like an allocator's. */
int linked_each_allocator(struct files *files, linked_fn fn, void *ctx);

#endif
