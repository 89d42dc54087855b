/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which file of a process, if any, holds a garbage collector with static probes. */
#ifndef ALLOCTAP_SESSION_GC_FINDER_H
#define ALLOCTAP_SESSION_GC_FINDER_H

#include "probe/usdt_plan.h"
#include "target/process.h"

/* What a process has open: gc_finder_look() at each file, then gc_finder_done(). */
struct gc_finder {
	const char *name;                        /* of the process, for messages */
	const struct gc_runtime *without_probes; /* seen, but without probes */
	char *without_probes_path;
	size_t n_without_probes; /* such files */
	struct usdt_plan plan;   /* found; the caller's to free with usdt_plan_free() */
	int fd;                  /* ... in this file; the caller's to close; -1: nothing found */
	char *path;              /* ... of this name; the caller's to free */
	char version[64];        /* "CPython 3.11" */
};

void gc_finder_init(struct gc_finder *f, const char *name);
/* @fd is borrowed, @path is what the process calls it. 0 or -errno, printed. */
int gc_finder_look(struct gc_finder *f, int fd, const char *path);
/*
 * For a program that has not run yet: looks where it will open its runtime from.
 * 0 or -errno, printed.
 */
int gc_finder_look_beside(struct gc_finder *f, const struct process *p);
/* Releases all but what was found. */
void gc_finder_done(struct gc_finder *f);

#endif
