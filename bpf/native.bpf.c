// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Native functions, seen when they are entered: allocators, what asks the kernel for
 * address space, containers of C++ and Rust.
 *
 * An allocation is counted as what was asked for, when it is asked for. That it
 * fails is not seen here (native_live.bpf.c sees it), but for what no allocator
 * can give: it is not counted. A realloc of a block is an allocation of its new size.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "native_hit.bpf.h"

const volatile bool cfg_live = false;
volatile __u32 any_passing = 0;
struct native_probes_map native_probes SEC(".maps");
struct live_calls_map live_calls SEC(".maps");

static __always_inline void count_one(struct native_hit *n, struct count_key *key,
				      const struct count_value *v)
{
	key->target = hit_target(&n->hit, NULL);
	if (!key->target)
		return;
	native_look(n);
	if (!native_nested(n) && !native_passed_on(n, key->target))
		native_count(n, key, v);
	native_leave(n);
	hit_end(&n->hit);
}

SEC("?uprobe")
int native_alloc(void *ctx)
{
	struct count_key key = {.kind = KIND_ALLOC};
	struct count_value v = {.objects = 1};
	struct native_hit n;

	if (!native_begin(&n, ctx) || native_elsewhere(&n))
		return 0;
	v.bytes = v.requested = native_size(&n);
	if (v.bytes >= NATIVE_SIZE_MAX) {
		atomic_add(&n.hit.stats->failed, 1);
		return 0;
	}
	/* realloc(p, 0) frees. */
	if (n.probe->op == NATIVE_REALLOC && !v.bytes && native_arg(&n, n.probe->ptr_arg))
		return 0;
	count_one(&n, &key, &v);
	return 0;
}

/* False: nothing is taken or given back. */
static __always_inline bool page_bytes(const struct native_hit *n, struct count_value *v)
{
	switch (n->probe->op) {
	case NATIVE_MMAP:
	case NATIVE_MUNMAP:
		v->bytes = native_arg(n, 2);
		return true;
	case NATIVE_MREMAP:
		if (native_arg(n, 3) > native_arg(n, 2))
			v->bytes = native_arg(n, 3) - native_arg(n, 2);
		return true;
	default: /* NATIVE_SBRK */
		v->bytes = native_arg(n, 1);
		return (__s64)v->bytes > 0;
	}
}

SEC("?uprobe")
int native_pages(void *ctx)
{
	struct count_key key = {};
	struct count_value v = {.objects = 1};
	struct native_hit n;

	if (!native_begin(&n, ctx) || n.probe->op < NATIVE_MMAP || n.probe->op > NATIVE_SBRK)
		return 0;
	key.kind = KIND_MMAP + (n.probe->op - NATIVE_MMAP);
	if (!page_bytes(&n, &v) || v.bytes >= NATIVE_SIZE_MAX)
		return 0;
	v.requested = v.bytes;
	count_one(&n, &key, &v);
	return 0;
}

/* libstdc++ stl_tree.h, _Rb_tree_header: the count of nodes follows the header node. */
#define TREE_NODE_COUNT 32

/* hashbrown RawTableInner: control bytes, bucket mask, growth left, items. */
struct hashbrown_table {
	__u64 ctrl, bucket_mask, growth_left, items;
};

/* libstdc++ hashtable_policy.h, _Prime_rehash_policy: a float, and from when on to look. */
#define POLICY_LOAD_FACTOR 0
#define POLICY_NEXT_RESIZE 8

static __always_inline __u32 log2_u64(__u64 v)
{
	__u32 log = 0;

	for (int shift = 32; shift; shift >>= 1) {
		if (v >> shift) {
			v >>= shift;
			log += shift;
		}
	}
	return log;
}

/* An IEEE 754 single: its value is mantissa * 2^exponent. */
#define FLOAT_MANTISSA(bits) (((bits)&0x7fffff) | 0x800000)
#define FLOAT_EXPONENT(bits) ((int)((bits) >> 23 & 0xff) - 150)
/* Tables of more buckets than this would have the product below leave a word. */
#define BUCKETS_MAX (1ull << 38)
/* libstdc++ src/c++11/hashtable_c++0x.cc: where nothing is allocated yet. */
#define FIRST_ELEMENTS 11

/*
 * _M_need_rehash(buckets, elements, more): will it say yes? It does where elements / load
 * factor >= buckets, the elements those after the insert.
 */
static __always_inline bool will_rehash(__u64 policy, __u64 buckets, __u64 elements)
{
	__u64 next_resize, product;
	__u32 bits;
	int shift;

	if (bpf_probe_read_user(&bits, sizeof(bits), (void *)(policy + POLICY_LOAD_FACTOR)) ||
	    read_word(&next_resize, policy + POLICY_NEXT_RESIZE) || elements <= next_resize ||
	    buckets > BUCKETS_MAX)
		return false;
	if (!next_resize && elements < FIRST_ELEMENTS)
		elements = FIRST_ELEMENTS;
	product = buckets * FLOAT_MANTISSA(bits);
	shift = FLOAT_EXPONENT(bits);
	if (shift >= 0)
		return shift < 24 && elements >= product << shift;
	/* elements >= product / 2^-shift, exactly */
	return shift <= -63 || elements >= (product + (1ull << -shift) - 1) >> -shift;
}

static __always_inline __u64 container_entries(const struct native_hit *n, __u64 *buckets)
{
	__u64 at = native_arg(n, n->probe->ptr_arg), entries = 0;
	struct hashbrown_table table;

	switch (n->probe->container) {
	case NATIVE_CONTAINER_TREE:
		read_word(&entries, at + TREE_NODE_COUNT);
		break;
	case NATIVE_CONTAINER_HASH:
		entries = native_arg(n, n->probe->size_arg);
		*buckets = native_arg(n, n->probe->size_arg2);
		break;
	case NATIVE_CONTAINER_HASHBROWN:
		if (bpf_probe_read_user(&table, sizeof(table), (void *)at))
			break;
		entries = table.items;
		*buckets = table.bucket_mask + 1;
		break;
	}
	return entries;
}

/* Walks first: the verifier follows the walk once for each way that led to it. */
SEC("?uprobe")
int native_container(void *ctx)
{
	struct count_key key = {.kind = KIND_MAP_INSERT}, growth = {.kind = KIND_MAP_GROW};
	struct count_value v = {.objects = 1};
	const struct stack_value *stack;
	struct native_hit n;
	__u64 buckets = 1;
	bool grows;

	if (!native_begin(&n, ctx) || native_nested(&n))
		return 0;
	key.target = growth.target = hit_target(&n.hit, NULL);
	if (!key.target)
		return 0;
	native_look(&n);
	stack = native_stack(&n, &key.stack);
	key.type = growth.type = n.probe->container;
	v.entries = container_entries(&n, &buckets);
	grows = n.probe->op == NATIVE_REHASH;
	if (n.probe->op == NATIVE_HASH_INSERT)
		grows = will_rehash(
			native_arg(&n, n.probe->ptr_arg), buckets,
			v.entries + (n.probe->flags & NATIVE_SUMMED ? 0 : native_arg(&n, 4)));
	if (grows) {
		growth.stack = key.stack;
		growth.detail = GROWTH_DETAIL(GROWTH_DOUBLE, log2_u64(buckets), 0);
		count_event(&growth, &v, stack);
	}
	if (n.probe->op != NATIVE_REHASH)
		count_event(&key, &v, stack);
	native_leave(&n);
	hit_end(&n.hit);
	return 0;
}
