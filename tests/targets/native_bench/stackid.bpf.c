// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What bcc's libbpf-tools do at each allocation: bpf_get_stackid(), and a count by it. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* include/uapi/linux/bpf.h; our vmlinux.h is reduced to what alloctap uses. */
#define BPF_MAP_TYPE_STACK_TRACE 7
#define BPF_F_USER_STACK         (1ull << 8)

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} bytes SEC(".maps");

SEC("uprobe")
int on_malloc(struct pt_regs *ctx)
{
	__u32 id = (__u32)bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	__u64 size = ctx->di, *sum = bpf_map_lookup_elem(&bytes, &id);

	if (sum)
		__sync_fetch_and_add(sum, size);
	else
		bpf_map_update_elem(&bytes, &id, &size, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
