/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which of Debian's packages a file came with, from dpkg's own lists. */
#ifndef ALLOCTAP_TARGET_PACKAGE_H
#define ALLOCTAP_TARGET_PACKAGE_H

#include <stddef.h>

/*
 * Writes "libstdc++6" for /usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30. 0; -ENOENT where no
 * package has it, or this is not Debian. Reads all lists, about 30 ms. @folder is
 * PACKAGE_LISTS but in tests.
 */
int package_of_file(const char *folder, const char *path, char *name, size_t size);

#define PACKAGE_LISTS "/var/lib/dpkg/info"

#endif
