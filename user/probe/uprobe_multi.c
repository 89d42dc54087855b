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

/* include/uapi/linux/bpf.h, Linux 6.6. */
#define BPF_F_UPROBE_MULTI_RETURN (1u << 0)

_Static_assert(sizeof(struct multi_link_attr) == 64, "no hidden padding");

int uprobe_multi_link(int prog_fd, const char *path, const struct uprobe_offsets *offsets,
		      pid_t pid)
{
	struct multi_link_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = offsets->when == UPROBE_SESSION ? ATTACH_TYPE_UPROBE_SESSION
							       : ATTACH_TYPE_UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets->probes,
		.ref_ctr_offsets = (uintptr_t)offsets->semaphores,
		.cookies = (uintptr_t)offsets->cookies,
		.count = (uint32_t)offsets->n,
		.flags = offsets->when == UPROBE_RETURN ? BPF_F_UPROBE_MULTI_RETURN : 0,
		.pid = (uint32_t)pid,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* Loads a program that does nothing, for such links. An fd, or -errno. */
static int load_nothing(uint32_t attach_type)
{
	static const struct bpf_insn return_zero[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = (enum bpf_attach_type)attach_type);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", return_zero,
			     ARRAY_SIZE(return_zero), &opts);
}

/* What the kernel says to a link at offset 0 of "/": a folder, which has no text. */
static int try_link(int prog_fd, enum uprobe_when when, pid_t pid)
{
	const struct uprobe_offsets one = {.probes = (const uint64_t[]){0}, .n = 1, .when = when};
	int link = uprobe_multi_link(prog_fd, "/", &one, pid);

	if (link >= 0)
		close(link);
	return link;
}

/*
 * libbpf's own test (features.c, probe_uprobe_multi_link): a link on "/" must
 * fail with EBADF, because a folder has no text; and one with PID -1 with
 * EINVAL, which only kernels with the fixed PID filter say.
 */
int uprobe_multi_supported(void)
{
	__auto_close int prog_fd = load_nothing(ATTACH_TYPE_UPROBE_MULTI);

	/* A kernel without the link refuses its attach type. */
	if (prog_fd < 0)
		return prog_fd == -EINVAL ? 0 : prog_fd;
	return try_link(prog_fd, UPROBE_ENTRY, 0) == -EBADF &&
	       try_link(prog_fd, UPROBE_ENTRY, -1) == -EINVAL;
}

int uprobe_session_supported(void)
{
	__auto_close int prog_fd = load_nothing(ATTACH_TYPE_UPROBE_SESSION);

	if (prog_fd < 0)
		return prog_fd == -EINVAL ? 0 : prog_fd;
	return try_link(prog_fd, UPROBE_SESSION, 0) == -EBADF;
}
