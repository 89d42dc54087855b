/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The multi-uprobe link, straight through bpf(2): libbpf 1.1 of Debian 12 does
 * not know it. Kernels have it from 6.6 and, with a PID filter that means the
 * process and not one thread, from 6.10 or a fixed stable release.
 */
#ifndef ALLOCTAP_PROBE_UPROBE_MULTI_H
#define ALLOCTAP_PROBE_UPROBE_MULTI_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* enum bpf_attach_type of Linux 6.6: what programs for this link are loaded for. */
#define ATTACH_TYPE_UPROBE_MULTI 48
/* ... of Linux 6.13: one program for the call and its return. */
#define ATTACH_TYPE_UPROBE_SESSION 57

/*
 * Does this kernel have the link, with the fixed PID filter? 1 or 0; -errno where
 * it cannot be found out (-EPERM: no permission to load programs).
 */
int uprobe_multi_supported(void);
/* Does it have session links too? As above. */
int uprobe_session_supported(void);

/* When a program is to run. */
enum uprobe_when {
	UPROBE_ENTRY,
	UPROBE_RETURN,
	UPROBE_SESSION, /* both; multi-uprobe links only, and loaded for ATTACH_TYPE_UPROBE_SESSION */
};

/* Of the file at @path. */
struct uprobe_offsets {
	const uint64_t *probes;
	const uint64_t *cookies;    /* one each, or NULL */
	const uint64_t *semaphores; /* one each, 0: none; or NULL */
	size_t n;
	enum uprobe_when when;
};

/*
 * One link for many offsets, in process @pid only (0: in all that map the file). An fd
 * whose closing removes the probes, or -errno.
 */
int uprobe_multi_link(int prog_fd, const char *path, const struct uprobe_offsets *offsets,
		      pid_t pid);

#endif
