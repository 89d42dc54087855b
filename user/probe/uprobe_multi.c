// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/uprobe_multi.h"

/*
 * BPF_LINK_CREATE's attributes with the uprobe_multi member (include/uapi/
 * linux/bpf.h, Linux 6.6). No padding may hold rubbish: the kernel checks.
 */
struct multi_link_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t link_flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t count;
	uint32_t flags;
	uint32_t pid;
	uint32_t pad;
};

_Static_assert(sizeof(struct multi_link_attr) == 64, "no hidden padding");

int uprobe_multi_link(int prog_fd, const char *path, const struct uprobe_offsets *offsets,
		      pid_t pid)
{
	struct multi_link_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets->probes,
		.ref_ctr_offsets = (uintptr_t)offsets->semaphores,
		.cookies = (uintptr_t)offsets->cookies,
		.count = (uint32_t)offsets->n,
		.pid = (uint32_t)pid,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/*
 * libbpf's own test (features.c, probe_uprobe_multi_link): a link on "/" must
 * fail with EBADF, because a folder has no text; and one with PID -1 with
 * EINVAL, which only kernels with the fixed PID filter say.
 */
int uprobe_multi_supported(void)
{
	static const struct bpf_insn return_zero[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI);
	const struct uprobe_offsets one = {.probes = (const uint64_t[]){0}, .n = 1};
	__auto_close int prog_fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", return_zero,
						 ARRAY_SIZE(return_zero), &opts);
	int link;

	/* A kernel without the link refuses its attach type. */
	if (prog_fd < 0)
		return prog_fd == -EINVAL ? 0 : prog_fd;
	link = uprobe_multi_link(prog_fd, "/", &one, 0);
	if (link >= 0)
		close(link);
	if (link != -EBADF)
		return 0;
	link = uprobe_multi_link(prog_fd, "/", &one, -1);
	if (link >= 0)
		close(link);
	return link == -EINVAL;
}
