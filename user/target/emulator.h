/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Programs that do not run code but translate it, which they read as data: the breakpoint
 * of a probe is then an instruction of the program that they run, which ends by SIGTRAP. The
 * kernel puts those of a probe for everybody into whatever maps the file, so they must not
 * be in while an emulator runs.
 */
#ifndef ALLOCTAP_TARGET_EMULATOR_H
#define ALLOCTAP_TARGET_EMULATOR_H

#include <sys/types.h>

/* What the program that lies at @path emulates with ("valgrind"); NULL: it is none. */
const char *emulator_name(const char *path);
/* The same of the program that is open as @fd, and of the one that process @pid runs. */
const char *emulator_of_fd(int fd);
const char *emulator_of_process(pid_t pid);

#endif
