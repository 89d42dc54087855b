/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Two C++ processes with their live heap, the same at every run. What lives:
 *
 *	cache::put	600 blocks, 38400 bytes; grows at every look
 *	session::open	7 blocks, 28672 bytes; the oldest; stays as it is
 *	[worker] main	2 blocks, 64 bytes; grew once
 *	g_strdup	all 50 were freed
 */
#ifndef ALLOCTAP_TESTS_FIXTURE_NATIVE_H
#define ALLOCTAP_TESTS_FIXTURE_NATIVE_H

#include "fixture.h"

#define NATIVE_ALLOCS      1063
#define NATIVE_ALLOC_BYTES 93864
#define NATIVE_FREES       454
#define NATIVE_FREED_BYTES 26728
#define NATIVE_LIVE        609
#define NATIVE_LIVE_BYTES  67136

struct fixture_native {
	struct profile_builder *b;
	uint32_t server, worker; /* targets */
	uint32_t exe, libc, libglib;
	uint32_t malloc_l, new_l, main_l, put_l, open_l;
	uint32_t by_put, by_open, by_strdup, by_worker, by_mmap, by_brk;
};

static inline uint32_t native_location(struct fixture_native *f, uint64_t address, uint32_t mapping,
				       const char *name, const char *file, uint32_t line,
				       enum function_category category)
{
	return fixture_location(f->b, address, mapping,
				fixture_function(f->b, name, file, category), line);
}

static inline void native_targets(struct fixture_native *f)
{
	struct profile_target server = {.pid = 300,
					.comm = profile_builder_str(f->b, "server"),
					.exe = profile_builder_str(f->b, "/usr/bin/server"),
					.ppid = 1,
					.allocator = profile_builder_str(f->b, "glibc")};
	struct profile_target worker = server;

	f->server = profile_builder_target(f->b, &server);
	worker.pid = 301;
	worker.comm = profile_builder_str(f->b, "worker");
	worker.ppid = 300;
	worker.container = profile_builder_str(f->b, "3f1c0a9be2d4");
	worker.start_ns = 250000000;
	worker.end_ns = 2000000000;
	worker.untapped_ns = 12300000;
	f->worker = profile_builder_target(f->b, &worker);
}

static inline uint32_t native_mapping(struct fixture_native *f, uint64_t start, const char *file)
{
	struct profile_mapping m = {.start = start,
				    .limit = start + 0x100000,
				    .target = f->server,
				    .file = profile_builder_str(f->b, file)};

	return profile_builder_mapping(f->b, &m);
}

static inline uint32_t native_stack(struct fixture_native *f, uint32_t flags, const uint32_t *l,
				    size_t n)
{
	return profile_builder_stack(f->b, l, n, flags);
}

static inline void native_stacks(struct fixture_native *f)
{
	uint32_t strdup_l, start_l, mmap_l, brk_l;

	f->exe = native_mapping(f, 0x400000, "/usr/bin/server");
	f->libc = native_mapping(f, 0x7f0000000000, "/usr/lib/libc.so.6");
	f->libglib = native_mapping(f, 0x7f0000200000, "/usr/lib/libglib-2.0.so.0");
	f->malloc_l = native_location(f, 0x7f0000001000, f->libc, "malloc", "", 0,
				      FUNCTION_NATIVE_ALLOCATOR);
	f->new_l = native_location(f, 0x7f0000002000, f->libc, "operator new(unsigned long)", "", 0,
				   FUNCTION_NATIVE_ALLOCATOR);
	start_l = native_location(f, 0x401000, f->exe, "_start", "", 0, FUNCTION_NATIVE);
	f->main_l =
		native_location(f, 0x402000, f->exe, "main", "/src/main.cc", 9, FUNCTION_NATIVE);
	f->put_l = native_location(f, 0x403000, f->exe, "cache::put(char const*)", "/src/cache.cc",
				   42, FUNCTION_NATIVE);
	f->open_l = native_location(f, 0x404000, f->exe, "session::open()", "/src/session.cc", 7,
				    FUNCTION_NATIVE);
	strdup_l =
		native_location(f, 0x7f0000201000, f->libglib, "g_strdup", "", 0, FUNCTION_NATIVE);
	mmap_l = native_location(f, 0x7f0000003000, f->libc, "mmap", "", 0,
				 FUNCTION_NATIVE_ALLOCATOR);
	brk_l = native_location(f, 0x7f0000004000, f->libc, "sbrk", "", 0,
				FUNCTION_NATIVE_ALLOCATOR);
	f->by_mmap = native_stack(f, 0, (uint32_t[]){mmap_l, f->malloc_l, f->open_l, f->main_l}, 4);
	f->by_brk = native_stack(f, 0, (uint32_t[]){brk_l}, 1);
	f->by_put = native_stack(
		f, 0, (uint32_t[]){f->malloc_l, f->new_l, f->put_l, f->main_l, start_l}, 5);
	f->by_open = native_stack(f, PROFILE_STACK_FRAME_POINTER,
				  (uint32_t[]){f->malloc_l, f->open_l, f->main_l, start_l}, 4);
	f->by_strdup = native_stack(f, PROFILE_STACK_NO_TABLE | PROFILE_STACK_BROKEN,
				    (uint32_t[]){f->malloc_l, strdup_l}, 2);
	f->by_worker =
		native_stack(f, PROFILE_STACK_BROKEN, (uint32_t[]){f->malloc_l, f->main_l}, 2);
}

static inline void native_sample(struct fixture_native *f, uint32_t target, uint32_t stack,
				 enum profile_kind kind, uint64_t objects, uint64_t bytes)
{
	struct profile_sample s = {.target = target,
				   .stack = stack,
				   .kind = kind,
				   .objects = objects,
				   .bytes = bytes,
				   .requested = bytes};

	assert(!profile_builder_sample(f->b, &s));
}

static inline struct fixture_native fixture_native_begin(void)
{
	struct fixture_native f = {.b = profile_builder_new()};

	native_targets(&f);
	native_stacks(&f);
	native_sample(&f, f.server, f.by_put, PROFILE_ALLOC, 1000, 64000);
	native_sample(&f, f.server, f.by_put, PROFILE_FREE, 400, 25600);
	native_sample(&f, f.server, f.by_open, PROFILE_ALLOC, 7, 28672);
	native_sample(&f, f.server, f.by_strdup, PROFILE_ALLOC, 50, 1000);
	native_sample(&f, f.server, f.by_strdup, PROFILE_FREE, 50, 1000);
	native_sample(&f, f.server, f.by_mmap, PROFILE_MMAP, 3, 1 << 20);
	native_sample(&f, f.server, f.by_mmap, PROFILE_MUNMAP, 1, 4096);
	native_sample(&f, f.server, f.by_brk, PROFILE_BRK, 2, 270336);
	native_sample(&f, f.worker, f.by_worker, PROFILE_ALLOC, 6, 192);
	native_sample(&f, f.worker, f.by_worker, PROFILE_FREE, 4, 128);
	return f;
}

static inline void native_live(struct fixture_native *f)
{
	struct profile_live put = {.target = f->server,
				   .stack = f->by_put,
				   .objects = 600,
				   .bytes = 38400,
				   .oldest_ns = 5000000,
				   .peak_bytes = 38400,
				   .snapshot_objects = {100, 200, 300, 500},
				   .snapshot_bytes = {6400, 12800, 19200, 32000}};
	struct profile_live open = {.target = f->server,
				    .stack = f->by_open,
				    .objects = 7,
				    .bytes = 28672,
				    .oldest_ns = 1000000,
				    .peak_bytes = 28672,
				    .snapshot_objects = {7, 7, 7, 7},
				    .snapshot_bytes = {28672, 28672, 28672, 28672}};
	struct profile_live strdups = {.target = f->server,
				       .stack = f->by_strdup,
				       .peak_bytes = 200,
				       .snapshot_objects = {3, 10, 0, 1},
				       .snapshot_bytes = {60, 200, 0, 20}};
	struct profile_live worker = {.target = f->worker,
				      .stack = f->by_worker,
				      .objects = 2,
				      .bytes = 64,
				      .oldest_ns = 1900000000,
				      .peak_bytes = 64,
				      .snapshot_objects = {0, 0, 0, 1},
				      .snapshot_bytes = {0, 0, 0, 32}};

	assert(!profile_builder_live(f->b, &put));
	assert(!profile_builder_live(f->b, &open));
	assert(!profile_builder_live(f->b, &strdups));
	assert(!profile_builder_live(f->b, &worker));
}

static inline struct profile *fixture_native_finish(struct fixture_native *f)
{
	struct profile *p = fixture_finish(f->b);

	p->stacks_truncated = 0;
	p->stacks_broken = 56;
	return p;
}

static inline struct profile *fixture_native(void)
{
	struct fixture_native f = fixture_native_begin();
	struct profile *p;

	native_live(&f);
	p = fixture_native_finish(&f);
	p->heap = (struct profile_heap){
		.recorded = true,
		.n_snapshots = 4,
		.snapshot_ns = {500000000, 1000000000, 1500000000, 2000000000},
		.untracked_frees = 3,
		.peak_bytes = 68000,
		.peak_ns = 2400000000,
	};
	return p;
}

#endif
