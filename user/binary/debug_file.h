/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where a file's debug information was moved to: by build ID, by .gnu_debuglink, by dwz. */
#ifndef ALLOCTAP_BINARY_DEBUG_FILE_H
#define ALLOCTAP_BINARY_DEBUG_FILE_H

#include "binary/elf_file.h"

/* Where distributions install it. */
#define DEBUG_FILE_ROOT "/usr/lib/debug"

/*
 * Opens the separate debug file of @f under @root, or beside @f, whose path is @path.
 * Only one that belongs to @f is taken: with its build ID, or the checksum that @f
 * asks for. *@found is its path, the caller's to free. An fd; -ENOENT where there is
 * none, -ENOMEM.
 */
int debug_file_open(const struct elf_file *f, const char *path, const char *root, char **found);
/*
 * Opens what dwz moved out of the debug information of @f, whose path is @path. An fd;
 * -ENODATA where nothing was moved, -ENOENT where it is not installed, -ENOMEM.
 */
int debug_file_open_alt(const struct elf_file *f, const char *path, const char *root);
/*
 * Fetches the debug file with @build_id from the servers in $DEBUGINFOD_URLS, with
 * libdebuginfod, which is looked for now and caches what it got. An fd, or -errno:
 * -ENOSYS no such library or no servers named, -ENOENT the servers do not have it, -ETIME
 * they do not answer in $DEBUGINFOD_TIMEOUT seconds (90), -EBADMSG it is another file.
 */
int debug_file_fetch(const char *build_id);

#endif
