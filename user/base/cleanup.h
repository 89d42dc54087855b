/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Scope-bound release for the three things that are easily leaked on an error
 * path. Everything with more than one step to undo has a _free() of its own.
 */
#ifndef ALLOCTAP_BASE_CLEANUP_H
#define ALLOCTAP_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define __auto_free  __attribute__((cleanup(cleanup_free)))
#define __auto_close __attribute__((cleanup(cleanup_fd)))
#define __auto_file  __attribute__((cleanup(cleanup_file)))
#define __auto_dir   __attribute__((cleanup(cleanup_dir)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
