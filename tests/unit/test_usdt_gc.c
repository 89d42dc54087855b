// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What becomes of the events of a garbage collector: cycles and pauses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "session/usdt_gc.h"

#define STARTED_NS 1000000ull
#define PID        42
#define TARGET     0

struct lab {
	struct profile_builder *builder;
	struct usdt_gc *gc;
	struct profile *profile;
};

static struct lab lab_new(void)
{
	struct lab lab = {.builder = profile_builder_new()};

	assert_non_null(lab.builder);
	lab.gc = usdt_gc_new(lab.builder);
	assert_non_null(lab.gc);
	usdt_gc_start(lab.gc, STARTED_NS);
	assert_int_equal(usdt_gc_add_target(lab.gc, PID, TARGET), 0);
	return lab;
}

static const struct profile *lab_finish(struct lab *lab)
{
	usdt_gc_finish(lab->gc);
	profile_builder_target(lab->builder, &(struct profile_target){.pid = PID});
	lab->profile = profile_builder_finish(lab->builder);
	assert_non_null(lab->profile);
	return lab->profile;
}

static void lab_free(struct lab *lab)
{
	profile_free(lab->profile);
	usdt_gc_free(lab->gc);
	profile_builder_free(lab->builder);
}

/* A probe passed @at ns after the start. */
static struct usdt_event event(const char *provider, const char *name, uint64_t at)
{
	const struct gc_probe *probe = gc_probe_find(provider, name);

	assert_non_null(probe);
	return (struct usdt_event){
		.target = PID,
		.tid = PID,
		.time_ns = STARTED_NS + at,
		.probe = (uint32_t)(probe - gc_probes),
	};
}

static void pass(struct lab *lab, const char *provider, const char *name, uint64_t at,
		 int64_t number)
{
	struct usdt_event e = event(provider, name, at);

	e.number = number;
	usdt_gc_take(lab->gc, &e);
}

static void operation(struct lab *lab, const char *name, uint64_t at)
{
	struct usdt_event e = event("hotspot", "vmops__begin", at);

	strncpy(e.text[0], name, sizeof(e.text[0]) - 1);
	usdt_gc_take(lab->gc, &e);
}

static void pool(struct lab *lab, const char *probe, const char *manager, const char *name,
		 uint64_t at, int64_t used)
{
	struct usdt_event e = event("hotspot", probe, at);

	strncpy(e.text[0], manager, sizeof(e.text[0]) - 1);
	strncpy(e.text[1], name, sizeof(e.text[1]) - 1);
	e.number = used;
	usdt_gc_take(lab->gc, &e);
}

/* As G1 does it: 20 ns to stop, collection from 130 to 180, 100 ns stopped. */
static void young_collection(struct lab *lab, uint64_t at)
{
	pass(lab, "hs_private", "safepoint__begin", at, 0);
	operation(lab, "G1CollectForAllocation", at + 20);
	pass(lab, "hotspot", "gc__begin", at + 25, 0);
	pool(lab, "mem__pool__gc__begin", "G1 Young Generation", "Metaspace", at + 30, 7000);
	pool(lab, "mem__pool__gc__begin", "G1 Young Generation", "G1 Eden Space", at + 31, 500);
	pool(lab, "mem__pool__gc__begin", "G1 Young Generation", "G1 Old Gen", at + 32, 41);
	pool(lab, "mem__pool__gc__end", "G1 Young Generation", "Metaspace", at + 79, 0);
	pool(lab, "mem__pool__gc__end", "G1 Young Generation", "G1 Eden Space", at + 80, 0);
	pool(lab, "mem__pool__gc__end", "G1 Young Generation", "G1 Old Gen", at + 80, 77);
	pass(lab, "hotspot", "gc__end", at + 85, 0);
	pass(lab, "hs_private", "safepoint__end", at + 120, 0);
}

static void joins_stops_and_collections_of_hotspot(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;

	(void)state;
	young_collection(&lab, 100);
	young_collection(&lab, 1000);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 2);
	assert_int_equal(p->gc_cycles[0].epoch, 1);
	assert_int_equal(p->gc_cycles[0].start_ns, 130);
	assert_int_equal(p->gc_cycles[0].end_ns, 180);
	assert_int_equal(p->gc_cycles[0].heap_live, 541);
	assert_int_equal(p->gc_cycles[0].trigger, PROFILE_GC_HEAP);
	assert_string_equal(profile_str(p, p->gc_cycles[0].name), "G1 Young Generation");
	assert_int_equal(p->gc_cycles[1].epoch, 2);
	assert_int_equal(p->gc_cycles[1].start_ns, 1030);
	assert_int_equal(p->gc_cycles[1].heap_live, 541);
	assert_int_equal(p->n_gc_pauses, 2);
	assert_int_equal(p->gc_pauses[1].start_ns, 1000);
	assert_int_equal(p->gc_pauses[1].stopping_ns, 20);
	assert_int_equal(p->gc_pauses[1].stopped_ns, 100);
	assert_int_equal(p->gc_pauses[1].epoch, 2);
	assert_true(p->gc_pauses[1].gc);
	assert_string_equal(profile_str(p, p->gc_pauses[1].reason), "G1CollectForAllocation");
	/* Of its pools those that hold no objects are left out. */
	assert_int_equal(p->n_gc_pools, 4);
	for (uint32_t i = 0; i < 4; i++) {
		const struct profile_gc_pool *pool = &p->gc_pools[i];
		bool eden = i % 2 == 0;

		assert_int_equal(pool->epoch, 1 + i / 2);
		assert_string_equal(profile_str(p, pool->name),
				    eden ? "G1 Eden Space" : "G1 Old Gen");
		assert_int_equal(pool->before, eden ? 500 : 41);
		assert_int_equal(pool->after, eden ? 0 : 77);
	}
	lab_free(&lab);
}

static void tells_other_stops_from_collections(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;

	(void)state;
	operation(&lab, "HandshakeAllThreads", 10); /* stops nobody */
	pass(&lab, "hs_private", "safepoint__begin", 50, 0);
	operation(&lab, "RevokeBias", 70);
	pass(&lab, "hs_private", "safepoint__end", 90, 0);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 0);
	assert_int_equal(p->n_gc_pauses, 1);
	assert_false(p->gc_pauses[0].gc);
	assert_int_equal(p->gc_pauses[0].epoch, 0);
	assert_int_equal(p->gc_pauses[0].stopped_ns, 20);
	assert_string_equal(profile_str(p, p->gc_pauses[0].reason), "RevokeBias");
	lab_free(&lab);
}

/* Parallel: a young and a full collection in one stop, because System.gc() wants both. */
static void finds_two_collections_in_one_stop(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;

	(void)state;
	pass(&lab, "hs_private", "safepoint__begin", 10, 0);
	operation(&lab, "ParallelGCSystemGC", 20);
	pass(&lab, "hotspot", "gc__begin", 21, 1);
	pool(&lab, "mem__pool__gc__begin", "PS Scavenge", "PS Old Gen", 30, 100);
	pool(&lab, "mem__pool__gc__end", "PS Scavenge", "PS Old Gen", 40, 90);
	pool(&lab, "mem__pool__gc__begin", "PS MarkSweep", "PS Old Gen", 50, 90);
	pool(&lab, "mem__pool__gc__end", "PS MarkSweep", "PS Old Gen", 60, 10);
	pass(&lab, "hotspot", "gc__end", 61, 0);
	pass(&lab, "hs_private", "safepoint__end", 70, 0);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 2);
	assert_int_equal(p->gc_cycles[0].trigger, PROFILE_GC_FORCED);
	assert_int_equal(p->gc_cycles[1].trigger, PROFILE_GC_FORCED);
	assert_int_equal(p->gc_cycles[1].start_ns, 50);
	assert_int_equal(p->gc_cycles[1].heap_live, 90);
	assert_string_equal(profile_str(p, p->gc_cycles[1].name), "PS MarkSweep");
	assert_int_equal(p->n_gc_pauses, 1);
	assert_int_equal(p->gc_pauses[0].epoch, 2);
	lab_free(&lab);
}

/* An allocation that ends in a full collection is no call for one. */
static void tells_why_a_collection_began(void **state)
{
	static const struct {
		const char *operation;
		int full;
		enum profile_gc_trigger trigger;
	} all[] = {
		{"G1CollectForAllocation", 0, PROFILE_GC_HEAP},
		{"SerialCollectForAllocation", 1, PROFILE_GC_HEAP},
		{"CollectForMetadataAllocation", 1, PROFILE_GC_UNKNOWN},
		{"G1CollectFull", 1, PROFILE_GC_FORCED},
		{"G1PauseRemark", 0, PROFILE_GC_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct lab lab = lab_new();
		const struct profile *p;

		pass(&lab, "hs_private", "safepoint__begin", 10, 0);
		operation(&lab, all[i].operation, 20);
		pass(&lab, "hotspot", "gc__begin", 30, all[i].full);
		pool(&lab, "mem__pool__gc__begin", "manager", "pool", 40, 1);
		p = lab_finish(&lab);
		assert_int_equal(p->n_gc_cycles, 1);
		assert_int_equal(p->gc_cycles[0].trigger, all[i].trigger);
		lab_free(&lab);
	}
}

/* ZGC: minor cycles within a major one, outside of stops. The last one never ends. */
static void keeps_overlapping_collections_apart(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;

	(void)state;
	pool(&lab, "mem__pool__gc__begin", "ZGC Major Cycles", "ZGC Old Generation", 10, 1);
	pool(&lab, "mem__pool__gc__begin", "ZGC Minor Cycles", "ZGC Old Generation", 20, 2);
	pool(&lab, "mem__pool__gc__end", "ZGC Minor Cycles", "ZGC Old Generation", 30, 0);
	pool(&lab, "mem__pool__gc__begin", "ZGC Minor Cycles", "ZGC Old Generation", 40, 3);
	pool(&lab, "mem__pool__gc__end", "ZGC Major Cycles", "ZGC Old Generation", 50, 0);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 3);
	assert_int_equal(p->gc_cycles[0].start_ns, 10);
	assert_int_equal(p->gc_cycles[0].end_ns, 50);
	assert_int_equal(p->gc_cycles[1].start_ns, 20);
	assert_int_equal(p->gc_cycles[1].end_ns, 30);
	assert_int_equal(p->gc_cycles[2].start_ns, 40);
	assert_int_equal(p->gc_cycles[2].end_ns, 0);
	assert_int_equal(p->gc_cycles[2].trigger, PROFILE_GC_UNKNOWN);
	/* What was left after the last is not known. */
	assert_int_equal(p->n_gc_pools, 2);
	assert_int_equal(p->gc_pools[1].before, 2);
	lab_free(&lab);
}

static void takes_an_interpreter_for_stopped_while_it_collects(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;

	(void)state;
	pass(&lab, "python", "gc__done", 5, 0); /* began before us */
	pass(&lab, "python", "gc__start", 10, 2);
	pass(&lab, "python", "gc__done", 35, 17);
	pass(&lab, "python", "gc__start", 50, 0);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 2);
	assert_int_equal(p->gc_cycles[0].start_ns, 10);
	assert_int_equal(p->gc_cycles[0].end_ns, 35);
	assert_string_equal(profile_str(p, p->gc_cycles[0].name), "generation 2");
	assert_int_equal(p->gc_cycles[1].start_ns, 50);
	assert_int_equal(p->gc_cycles[1].end_ns, 0);
	assert_int_equal(p->n_gc_pauses, 1);
	assert_int_equal(p->gc_pauses[0].stopping_ns, 0);
	assert_int_equal(p->gc_pauses[0].stopped_ns, 25);
	assert_int_equal(p->gc_pauses[0].epoch, 1);
	assert_true(p->gc_pauses[0].gc);
	lab_free(&lab);
}

static void counts_sweeping_within_marking_once(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;

	(void)state;
	pass(&lab, "ruby", "gc__mark__begin", 100, 0);
	pass(&lab, "ruby", "gc__sweep__begin", 110, 0);
	pass(&lab, "ruby", "gc__sweep__end", 120, 0);
	pass(&lab, "ruby", "gc__mark__end", 200, 0);
	pass(&lab, "ruby", "gc__sweep__begin", 300, 0);
	pass(&lab, "ruby", "gc__sweep__end", 330, 0);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 1);
	assert_int_equal(p->gc_cycles[0].end_ns, 200);
	assert_int_equal(p->n_gc_pauses, 2);
	assert_int_equal(p->gc_pauses[0].stopped_ns, 100);
	assert_string_equal(profile_str(p, p->gc_pauses[0].reason), "mark");
	assert_int_equal(p->gc_pauses[1].stopped_ns, 30);
	assert_int_equal(p->gc_pauses[1].epoch, 1);
	assert_string_equal(profile_str(p, p->gc_pauses[1].reason), "sweep");
	lab_free(&lab);
}

/* More managers than there are, names that fill their room, times that run backwards. */
static void survives_events_that_make_no_sense(void **state)
{
	struct lab lab = lab_new();
	const struct profile *p;
	struct usdt_event e;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		char manager[USDT_TEXT_MAX];

		snprintf(manager, sizeof(manager), "manager %d", (int)i);
		pool(&lab, "mem__pool__gc__begin", manager, "pool", i, INT64_MIN);
		pass(&lab, "hs_private", "safepoint__end", i, 0);
		pass(&lab, "hotspot", "gc__begin", i, 0);
	}
	e = event("hotspot", "gc__begin", 0);
	e.probe = UINT32_MAX;
	usdt_gc_take(lab.gc, &e);
	e = event("python", "gc__start", 0);
	e.target = PID + 1;
	usdt_gc_take(lab.gc, &e);
	e = event("python", "gc__start", 0);
	e.time_ns = 5; /* before the start */
	usdt_gc_take(lab.gc, &e);
	e = event("python", "gc__done", 10);
	e.tid = 7; /* of another thread */
	usdt_gc_take(lab.gc, &e);
	p = lab_finish(&lab);
	assert_int_equal(p->n_gc_cycles, 101);
	assert_int_equal(p->n_gc_pauses, 0);
	for (size_t i = 0; i < p->n_gc_cycles; i++)
		assert_int_equal(p->gc_cycles[i].heap_live, 0);
	assert_int_equal(usdt_gc_dropped(lab.gc), 0);
	lab_free(&lab);
}

/* An interpreter may collect thousands of times a second, for days. */
static void keeps_a_bounded_number(void **state)
{
	const uint64_t most = 1000000, pairs = 600000;
	struct lab lab = lab_new();

	(void)state;
	for (uint64_t i = 0; i < pairs; i++) {
		pass(&lab, "python", "gc__start", 20 * i, 0);
		pass(&lab, "python", "gc__done", 20 * i + 10, 0);
	}
	usdt_gc_finish(lab.gc);
	assert_int_equal(usdt_gc_n_cycles(lab.gc) + usdt_gc_n_pauses(lab.gc), most);
	assert_int_equal(usdt_gc_dropped(lab.gc), 2 * pairs - most);
	lab_free(&lab);
}

static void knows_runtimes_by_their_files(void **state)
{
	static const struct {
		const char *path, *id;
	} all[] = {
		{"/usr/bin/python3.11", "cpython"},
		{"/usr/lib/x86_64-linux-gnu/libpython3.13.so.1.0", "cpython"},
		{"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", "hotspot"},
		{"/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1.2", "ruby"},
		{"ruby3.1", "ruby"},
		{"/usr/bin/node", "nodejs"},
		{"/usr/lib/x86_64-linux-gnu/libnode.so.108", "nodejs"},
		{"/usr/lib/libc.so.6", NULL},
		{"/usr/lib/rubygems.so", NULL},
		{"/usr/bin/node_exporter", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const struct gc_runtime *r = gc_runtime_of_file(all[i].path);

		if (!r != !all[i].id || (r && strcmp(r->id, all[i].id) != 0))
			fail_msg("%s: taken for %s", all[i].path, r ? r->id : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_stops_and_collections_of_hotspot),
		cmocka_unit_test(tells_other_stops_from_collections),
		cmocka_unit_test(finds_two_collections_in_one_stop),
		cmocka_unit_test(tells_why_a_collection_began),
		cmocka_unit_test(keeps_overlapping_collections_apart),
		cmocka_unit_test(takes_an_interpreter_for_stopped_while_it_collects),
		cmocka_unit_test(counts_sweeping_within_marking_once),
		cmocka_unit_test(survives_events_that_make_no_sense),
		cmocka_unit_test(keeps_a_bounded_number),
		cmocka_unit_test(knows_runtimes_by_their_files),
	};

	return cmocka_run_group_tests_name("usdt_gc", tests, NULL, NULL);
}
