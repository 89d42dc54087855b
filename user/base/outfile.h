/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Output files that are whole or not there: written beside their final name and
 * renamed once all of it is on disk. "-" is stdout.
 */
#ifndef ALLOCTAP_BASE_OUTFILE_H
#define ALLOCTAP_BASE_OUTFILE_H

#include <stdio.h>

struct outfile;

/*
 * Is @path something we could write? Says what is wrong where it is not: a
 * directory, or no such folder. 0 or -errno.
 */
int outfile_check(const char *path);
/* NULL with errno set, and the reason printed. */
struct outfile *outfile_open(const char *path);
FILE *outfile_stream(struct outfile *f);
/*
 * Flushes and renames into place; a failure (a full disk) is printed, and
 * nothing of the file is left. Frees @f either way. 0 or -errno.
 */
int outfile_commit(struct outfile *f);
/* Removes what was written. NULL is fine. */
void outfile_abort(struct outfile *f);

#endif
