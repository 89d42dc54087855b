/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which file of a process, if any, holds a garbage collector with static probes. */
#ifndef ALLOCTAP_SESSION_GC_FINDER_H
#define ALLOCTAP_SESSION_GC_FINDER_H

#include "session/mappings.h"
#include "target/process.h"

/*
 * The file that has one: mapped, or where a program that has not run yet will open it
 * from. NULL where there is none.
 */
struct file *gc_finder_look(const struct mappings *m, struct files *files, const struct process *p);
/* A mapped file that is a runtime's, by its name, and has no static probes; or NULL. */
const struct file *gc_finder_without_probes(const struct mappings *m);
/* "CPython 3.11" of libpython3.11.so.1.0: the file's name is all that tells it. */
void gc_finder_version(const struct file *file, char *text, size_t size);

#endif
