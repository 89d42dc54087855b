/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A program with three containers: a map and a hash table whose functions can be
 * seen, and a map whose functions were all inlined.
 */
#ifndef ALLOCTAP_TESTS_FIXTURE_CONTAINERS_H
#define ALLOCTAP_TESTS_FIXTURE_CONTAINERS_H

#include "fixture_native.h"

#define TREE  "std::_Rb_tree<int, std::pair<int const, long> >::"
#define TABLE "std::_Hashtable<int, std::pair<int const, long> >::"

struct fixture_containers {
	struct fixture_native f;
	uint64_t address;
};

/* A place in a function of the standard library, or of the program. */
static inline uint32_t container_frame(struct fixture_containers *c, const char *name, bool own)
{
	c->address += 16;
	return native_location(&c->f, c->address, c->f.exe, name, own ? "/src/index.cc" : "",
			       own ? 33 : 0, own ? FUNCTION_NATIVE : FUNCTION_NATIVE_ALLOCATOR);
}

static inline void container_sample(struct fixture_containers *c, enum profile_kind kind,
				    const char *type, const uint32_t *frames, size_t n,
				    uint64_t objects, uint64_t bytes)
{
	struct profile_sample s = {.target = c->f.server,
				   .stack = native_stack(&c->f, 0, frames, n),
				   .kind = kind,
				   .type = fixture_type(c->f.b, type),
				   .objects = objects,
				   .bytes = bytes,
				   .requested = bytes,
				   .entries = kind == PROFILE_MAP_INSERT ? objects - 1 : 0};

	assert(!profile_builder_sample(c->f.b, &s));
}

static inline void container_map(struct fixture_containers *c)
{
	uint32_t add = container_frame(c, "index::add(int)", true);
	uint32_t tapped = container_frame(c, "std::_Rb_tree_insert_and_rebalance(bool)", false);
	uint32_t insert = container_frame(c, TREE "_M_insert_node(int)", false);
	uint32_t create = container_frame(c, TREE "_M_create_node(int)", false);
	/* Not the map's, though its name has one in it. */
	uint32_t vector = container_frame(
		c, "std::vector<std::_Rb_tree_iterator<int> >::_M_realloc_insert(int)", false);

	container_sample(c, PROFILE_MAP_INSERT, "std::map", (uint32_t[]){tapped, insert, add}, 3,
			 1000, 0);
	container_sample(c, PROFILE_ALLOC, "", (uint32_t[]){c->f.malloc_l, c->f.new_l, create, add},
			 4, 1000, 48000);
	container_sample(c, PROFILE_ALLOC, "", (uint32_t[]){c->f.malloc_l, c->f.new_l, vector, add},
			 4, 10, 700);
	container_sample(c, PROFILE_ALLOC, "", (uint32_t[]){c->f.malloc_l, add}, 2, 5, 500);
}

static inline void container_hash(struct fixture_containers *c)
{
	uint32_t put = container_frame(c, "index::put(int)", true);
	uint32_t tapped = container_frame(
		c, "std::__detail::_Prime_rehash_policy::_M_need_rehash(unsigned long)", false);
	uint32_t insert = container_frame(c, TABLE "_M_insert_unique_node(int)", false);
	uint32_t rehash = container_frame(c, TABLE "_M_rehash(unsigned long)", false);
	uint32_t buckets = container_frame(c, TABLE "_M_allocate_buckets(unsigned long)", false);
	uint32_t grown[] = {rehash, insert, put};
	uint32_t stack = native_stack(&c->f, 0, grown, 3);
	/* The smaller ones of two tables; buckets are primes, so a level may be missing. */
	static const uint32_t levels[][2] = {{8, 2}, {9, 2}, {11, 2}, {12, 1}};

	container_sample(c, PROFILE_MAP_INSERT, "std::unordered_map",
			 (uint32_t[]){tapped, insert, put}, 3, 9000, 0);
	container_sample(c, PROFILE_ALLOC, "", (uint32_t[]){c->f.malloc_l, c->f.new_l, insert, put},
			 4, 9000, 216000);
	container_sample(c, PROFILE_ALLOC, "",
			 (uint32_t[]){c->f.malloc_l, c->f.new_l, buckets, rehash, insert, put}, 6,
			 7, 180000);
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		struct profile_growth g = {.target = c->f.server,
					   .stack = stack,
					   .type = fixture_type(c->f.b, "std::unordered_map"),
					   .level = levels[i][0],
					   .count = levels[i][1],
					   .entries = 1ull << levels[i][0]};

		assert(!profile_builder_growth(c->f.b, &g));
	}
}

static inline void container_inlined(struct fixture_containers *c)
{
	uint32_t fill = container_frame(c, "raw::fill(int)", true);
	uint32_t tapped = container_frame(c, "std::_Rb_tree_insert_and_rebalance(bool)", false);

	container_sample(c, PROFILE_MAP_INSERT, "std::map", (uint32_t[]){tapped, fill}, 2, 70, 0);
	container_sample(c, PROFILE_ALLOC, "", (uint32_t[]){c->f.malloc_l, c->f.new_l, fill}, 3, 71,
			 2900);
}

static inline struct profile *fixture_containers(void)
{
	struct fixture_containers c = {.f = fixture_native_begin(), .address = 0x480000};

	container_map(&c);
	container_hash(&c);
	container_inlined(&c);
	return fixture_native_finish(&c.f);
}

#endif
