/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of files. */
#ifndef ALLOCTAP_BASE_PATH_H
#define ALLOCTAP_BASE_PATH_H

#include <string.h>

/* What follows the last slash; a path that ends in one is left whole. */
static inline const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/*
 * The place of the file behind @fd in our own mount namespace, or what was its place; "" not
 * known. The caller's to free; NULL for want of memory.
 */
char *path_of_fd(int fd);

#endif
