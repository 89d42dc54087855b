// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The kernel keeps probes by the inode that holds the code. In an overlay that is one of
 * the file system below, which neither stat(2) nor /proc/PID/maps tells: two mounts of
 * one image have different files, and one inode. A mapping of the file knows it.
 * Run by user space, with the address of such a mapping of its own as the argument.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Where in the kernel it is: one number for one inode, as long as the file is open. */
__u64 probed_inode = 0;

static long read_inode(struct task_struct *task __attribute__((unused)), struct vm_area_struct *vma,
		       void *ctx __attribute__((unused)))
{
	probed_inode = (__u64)BPF_CORE_READ(vma, vm_file, f_inode);
	return 0;
}

SEC("?raw_tp")
int find_probed_inode(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 unused = 0;

	return (int)bpf_find_vma(bpf_get_current_task_btf(), ctx->args[0], read_inode, &unused, 0);
}
