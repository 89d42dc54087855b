/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where return probes would do harm.
 *
 * From Linux 6.11 a probed function returns by a system call of its own, uretprobe.
 * Until 6.14 a process that filters its system calls (seccomp: containers, services of
 * systemd) was killed for it, or got an error where its return address should have
 * been (facts/kernel-bpf.md A.6). Elsewhere the return is a trap, or the filter lets
 * the call pass.
 */
#ifndef ALLOCTAP_PROBE_RETURN_GUARD_H
#define ALLOCTAP_PROBE_RETURN_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

/* Is @release, as uname(2) has it, of a kernel that may harm those who filter? */
bool return_guard_kernel(const char *release);
/* Does the text of /proc/PID/status say that it filters? Without a word: yes. */
bool return_guard_filters(const char *status);
/*
 * May return probes be put into process @pid? Where it is not known, no. Of a Go
 * process that is not asked: they are never right there.
 */
bool return_guard_allows(pid_t pid);

#endif
