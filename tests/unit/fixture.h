/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Profiles for tests, the same at every run: a small one in which every awkward
 * thing occurs once, and one of any size.
 */
#ifndef ALLOCTAP_TESTS_FIXTURE_H
#define ALLOCTAP_TESTS_FIXTURE_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/builder.h"

/* What fixture_small() adds up to. */
#define FIXTURE_OBJECTS   1040
#define FIXTURE_BYTES     70912
#define FIXTURE_REQUESTED 69000
#define FIXTURE_INSERTS   253
#define FIXTURE_LOST      5

static inline uint32_t fixture_function(struct profile_builder *b, const char *name,
					const char *file, enum function_category category)
{
	struct profile_function f = {.name = profile_builder_str(b, name),
				     .file = profile_builder_str(b, file),
				     .start_line = *file ? 10 : 0,
				     .category = category};

	f.system_name = f.name;
	return profile_builder_function(b, &f);
}

static inline uint32_t fixture_location(struct profile_builder *b, uint64_t address,
					uint32_t mapping, uint32_t function, uint32_t line)
{
	struct profile_line l = {.function = function, .line = line};

	return profile_builder_location(b, address, mapping, &l, 1);
}

static inline uint32_t fixture_target(struct profile_builder *b, uint32_t pid, const char *comm)
{
	struct profile_target t = {.pid = pid,
				   .comm = profile_builder_str(b, comm),
				   .exe = profile_builder_str(b, "/srv/bin/server"),
				   .runtime = profile_builder_str(b, "go"),
				   .version = profile_builder_str(b, "go1.26.8")};

	return profile_builder_target(b, &t);
}

/* A type of which nothing but the name is known; "" is none. */
static inline uint32_t fixture_type(struct profile_builder *b, const char *name)
{
	return profile_builder_type(b, &(struct profile_type){.name = profile_builder_str(b, name)},
				    NULL, 0);
}

static inline uint32_t fixture_string_type(struct profile_builder *b)
{
	struct profile_type type = {.size = 16,
				    .ptr_bytes = 8,
				    .name = profile_builder_str(b, "string"),
				    .kind = 24,
				    .hash = 1,
				    .align = 8};

	return profile_builder_type(b, &type, NULL, 0);
}

/* struct { paid bool; string; open bool } of 32 bytes, which could be 24. */
static inline uint32_t fixture_item_type(struct profile_builder *b)
{
	struct profile_type boolean = {.size = 1,
				       .name = profile_builder_str(b, "bool"),
				       .kind = 1,
				       .hash = 2,
				       .align = 1};
	struct profile_type item = {.size = 32,
				    .ptr_bytes = 16,
				    .name = profile_builder_str(b, "main.item"),
				    .package = profile_builder_str(b, "main"),
				    .kind = 25,
				    .hash = 3,
				    .align = 8};
	struct profile_field fields[] = {
		{0, profile_builder_str(b, "paid"), 0, false},
		{8, profile_builder_str(b, "string"), fixture_string_type(b), true},
		{24, profile_builder_str(b, "open"), 0, false},
	};

	fields[0].type = fields[2].type = profile_builder_type(b, &boolean, NULL, 0);
	return profile_builder_type(b, &item, fields, 3);
}

/* map[string]main.item, and what it is made of. */
static inline uint32_t fixture_map_type(struct profile_builder *b)
{
	struct profile_type map = {.size = 8,
				   .ptr_bytes = 8,
				   .group_size = 392,
				   .slot_size = 48,
				   .name = profile_builder_str(b, "map[string]main.item"),
				   .kind = 21,
				   .hash = 4,
				   .align = 8,
				   .flags = PROFILE_TYPE_SWISS,
				   .key = fixture_string_type(b),
				   .elem = fixture_item_type(b)};

	return profile_builder_type(b, &map, NULL, 0);
}

static inline void fixture_growth(struct profile_builder *b, uint32_t target, uint32_t stack,
				  uint32_t type, enum profile_growth_how how, uint32_t level,
				  uint32_t map, uint64_t count, uint64_t entries)
{
	struct profile_growth g = {target, stack, type, how, level, map, count, entries};

	assert(!profile_builder_growth(b, &g));
}

static inline void fixture_alloc(struct profile_builder *b, uint32_t target, uint32_t stack,
				 uint32_t type, uint64_t objects, uint64_t bytes,
				 uint64_t requested)
{
	struct profile_sample s = {.target = target,
				   .stack = stack,
				   .kind = PROFILE_ALLOC,
				   .type = type,
				   .objects = objects,
				   .bytes = bytes,
				   .requested = requested};

	assert(!profile_builder_sample(b, &s));
}

static inline void fixture_insert(struct profile_builder *b, uint32_t target, uint32_t stack,
				  const char *type, uint64_t inserts)
{
	struct profile_sample s = {.target = target,
				   .stack = stack,
				   .kind = PROFILE_MAP_INSERT,
				   .type = fixture_type(b, type),
				   .objects = inserts};

	assert(!profile_builder_sample(b, &s));
}

/* Takes @b's profile and gives it the scalars. */
static inline struct profile *fixture_finish(struct profile_builder *b)
{
	str_id version = profile_builder_str(b, "v0.1-fixture");
	str_id mode = profile_builder_str(b, "exact");
	struct profile *p = profile_builder_finish(b);

	assert(p);
	profile_builder_free(b);
	p->tool_version = version;
	p->mode = mode;
	p->start_unix_ns = 1700000000000000000ull;
	p->duration_ns = 2500000000ull;
	p->cost = (struct profile_cost){
		.hits = 1300,
		.trap_ns = 700,
		.program_ns = 112.5,
		.target_cpu_share = 0.031,
		.holds = {.programs = 3, .late = 1, .total_ns = 41000000, .longest_ns = 21000000}};
	p->stacks_truncated = 7;
	p->stacks_broken = 2;
	return p;
}

static inline struct profile *fixture_small(unsigned int n_targets)
{
	struct profile_builder *b = profile_builder_new();
	const char *src = "/src/server/main.go", *rt = "/go/src/runtime/malloc.go";
	uint32_t target = fixture_target(b, 4711, "server");
	uint32_t second = n_targets > 1 ? fixture_target(b, 4712, "wor;ker 2") : target;
	struct profile_mapping libfoo = {.start = 0x7f0000000000,
					 .limit = 0x7f0000010000,
					 .target = target,
					 .file = profile_builder_str(b, "/usr/lib/libfoo.so"),
					 .build_id = profile_builder_str(b, "c0ffee")};
	struct profile_mapping exe = {.start = 0x400000,
				      .limit = 0x500000,
				      .offset = 0x1000,
				      .target = target,
				      .file = profile_builder_str(b, "/srv/bin/server"),
				      .build_id = profile_builder_str(b, "0123abcd")};
	uint32_t lib_map = profile_builder_mapping(b, &libfoo);
	uint32_t map = profile_builder_mapping(b, &exe);

	uint32_t mallocgc = fixture_location(
		b, 0x401000, map, fixture_function(b, "runtime.mallocgc", rt, FUNCTION_GO_RUNTIME),
		120);
	uint32_t newobject = fixture_location(
		b, 0x401100, map, fixture_function(b, "runtime.newobject", rt, FUNCTION_GO_RUNTIME),
		220);
	uint32_t growslice = fixture_location(
		b, 0x401200, map, fixture_function(b, "runtime.growslice", rt, FUNCTION_GO_RUNTIME),
		320);
	uint32_t mapassign = fixture_location(
		b, 0x401300, map,
		fixture_function(b, "runtime.mapassign_faststr", rt, FUNCTION_GO_RUNTIME), 420);
	uint32_t init = fixture_location(
		b, 0x401400, map, fixture_function(b, "runtime.doInit1", rt, FUNCTION_GO_RUNTIME),
		520);
	uint32_t goexit = fixture_location(
		b, 0x401500, map, fixture_function(b, "runtime.goexit", rt, FUNCTION_GO_RUNTIME),
		1700);

	uint32_t main_f = fixture_function(b, "main.main", src, FUNCTION_GO);
	uint32_t load_f = fixture_function(b, "main.(*store).load", src, FUNCTION_GO);
	uint32_t main_l = fixture_location(b, 0x402000, map, main_f, 42);
	/* load() inlined into main(). */
	uint32_t load_l =
		profile_builder_location(b, 0x402100, map,
					 (struct profile_line[]){{.function = load_f, .line = 77},
								 {.function = main_f, .line = 43}},
					 2);
	uint32_t odd = fixture_location(
		b, 0x402200, map,
		fixture_function(b, "main.odd[go.shape.struct { a;\x1b[31m b\xff }]", src,
				 FUNCTION_GO),
		99);
	uint32_t numbered = fixture_location(
		b, 0x402300, map, fixture_function(b, "operator new 12", "", FUNCTION_NATIVE), 0);
	uint32_t stripped = fixture_location(
		b, 0x7f0000001000, lib_map,
		fixture_function(b, "[no symbols: libfoo.so]", "", FUNCTION_SPECIAL), 0);
	uint32_t lost = fixture_location(
		b, 0, PROFILE_NONE, fixture_function(b, "[lost stack]", "", FUNCTION_SPECIAL), 0);

	uint32_t by_load =
		profile_builder_stack(b, (uint32_t[]){mallocgc, newobject, load_l, goexit}, 4, 0);
	uint32_t by_odd = profile_builder_stack(
		b, (uint32_t[]){mallocgc, growslice, odd, main_l, goexit}, 5, 0);
	uint32_t inserting =
		profile_builder_stack(b, (uint32_t[]){mapassign, main_l, goexit}, 3, 0);
	uint32_t by_init = profile_builder_stack(b, (uint32_t[]){mallocgc, init, goexit}, 3,
						 PROFILE_STACK_TRUNCATED);
	uint32_t from_c =
		profile_builder_stack(b, (uint32_t[]){numbered, stripped}, 2, PROFILE_STACK_CGO);
	uint32_t lost_stack = profile_builder_stack(b, &lost, 1, 0);

	fixture_alloc(b, target, by_load, 0, 900, 64000, 63000);
	fixture_alloc(b, target, by_load, fixture_item_type(b), 100, 6400, 5500);
	fixture_alloc(b, second, by_odd, 0, 7, 256, 250);
	fixture_alloc(b, target, by_init, 0, 10, 160, 155);
	fixture_alloc(b, target, from_c, 0, 20, 48, 47);
	fixture_alloc(b, target, lost_stack, 0, 3, 48, 48);
	fixture_insert(b, second, inserting, "map[string]int", 230);
	fixture_insert(b, target, lost_stack, "", 23);
	fixture_growth(b, second, inserting, fixture_map_type(b), PROFILE_GROWTH_DOUBLE, 3, 0, 5,
		       8);
	fixture_growth(b, second, inserting, fixture_map_type(b), PROFILE_GROWTH_SPLIT, 10, 77, 2,
		       1800);

	assert(!profile_builder_loss(b, "stack_map_full",
				     "the map of stacks was full: raise --max-stacks", 3));
	assert(!profile_builder_loss(b, "recursion", "the kernel skipped a nested probe", 2));
	assert(!profile_builder_loss(b, "count_map_full", "never seen", 0));
	return fixture_finish(b);
}

static inline uint32_t fixture_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/*
 * @n_stacks different stacks of @depth frames, as a large Go program has them:
 * 4,000 functions with long names, 40,000 places in them, callers in common
 * near the root, one frame in four with a function inlined.
 */
static inline struct profile *fixture_big(size_t n_stacks, size_t depth)
{
	enum { FUNCTIONS = 4000, LOCATIONS = 40000 };
	struct profile_builder *b = profile_builder_new();
	uint32_t *functions = calloc(FUNCTIONS, sizeof(*functions));
	uint32_t *locations = calloc(LOCATIONS, sizeof(*locations));
	uint32_t *stack = calloc(depth, sizeof(*stack));
	uint32_t target = fixture_target(b, 1, "big"), random = 1;
	struct profile_mapping exe = {.start = 0x400000,
				      .limit = 0x8400000,
				      .target = target,
				      .file = profile_builder_str(b, "/srv/bin/server")};
	uint32_t map = profile_builder_mapping(b, &exe);

	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		char name[120], file[120];

		snprintf(name, sizeof(name),
			 "example.org/team/project/internal/pkg%u.(*type%u).method%u", i / 100,
			 i / 10, i);
		snprintf(file, sizeof(file),
			 "/home/build/src/example.org/team/project/internal/pkg%u/file%u.go",
			 i / 100, i / 20);
		functions[i] =
			fixture_function(b, name, file, i < 20 ? FUNCTION_GO_RUNTIME : FUNCTION_GO);
	}
	for (uint32_t i = 0; i < LOCATIONS; i++) {
		struct profile_line lines[2] = {{functions[i % FUNCTIONS], 1 + i / 40},
						{functions[i * 7 % FUNCTIONS], 2 + i / 40}};

		locations[i] = profile_builder_location(b, 0x401000 + i * 16ull, map, lines,
							i % 4 ? 1 : 2);
	}
	for (size_t i = 0; i < n_stacks; i++) {
		/* Leaf first: places get fewer towards the root; the number keeps stacks apart. */
		for (size_t j = 0; j < depth; j++)
			stack[j] = locations[fixture_random(&random) % (LOCATIONS / (1 + j * j))];
		if (depth > 1)
			stack[1] = locations[i % LOCATIONS];
		if (depth > 2)
			stack[2] = locations[i / LOCATIONS % LOCATIONS];
		fixture_alloc(b, target, profile_builder_stack(b, stack, depth, 0), 0, 1 + i % 100,
			      64 + i, 60 + i);
	}
	free(functions);
	free(locations);
	free(stack);
	return fixture_finish(b);
}

#endif
