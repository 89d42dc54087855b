/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which files have probes that serve every process, by the inode the kernel keeps probes
 * by: a file that is seen in two ways (two overlays of one image) has one set of them,
 * or else all is counted twice.
 */
#ifndef ALLOCTAP_SESSION_PROBED_H
#define ALLOCTAP_SESSION_PROBED_H

#include "session/files.h"

struct alloctap_bpf;

/* What is in an inode. */
struct probed {
	uint64_t inode;            /* where the kernel has it */
	bool go, native, usdt;     /* these probes are in */
	uint64_t go_ns, native_ns; /* ... since (CLOCK_MONOTONIC) */
};

struct probed_files;

/* NULL with errno ENOMEM. */
struct probed_files *probed_files_new(void);
void probed_files_free(struct probed_files *p);
/* No probes are in any more. */
void probed_files_forget(struct probed_files *p);
/* Has the programs loaded that are needed; before load. */
void probed_files_prepare(struct alloctap_bpf *skel);
/*
 * Of @file, which is open; the same for all files of one inode. Lives as long as @p.
 * NULL with errno ENOMEM.
 */
struct probed *probed_files_get(struct probed_files *p, struct alloctap_bpf *skel,
				struct file *file);

#endif
