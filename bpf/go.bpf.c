// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Go: heap allocations, map inserts, growth of maps, write barriers.
 *
 * All programs sit on the stack-check branch of the tapped function. There the
 * arguments are still in their registers and [sp] is the return address, and a
 * hit whose branch will be taken is not a call yet: the function starts again
 * once its stack has grown (facts/go-runtime.md 0.1).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "hit.bpf.h"

/* Are types kept apart? (Else: what that costs.) */
const volatile bool cfg_types = true;
/* Is the time of each allocation kept? */
const volatile bool cfg_bins = false;
volatile struct go_layout go_layouts[GO_LAYOUTS_MAX] = {};
volatile __u32 epochs[TARGETS_MAX] = {};
struct scratch_map scratch SEC(".maps");
const volatile __u16 go_sizes_fine[GO_SIZE_TABLE] = {};
const volatile __u16 go_sizes_coarse[GO_SIZE_TABLE] = {};

/* abi.Type: Size_, PtrBytes, ... the same in all versions (facts/go-runtime.md 6.3). */
#define TYPE_PTR_BYTES 8
/* runtime/malloc.go: maxTinySize; spans are whole pages of 8 KiB. */
#define TINY_SIZE    16
#define GO_PAGE_SIZE 8192

/*
 * Until the first P exists (schedinit, one thread) tiny objects come from
 * mcache0, which is in nobody's reach from here: its current block is followed
 * in our own books instead. Bytes used of it; 0: none yet.
 */
static volatile __u64 boot_tiny_used;

/* Added to at each allocation: per CPU, so that they do not fight for a cache line. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct alloc_bin);
} alloc_bins SEC(".maps");

/* When the first bin begins. */
volatile __u64 bins_origin_ns = 0;

static __always_inline void bin_add(__u32 place, const struct count_value *v)
{
	__u64 now = (bpf_ktime_get_ns() - bins_origin_ns) / ALLOC_BIN_NS;
	__u32 i = place * ALLOC_BINS + now % ALLOC_BINS;
	struct alloc_bin *bin = bpf_map_lookup_elem(&alloc_bins, &i);

	if (!bin)
		return;
	atomic_add(&bin->objects, v->objects);
	atomic_add(&bin->bytes, v->bytes);
}

static __always_inline void hit_count(struct hit *hit, struct count_key *key,
				      const struct count_value *v)
{
	struct walk_scratch *s;
	__u32 place;

	if (!cfg_types)
		key->type = 0;
	key->target = hit_target(hit, &place);
	if (!key->target)
		return;
	/* Growths are kept without: they would be told apart for nothing. */
	if (key->kind != KIND_MAP_GROW)
		key->epoch = *epoch_at(place);
	if (cfg_bins && key->kind == KIND_ALLOC)
		bin_add(place, v);
	s = scratch_take();
	if (s) {
		key->stack = hit_walk(hit, s);
		count_event(key, v, &s->stack);
		scratch_release(s);
	} else {
		lose(LOST_STACK_SCRATCH);
		count_event(key, v, NULL);
	}
	hit_end(hit);
}

static __always_inline __u64 size_class_bytes(__u64 size)
{
	if (size <= GO_SIZE_FINE_MAX)
		return go_sizes_fine[((size + 7) >> 3) & (GO_SIZE_TABLE - 1)];
	return go_sizes_coarse[((size - 1024 + 127) >> 7) & (GO_SIZE_TABLE - 1)];
}

/* Where in a tiny block with @used bytes taken an object of @size would begin. */
static __always_inline __u64 tiny_align(__u64 used, __u64 size)
{
	if (!(size & 7))
		return (used + 7) & ~7ull;
	if (!(size & 3))
		return (used + 3) & ~3ull;
	if (!(size & 1))
		return (used + 1) & ~1ull;
	return used;
}

static __always_inline __u64 boot_tiny_bytes(__u64 size, const volatile struct go_layout *l)
{
	__u64 used = boot_tiny_used, at = tiny_align(used, size);

	if (used && at + size <= TINY_SIZE) {
		boot_tiny_used = at + size;
		return 0;
	}
	/* The runtime keeps the block that has more room left. */
	if (!l->race_detector && (!used || size < used))
		boot_tiny_used = size;
	return TINY_SIZE;
}

/*
 * What the tiny allocator will take from the heap for this request: nothing if
 * the object fits the P's current block, a block of 16 bytes if not
 * (runtime/malloc.go mallocgcTiny, same in all versions).
 */
static __always_inline __u64 tiny_bytes(__u64 g, __u64 size, const volatile struct go_layout *l)
{
	struct {
		__u64 block, used;
	} tiny;
	__u64 m, p, mcache;

	if (read_word(&m, g + l->g_m) || read_word(&p, m + l->m_p) || !p)
		return boot_tiny_bytes(size, l);
	if (read_word(&mcache, p + l->p_mcache) ||
	    bpf_probe_read_user(&tiny, sizeof(tiny), (void *)(mcache + l->mcache_tiny)))
		return TINY_SIZE;
	return tiny.block && tiny_align(tiny.used, size) + size <= TINY_SIZE ? 0 : TINY_SIZE;
}

/* What the heap will give for a request of @size bytes of @type. */
static __always_inline __u64 heap_bytes(const user_regs *regs, __u64 size, __u64 type,
					const volatile struct go_layout *l)
{
	__u64 pointers = 0;

	if (!l->known)
		return size;
	if (size > l->small_max)
		return (size + GO_PAGE_SIZE - 1) & ~(GO_PAGE_SIZE - 1ull);
	/* Only here does it matter whether the type has pointers: spare the read elsewhere. */
	if (type && (size < TINY_SIZE || (l->malloc_header_above && size > l->malloc_header_above)))
		if (read_word(&pointers, type + TYPE_PTR_BYTES))
			lose(LOST_SIZE_UNREADABLE);
	if (size < TINY_SIZE && !pointers)
		return tiny_bytes(GO_REGS_G(regs), size, l);
	if (pointers && l->malloc_header_above && size > l->malloc_header_above)
		size += 8;
	return size_class_bytes(size);
}

SEC("?uprobe")
int go_alloc(void *ctx)
{
	struct count_key key = {.kind = KIND_ALLOC};
	struct count_value v = {.objects = 1};
	struct hit hit;

	if (!hit_begin(&hit, ctx))
		return 0;
	v.requested = GO_REGS_ARG1(hit.regs);
	if (!v.requested) {
		atomic_add(&hit.stats->zero_sized, 1);
		return 0;
	}
	key.type = GO_REGS_ARG2(hit.regs);
	v.bytes = heap_bytes(hit.regs, v.requested, key.type, hit_layout(&hit));
	hit_count(&hit, &key, &v);
	return 0;
}

/*
 * The number of entries comes first in both kinds of map (runtime.hmap.count,
 * maps.Map.used). A nil map, about to panic, has none.
 */
SEC("?uprobe")
int go_map_insert(void *ctx)
{
	struct count_key key = {.kind = KIND_MAP_INSERT};
	struct count_value v = {.objects = 1};
	struct hit hit;

	if (!hit_begin(&hit, ctx))
		return 0;
	key.type = GO_REGS_ARG1(hit.regs);
	read_word(&v.entries, GO_REGS_ARG2(hit.regs));
	hit_count(&hit, &key, &v);
	return 0;
}

/* runtime.hmap, as much of it as matters here (facts/go-runtime.md 3.1). */
struct hmap {
	__u64 count;
	__u8 flags;
	__u8 B; /* log2 of the buckets */
	__u16 noverflow;
	__u32 hash0;
};

/* runtime.mapextra: two lists of overflow buckets before it. */
#define MAPEXTRA_NEXT_OVERFLOW 16

/* internal/runtime/maps.Map and table, likewise (3.2). */
struct swiss_map {
	__u64 used;
	__u64 seed;
};

struct swiss_table {
	__u16 used;
	__u16 capacity;
	__u32 rest;
};

#define LOG2_BUCKET 3 /* 8 slots in a bucket, and in a group */
#define SPLIT_BITS  24

static __always_inline __u32 log2_u16(__u32 n)
{
	__u32 log2 = 0;

	for (int shift = 8; shift; shift /= 2) {
		if (n >> shift) {
			n >>= shift;
			log2 += shift;
		}
	}
	return log2;
}

/* runtime.overLoadFactor(count, B). */
static __always_inline bool over_load_factor(__u64 count, __u8 B, __u16 load)
{
	__u64 buckets = 1ull << (B & 63);

	return count > 8 && count > load * (buckets / 2);
}

/* An overflow bucket set aside when the buckets were made is no allocation. */
static __always_inline bool has_spare_bucket(__u64 map, const volatile struct go_layout *l)
{
	__u64 extra, next;

	return !read_word(&extra, map + l->hmap_extra) && extra &&
	       !read_word(&next, extra + MAPEXTRA_NEXT_OVERFLOW) && next;
}

enum growth_seen { GROWTH_SEEN, GROWTH_NOT, GROWTH_UNREADABLE };

static __always_inline enum growth_seen classic_growth(struct count_key *key, struct count_value *v,
						       __u64 map, bool overflow,
						       const volatile struct go_layout *l)
{
	enum map_growth how = GROWTH_OVERFLOW;
	struct hmap h;

	if (bpf_probe_read_user(&h, sizeof(h), (void *)map))
		return GROWTH_UNREADABLE;
	if (overflow && has_spare_bucket(map, l))
		return GROWTH_NOT;
	if (!overflow)
		how = over_load_factor(h.count + 1, h.B, l->map_load) ? GROWTH_DOUBLE
								      : GROWTH_SAME_SIZE;
	v->entries = h.count;
	key->detail = GROWTH_DETAIL(how, h.B + LOG2_BUCKET, 0);
	return GROWTH_SEEN;
}

static __always_inline enum growth_seen swiss_growth(struct count_key *key, struct count_value *v,
						     __u64 map, __u64 table, bool split)
{
	struct swiss_table t = {.capacity = 1 << LOG2_BUCKET};
	struct swiss_map m;
	__u32 id = 0;

	if (bpf_probe_read_user(&m, sizeof(m), (void *)map) ||
	    (table && bpf_probe_read_user(&t, sizeof(t), (void *)table)))
		return GROWTH_UNREADABLE;
	if (split)
		id = hash_step(cfg_hash_seed, m.seed) & ((1u << SPLIT_BITS) - 1);
	v->entries = m.used;
	key->detail = GROWTH_DETAIL(split ? GROWTH_SPLIT : GROWTH_DOUBLE, log2_u16(t.capacity), id);
	return GROWTH_SEEN;
}

static __always_inline enum growth_seen growth_of(const struct hit *hit, struct count_key *key,
						  struct count_value *v)
{
	__u64 arg1 = GO_REGS_ARG1(hit->regs), arg2 = GO_REGS_ARG2(hit->regs);
	__u64 arg3 = GO_REGS_ARG3(hit->regs);
	__u8 function = hit->cookie.growth;

	key->type = function == GROWTH_HASH_GROW ? arg1 : arg2;
	switch (function) {
	case GROWTH_HASH_GROW:
		return classic_growth(key, v, arg2, false, hit_layout(hit));
	case GROWTH_NEW_OVERFLOW:
		return classic_growth(key, v, arg1, true, hit_layout(hit));
	case GROWTH_GROW_TO_TABLE:
		return swiss_growth(key, v, arg1, 0, false);
	default:
		return swiss_growth(key, v, arg3, arg1, function == GROWTH_TABLE_SPLIT);
	}
}

SEC("?uprobe")
int go_map_grow(void *ctx)
{
	struct count_key key = {.kind = KIND_MAP_GROW};
	struct count_value v = {.objects = 1};
	struct hit hit;

	if (!hit_begin(&hit, ctx))
		return 0;
	switch (growth_of(&hit, &key, &v)) {
	case GROWTH_SEEN:
		hit_count(&hit, &key, &v);
		break;
	case GROWTH_UNREADABLE:
		lose(LOST_GROWTH);
		break;
	case GROWTH_NOT:
		break;
	}
	return 0;
}

SEC("?uprobe")
int go_wb_flush(void *ctx)
{
	struct count_key key = {.kind = KIND_WB_FLUSH};
	struct count_value v = {.objects = 1};
	struct hit hit;

	if (!hit_begin(&hit, ctx))
		return 0;
	hit_count(&hit, &key, &v);
	return 0;
}

/* Does nothing: what a hit costs before any of our work (calibration, benchmarks). */
SEC("?uprobe")
int nothing(void *ctx __attribute__((unused)))
{
	return 0;
}
