/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Profiles with collections in them, for tests; the same at every run. */
#ifndef ALLOCTAP_TESTS_FIXTURE_GC_H
#define ALLOCTAP_TESTS_FIXTURE_GC_H

#include "fixture.h"

#define FIXTURE_MS 1000000ull

/* A Go program that decodes, renders, indexes, forces collections and reads its own figures. */
struct fixture_gc {
	struct profile_builder *b;
	uint32_t target;
	/* Stacks; of the last two also what called into the runtime. */
	uint32_t decode, render, index, tick, metrics;
	str_id sweep, mark, stats;
};

static inline uint32_t fixture_gc_stack(struct profile_builder *b, uint32_t map, uint64_t address,
					const char *runtime, const char *name, uint32_t line)
{
	uint32_t leaf = fixture_location(
		b, 0x401000 + line, map,
		fixture_function(b, runtime, "/go/src/runtime/x.go", FUNCTION_GO_RUNTIME), line);
	uint32_t caller = fixture_location(
		b, address, map, fixture_function(b, name, "/src/server.go", FUNCTION_GO), line);

	return profile_builder_stack(b, (uint32_t[]){leaf, caller}, 2, 0);
}

static inline struct fixture_gc fixture_gc_begin(const char *runtime)
{
	struct profile_builder *b = profile_builder_new();
	struct profile_target target = {.pid = 4711,
					.comm = profile_builder_str(b, "server"),
					.exe = profile_builder_str(b, "/srv/bin/server"),
					.runtime = profile_builder_str(b, runtime),
					.version = profile_builder_str(b, "go1.26.8")};
	struct fixture_gc f = {.b = b, .target = profile_builder_target(b, &target)};
	struct profile_mapping exe = {.start = 0x400000,
				      .limit = 0x500000,
				      .target = f.target,
				      .file = profile_builder_str(b, "/srv/bin/server")};
	uint32_t map = profile_builder_mapping(b, &exe);

	f.decode = fixture_gc_stack(b, map, 0x402000, "runtime.mallocgc", "main.decode", 31);
	f.render = fixture_gc_stack(b, map, 0x402100, "runtime.mallocgc", "main.render", 88);
	f.index = fixture_gc_stack(b, map, 0x402200, "runtime.mapassign_faststr", "main.index", 12);
	f.tick = fixture_gc_stack(b, map, 0x402300, "runtime.GC", "main.tick", 7);
	f.metrics = fixture_gc_stack(b, map, 0x402400, "runtime.ReadMemStats", "main.metrics", 20);
	f.sweep = profile_builder_str(b, "GC sweep termination");
	f.mark = profile_builder_str(b, "GC mark termination");
	f.stats = profile_builder_str(b, "read mem stats");
	return f;
}

static inline void fixture_gc_alloc(struct fixture_gc *f, uint32_t stack, const char *type,
				    uint32_t epoch, uint64_t objects, uint64_t bytes)
{
	struct profile_sample s = {.target = f->target,
				   .stack = stack,
				   .kind = PROFILE_ALLOC,
				   .epoch = epoch,
				   .type = fixture_type(f->b, type),
				   .objects = objects,
				   .bytes = bytes,
				   .requested = bytes};

	assert(!profile_builder_sample(f->b, &s));
}

static inline void fixture_gc_assist(struct fixture_gc *f, uint32_t stack, uint32_t epoch,
				     uint64_t assists, uint64_t ns)
{
	struct profile_sample s = {.target = f->target,
				   .stack = stack,
				   .kind = PROFILE_GC_ASSIST,
				   .epoch = epoch,
				   .objects = assists,
				   .ns = ns};

	assert(!profile_builder_sample(f->b, &s));
}

static inline void fixture_gc_cycle(struct fixture_gc *f, uint32_t epoch,
				    enum profile_gc_trigger trigger, uint32_t stack,
				    uint64_t start_ns, uint64_t marking_ns)
{
	struct profile_gc_cycle c = {.start_ns = start_ns,
				     .end_ns = start_ns + marking_ns,
				     .sweep_start_ns = start_ns + marking_ns - 20000,
				     .sweep_end_ns = start_ns + marking_ns + 3 * FIXTURE_MS,
				     .heap_live = 30 << 20,
				     .heap_goal = 32 << 20,
				     .target = f->target,
				     .epoch = epoch,
				     .trigger = trigger,
				     .stack = stack,
				     .gc_percent = 100};

	assert(!profile_builder_gc_cycle(f->b, &c));
}

static inline void fixture_gc_pause(struct fixture_gc *f, uint32_t epoch, str_id reason,
				    uint32_t stack, uint64_t start_ns, uint64_t stopping_ns,
				    uint64_t stopped_ns)
{
	struct profile_gc_pause pause = {.start_ns = start_ns,
					 .stopping_ns = stopping_ns,
					 .stopped_ns = stopped_ns,
					 .target = f->target,
					 .epoch = epoch,
					 .reason = reason,
					 .gc = reason != f->stats,
					 .stack = stack};

	assert(!profile_builder_gc_pause(f->b, &pause));
}

/* A cycle of 20 ms with both its pauses, 100 us together. */
static inline void fixture_gc_whole_cycle(struct fixture_gc *f, uint32_t epoch,
					  enum profile_gc_trigger trigger, uint32_t stack,
					  uint64_t start_ns)
{
	fixture_gc_cycle(f, epoch, trigger, stack, start_ns, 20 * FIXTURE_MS);
	fixture_gc_pause(f, epoch, f->sweep, stack, start_ns, 10000, 30000);
	fixture_gc_pause(f, epoch, f->mark, stack, start_ns + 20 * FIXTURE_MS - 60000, 20000,
			 40000);
}

static inline void fixture_gc_bin(struct fixture_gc *f, uint64_t time_ns, uint64_t bytes)
{
	struct profile_bin bin = {
		.time_ns = time_ns, .target = f->target, .objects = bytes / 64, .bytes = bytes};

	assert(!profile_builder_bin(f->b, &bin));
}

static inline struct profile *fixture_gc_finish(struct fixture_gc *f, uint64_t duration_ns)
{
	struct profile *p = fixture_finish(f->b);

	p->duration_ns = duration_ns;
	return p;
}

/*
 * Decoding and rendering take turns, cycle by cycle: 99 % of what each epoch
 * allocates is by one of them. Of everything else there is a little.
 */
#define FIXTURE_GC_CYCLES 6
#define FIXTURE_GC_EPOCH  4000000 /* bytes allocated in each */
static inline struct profile *fixture_gc_small(void)
{
	static const enum profile_gc_trigger triggers[FIXTURE_GC_CYCLES] = {
		PROFILE_GC_HEAP, PROFILE_GC_HEAP,   PROFILE_GC_HEAP,
		PROFILE_GC_HEAP, PROFILE_GC_FORCED, PROFILE_GC_TIME,
	};
	struct fixture_gc f = fixture_gc_begin("go");
	struct profile_sample inserts = {.stack = f.index,
					 .kind = PROFILE_MAP_INSERT,
					 .type = fixture_type(f.b, "map[string]int"),
					 .objects = 500};

	for (uint32_t e = 0; e <= FIXTURE_GC_CYCLES; e++) {
		uint64_t much = FIXTURE_GC_EPOCH / 100 * 99, little = FIXTURE_GC_EPOCH - much;

		fixture_gc_alloc(&f, f.decode, "main.message", e, e % 2 ? 10 : 1000,
				 e % 2 ? little : much);
		fixture_gc_alloc(&f, f.render, "[]uint8", e, e % 2 ? 1000 : 10,
				 e % 2 ? much : little);
	}
	/* The last first: the builder puts them in order. */
	for (uint32_t c = FIXTURE_GC_CYCLES; c; c--)
		fixture_gc_whole_cycle(&f, c, triggers[c - 1],
				       triggers[c - 1] == PROFILE_GC_FORCED ? f.tick : f.decode,
				       c * 100 * FIXTURE_MS);
	fixture_gc_pause(&f, 0, f.stats, f.metrics, 250 * FIXTURE_MS, 5000, 30000);
	fixture_gc_assist(&f, f.decode, 2, 100, 8 * FIXTURE_MS);
	fixture_gc_assist(&f, f.render, 3, 50, 4 * FIXTURE_MS);
	assert(!profile_builder_sample(f.b, &inserts));
	for (uint64_t ms = 0; ms < 700; ms += 10)
		fixture_gc_bin(&f, ms * FIXTURE_MS, 400000);
	return fixture_gc_finish(&f, 700 * FIXTURE_MS);
}

/* A Java program: two collections, with what its pools held, and its memory as it grew. */
static inline struct profile *fixture_gc_hotspot(void)
{
	static const uint64_t resident[][2] = {{0, 40}, {250, 64}, {500, 48}, {700, 56}};
	struct fixture_gc f = fixture_gc_begin("hotspot");
	str_id name = profile_builder_str(f.b, "G1 Young Generation");
	str_id pools[] = {profile_builder_str(f.b, "G1 Eden Space"),
			  profile_builder_str(f.b, "G1 Old Gen")};
	uint32_t no_stack = profile_builder_stack(f.b, NULL, 0, 0);

	for (uint32_t epoch = 1; epoch <= 2; epoch++) {
		struct profile_gc_cycle c = {.start_ns = epoch * 200 * FIXTURE_MS,
					     .end_ns = (epoch * 200 + 5) * FIXTURE_MS,
					     .heap_live = 30 << 20,
					     .target = f.target,
					     .epoch = epoch,
					     .stack = no_stack,
					     .name = name};

		assert(!profile_builder_gc_cycle(f.b, &c));
		fixture_gc_pause(&f, epoch, profile_builder_str(f.b, "G1CollectForAllocation"),
				 no_stack, c.start_ns - FIXTURE_MS, 10000, 6 * FIXTURE_MS);
		for (uint32_t i = 0; i < 2; i++) {
			struct profile_gc_pool pool = {.target = f.target,
						       .epoch = epoch,
						       .name = pools[i],
						       .before = (i ? 6 : 24) << 20,
						       .after = (uint64_t)i * (6 + epoch) << 20};

			assert(!profile_builder_gc_pool(f.b, &pool));
		}
	}
	for (size_t i = 0; i < 4; i++) {
		struct profile_memory m = {.time_ns = resident[i][0] * FIXTURE_MS,
					   .bytes = resident[i][1] << 20,
					   .peak = (resident[i][1] + (i == 2 ? 32 : 0)) << 20,
					   .target = f.target};

		assert(!profile_builder_memory(f.b, &m));
	}
	return fixture_gc_finish(&f, 700 * FIXTURE_MS);
}

#endif
