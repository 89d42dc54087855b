// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What is kept of the live heap while recording; the live map is the kernel's, where it may. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "session/live.h"

#include "alloctap.skel.h"

#define SECOND  1000000000ull
#define STARTED (5 * SECOND)

struct lab {
	struct live *live;
	struct alloctap_bpf *skel;
	struct raw_counts raw;
	int map; /* -1: we may have none */
};

static int set_up(void **state)
{
	static struct lab lab;

	lab = (struct lab){.live = live_new(10), .skel = alloctap_bpf__open()};
	lab.map = bpf_map_create(BPF_MAP_TYPE_HASH, "live", sizeof(struct live_key),
				 sizeof(struct live_value), 100, NULL);
	*state = &lab;
	if (!lab.live || !lab.skel ||
	    (lab.map >= 0 && bpf_map__reuse_fd(lab.skel->maps.live, lab.map)))
		return -1;
	return live_start(lab.live, lab.skel, STARTED);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;

	live_free(lab->live);
	alloctap_bpf__destroy(lab->skel);
	raw_counts_free(&lab->raw);
	if (lab->map >= 0)
		close(lab->map);
	return 0;
}

static void count(struct lab *lab, uint32_t target, uint64_t stack, bool is_free, uint64_t n)
{
	struct count_key key = {
		.kind = is_free ? KIND_FREE : KIND_ALLOC,
		.detail = is_free ? 0 : ALLOC_FOLLOWED,
		.stack = stack,
		.target = target,
	};
	struct count_value value = {.objects = n, .bytes = 10 * n, .requested = 10 * n};

	assert_int_equal(raw_counts_add(&lab->raw, &key, &value), 0);
}

/* Blocks of 10 bytes at addresses that are nobody else's. */
static void put_blocks(struct lab *lab, uint32_t target, uint64_t stack, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct live_key key = {.address = 0x1000 * stack + i, .target = target};
		struct live_value block = {
			.size = 10, .stack = stack, .time_ns = STARTED + (n - i) * SECOND};

		assert_int_equal(bpf_map_update_elem(lab->map, &key, &block, BPF_NOEXIST), 0);
	}
	count(lab, target, stack, false, n);
}

static uint64_t blocks_left(const struct lab *lab)
{
	struct live_key key, *before = NULL;
	uint64_t n = 0;

	for (; !bpf_map_get_next_key(lab->map, before, &key); before = &key)
		n++;
	return n;
}

static void look(struct lab *lab, uint64_t second)
{
	assert_int_equal(live_look(lab->live, &lab->raw, STARTED + second * SECOND), 0);
}

static uint32_t target_of(void *ctx, uint32_t target)
{
	(void)ctx;
	return target - 1;
}

static uint32_t stack_of(void *ctx, uint32_t target, uint64_t stack)
{
	uint32_t location = profile_builder_location(ctx, stack, PROFILE_NONE, NULL, 0);

	(void)target;
	return profile_builder_stack(ctx, &location, 1, 0);
}

static struct profile *result(struct lab *lab)
{
	struct profile_builder *b = profile_builder_new();
	struct profile_heap heap;
	struct profile *p;

	assert_non_null(b);
	profile_builder_target(b, &(struct profile_target){.pid = 1});
	profile_builder_target(b, &(struct profile_target){.pid = 2});
	assert_int_equal(live_result(lab->live, b, target_of, stack_of, b, &heap), 0);
	p = profile_builder_finish(b);
	assert_non_null(p);
	p->heap = heap;
	profile_builder_free(b);
	return p;
}

/* Eight have room: then every second goes, and they are taken half as often. */
static void snapshots_are_thinned_out(void **state)
{
	static const uint64_t times[] = {4, 8, 12, 16, 20};
	struct lab *lab = *state;
	const struct profile_live *row;
	struct profile *p;

	for (uint64_t second = 1; second <= 20; second++) {
		count(lab, 1, 1, false, 2);
		count(lab, 1, 1, true, 1);
		if (second > 10)
			count(lab, 1, 2, false, 3);
		look(lab, second);
	}
	assert_int_equal(live_totals(lab->live).objects, 20 + 30);
	p = result(lab);
	assert_int_equal(p->heap.n_snapshots, 5);
	assert_int_equal(p->n_live, 2);
	row = p->live;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(p->heap.snapshot_ns[i], times[i] * SECOND);
		assert_int_equal(row[0].snapshot_objects[i], times[i]);
		assert_int_equal(row[0].snapshot_bytes[i], 10 * times[i]);
		/* It was not there at first. */
		assert_int_equal(row[1].snapshot_objects[i],
				 times[i] > 10 ? 3 * (times[i] - 10) : 0);
	}
	assert_int_equal(row[0].peak_bytes, 200);
	profile_free(p);
}

/* Where there is room they stay in the kernel, else they are taken out: and known, once. */
static void blocks_of_targets_that_are_gone_are_swept(void **state)
{
	struct lab *lab = *state;
	struct profile *p;

	if (lab->map < 0)
		skip();
	put_blocks(lab, 1, 1, 4);
	assert_int_equal(live_gone(lab->live, 1), 0);
	look(lab, 1);
	assert_int_equal(blocks_left(lab), 4);
	put_blocks(lab, 2, 2, 5);
	look(lab, 2);
	assert_int_equal(blocks_left(lab), 5);
	assert_int_equal(live_totals(lab->live).objects, 9);
	assert_int_equal(live_finish(lab->live, &lab->raw), 0);
	p = result(lab);
	assert_int_equal(p->n_live, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(p->live[i].target, i);
		assert_int_equal(p->live[i].objects, 4 + i);
		assert_int_equal(p->live[i].bytes, 10 * (4 + i));
		assert_int_equal(p->live[i].oldest_ns, SECOND);
	}
	profile_free(p);
}

static void says_since_when_it_is_partial(void **state)
{
	struct lab *lab = *state;
	struct profile *p = result(lab);

	assert_true(p->heap.recorded);
	assert_int_equal(p->heap.partial_since_ns, 0);
	profile_free(p);
	lab->skel->bss->live_full_ns = STARTED + 3 * SECOND;
	p = result(lab);
	assert_int_equal(p->heap.partial_since_ns, 3 * SECOND);
	profile_free(p);
	/* Before all probes were in: 0 would say that nothing is missing. */
	lab->skel->bss->live_full_ns = STARTED - 1;
	p = result(lab);
	assert_int_equal(p->heap.partial_since_ns, 1);
	profile_free(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(snapshots_are_thinned_out),
		TEST(blocks_of_targets_that_are_gone_are_swept),
		TEST(says_since_when_it_is_partial),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
