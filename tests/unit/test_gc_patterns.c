// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Programs with one habit each, and one with none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_gc.h"
#include "report/gc.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* A steady program: ten cycles a second, 4 MiB before each. */
static void add_steady(struct fixture_gc *f, uint32_t cycles)
{
	for (uint32_t c = 1; c <= cycles; c++) {
		fixture_gc_alloc(f, f->decode, "main.message", c - 1, 1000, 4 * MIB);
		fixture_gc_whole_cycle(f, c, PROFILE_GC_HEAP, f->decode, c * 100 * FIXTURE_MS);
	}
	for (uint64_t ms = 0; ms <= cycles * 100; ms += 10)
		fixture_gc_bin(f, ms * FIXTURE_MS, (300 + ms * 37 % 200) * KIB);
}

/* All patterns of @p are these, with these words in evidence and remedy (NULL: any). */
static void check_patterns(struct profile *p, const enum gc_pattern_kind *kinds, size_t n,
			   const char *const *words)
{
	struct gc_report *r = gc_report_new(p);

	for (size_t i = 0; i < r->n_patterns; i++) {
		assert_true(strlen(r->patterns[i].evidence) > 20);
		assert_true(strlen(r->patterns[i].remedy) > 20);
		assert_null(strchr(r->patterns[i].evidence, '\n'));
		if (i >= n || r->patterns[i].kind != kinds[i])
			fail_msg("found %s: %s", gc_pattern_name(r->patterns[i].kind),
				 r->patterns[i].evidence);
		if (words[2 * i] && !strstr(r->patterns[i].evidence, words[2 * i]))
			fail_msg("evidence \"%s\", not \"%s\"", r->patterns[i].evidence,
				 words[2 * i]);
		if (words[2 * i + 1] && !strstr(r->patterns[i].remedy, words[2 * i + 1]))
			fail_msg("remedy \"%s\", not \"%s\"", r->patterns[i].remedy,
				 words[2 * i + 1]);
	}
	if (r->n_patterns != n)
		fail_msg("%zu patterns, not %zu", r->n_patterns, n);
	gc_report_free(r);
	profile_free(p);
}

static void check_one(struct profile *p, enum gc_pattern_kind kind, const char *evidence,
		      const char *remedy)
{
	check_patterns(p, &kind, 1, (const char *const[]){evidence, remedy});
}

static void a_steady_program_has_none(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");

	(void)state;
	add_steady(&f, 50);
	check_patterns(fixture_gc_finish(&f, 5000 * FIXTURE_MS), NULL, 0, NULL);
}

static void bursts_are_storms(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");

	(void)state;
	add_steady(&f, 20);
	/* Ten more, each after 8 MiB in 20 ms where 400 KiB in 10 ms are usual. */
	for (uint32_t c = 21; c <= 30; c++) {
		fixture_gc_alloc(&f, f.render, "[]uint8", c - 1, 100, 8 * MIB);
		fixture_gc_alloc(&f, f.decode, "main.message", c - 1, 100, 2 * MIB);
		fixture_gc_bin(&f, (c * 100 - 20) * FIXTURE_MS, 4 * MIB);
		fixture_gc_bin(&f, (c * 100 - 10) * FIXTURE_MS, 4 * MIB);
		fixture_gc_whole_cycle(&f, c, PROFILE_GC_HEAP, f.decode, c * 100 * FIXTURE_MS);
		for (uint64_t ms = 0; ms < 80; ms += 10)
			fixture_gc_bin(&f, (c * 100 - 100 + ms) * FIXTURE_MS, 400 * KIB);
	}
	check_one(fixture_gc_finish(&f, 3000 * FIXTURE_MS), GC_PATTERN_STORM,
		  "10 of 30 cycles that the heap started began in a burst: up to 4.00MB in 10 ms "
		  "just before, where 644.1kB is usual. What led to those cycles was allocated at "
		  "main.render (/src/server.go:88) 80.0%, main.decode (/src/server.go:31) 20.0%.",
		  "sync.Pool");
}

/* Two bursts are not a habit. */
static void a_few_bursts_are_no_storm(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");

	(void)state;
	add_steady(&f, 20);
	for (uint32_t c = 21; c <= 22; c++) {
		fixture_gc_bin(&f, (c * 100 - 10) * FIXTURE_MS, 40 * MIB);
		fixture_gc_whole_cycle(&f, c, PROFILE_GC_HEAP, f.decode, c * 100 * FIXTURE_MS);
	}
	check_patterns(fixture_gc_finish(&f, 2200 * FIXTURE_MS), NULL, 0, NULL);
}

static struct profile *with_long_pauses(const char *runtime, uint64_t stopping, uint64_t stopped,
					uint32_t n)
{
	struct fixture_gc f = fixture_gc_begin(runtime);

	add_steady(&f, 50);
	for (uint32_t c = 1; c <= n; c++)
		fixture_gc_pause(&f, c, f.mark, f.decode, (c * 100 + 50) * FIXTURE_MS, stopping,
				 stopped);
	return fixture_gc_finish(&f, 5000 * FIXTURE_MS);
}

static void long_pauses_are_told(void **state)
{
	(void)state;
	check_one(with_long_pauses("go", 4 * FIXTURE_MS, FIXTURE_MS, 10), GC_PATTERN_LONG_PAUSES,
		  "10 of 110 GC pauses took longer than their heap explains: up to 5.00ms (GC mark "
		  "termination), where 1.00ms is ample for 30.0MB live. 80% of their time passed "
		  "until all threads had stopped.",
		  "Threads were slow to stop");
	check_one(with_long_pauses("go", 0, 15 * FIXTURE_MS, 1), GC_PATTERN_LONG_PAUSES,
		  "1 of 101 GC pauses", "What is done in the stopped world was slow");
	check_patterns(with_long_pauses("go", 4 * FIXTURE_MS, 0, 3), NULL, 0, NULL);
	/* What is long for Go is nothing for G1. */
	check_patterns(with_long_pauses("java", 0, 150 * FIXTURE_MS, 10), NULL, 0, NULL);
	check_one(with_long_pauses("java", 0, 450 * FIXTURE_MS, 10), GC_PATTERN_LONG_PAUSES,
		  "where 200.0ms is ample", "Take a collector that moves objects while");
}

static void larger_heaps_may_take_longer(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	struct profile_gc_cycle c = {.start_ns = 7000 * FIXTURE_MS,
				     .end_ns = 7020 * FIXTURE_MS,
				     .heap_live = 40 * GIB,
				     .epoch = 51};

	(void)state;
	add_steady(&f, 50);
	assert(!profile_builder_gc_cycle(f.b, &c));
	for (uint64_t i = 0; i < 10; i++)
		fixture_gc_pause(&f, 51, f.mark, f.decode, (7000 + i) * FIXTURE_MS, 0,
				 4500000 + (i == 9));
	check_patterns(fixture_gc_finish(&f, 9000 * FIXTURE_MS), NULL, 0, NULL);
}

static void the_timer_is_told(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");

	(void)state;
	add_steady(&f, 5);
	fixture_gc_whole_cycle(&f, 6, PROFILE_GC_TIME, f.decode, 120000 * FIXTURE_MS);
	fixture_gc_whole_cycle(&f, 7, PROFILE_GC_TIME, f.decode, 240000 * FIXTURE_MS);
	check_patterns(fixture_gc_finish(&f, 300000 * FIXTURE_MS),
		       (enum gc_pattern_kind[]){GC_PATTERN_STORM, GC_PATTERN_TIMER}, 2,
		       (const char *const[]){"5 of 5 cycles", NULL,
					     "2 of 7 cycles were started by the two-minute timer",
					     "Nothing needs to be done"});
}

static void who_forced_cycles_is_told(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	uint32_t rt = profile_builder_location(f.b, 0x401990, PROFILE_NONE, NULL, 0);
	uint32_t debug = fixture_location(
		f.b, 0x403000, 0,
		fixture_function(f.b, "runtime/debug.FreeOSMemory", "/go/d.go", FUNCTION_GO), 30);
	uint32_t nightly = fixture_location(
		f.b, 0x403100, 0,
		fixture_function(f.b, "main.nightly", "/src/night.go", FUNCTION_GO), 5);
	uint32_t gc = fixture_location(
		f.b, 0x401300, 0,
		fixture_function(f.b, "runtime.GC", "/go/mgc.go", FUNCTION_GO_RUNTIME), 1);
	uint32_t freeing = profile_builder_stack(f.b, (uint32_t[]){gc, debug, nightly, rt}, 4, 0);

	(void)state;
	add_steady(&f, 20);
	for (uint32_t c = 21; c <= 24; c++)
		fixture_gc_whole_cycle(&f, c, PROFILE_GC_FORCED, c == 24 ? freeing : f.tick,
				       c * 100 * FIXTURE_MS);
	check_one(fixture_gc_finish(&f, 2500 * FIXTURE_MS), GC_PATTERN_FORCED,
		  "4 of 24 cycles were started by call, and stopped the world for 400.0us: by "
		  "main.tick (/src/server.go:7) 3 times, 300.0us; by main.nightly "
		  "(/src/night.go:5) once, 100.0us.",
		  "set GOMEMLIMIT");
}

static void assists_are_told_with_payer_and_cause(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	struct fixture_gc little = fixture_gc_begin("go");

	(void)state;
	add_steady(&f, 20);
	/* Epoch 10 rendered besides, four times as much as was decoded; cycle 11 had assists. */
	fixture_gc_alloc(&f, f.render, "[]uint8", 10, 100, 16 * MIB);
	fixture_gc_assist(&f, f.index, 11, 3000, 500 * FIXTURE_MS);
	fixture_gc_assist(&f, f.render, 11, 1000, 100 * FIXTURE_MS);
	check_one(fixture_gc_finish(&f, 2000 * FIXTURE_MS), GC_PATTERN_ASSISTS,
		  "Goroutines spent 600.0ms in 4.00k assists of the GC: 0.3 of them at any moment, "
		  "1.5 while it marked. They were paid at main.index (/src/server.go:12) 500.0ms, "
		  "main.render (/src/server.go:88) 100.0ms.",
		  "Allocate less at main.render (/src/server.go:88) (80% of it), main.decode "
		  "(/src/server.go:31) (20% of it);");
	add_steady(&little, 20);
	fixture_gc_assist(&little, little.render, 11, 1000, 90 * FIXTURE_MS);
	check_patterns(fixture_gc_finish(&little, 2000 * FIXTURE_MS), NULL, 0, NULL);
}

static struct profile *with_limit(uint64_t live, uint64_t goal, uint64_t marking_ns, uint32_t n)
{
	struct fixture_gc f = fixture_gc_begin("go");

	for (uint32_t c = 1; c <= 20; c++) {
		struct profile_gc_cycle cycle = {.start_ns = c * 50 * FIXTURE_MS,
						 .end_ns = c * 50 * FIXTURE_MS + marking_ns,
						 .heap_live = c <= n ? live : 100 * MIB,
						 .heap_goal = c <= n ? goal : 200 * MIB,
						 .memory_limit = 512 * MIB,
						 .epoch = c};

		assert(!profile_builder_gc_cycle(f.b, &cycle));
	}
	return fixture_gc_finish(&f, 2000 * FIXTURE_MS);
}

static void thrashing_at_the_limit_is_told(void **state)
{
	(void)state;
	check_one(with_limit(480 * MIB, 900 * MIB, 30 * FIXTURE_MS, 11), GC_PATTERN_LIMIT,
		  "11 cycles in a row began at the memory limit of 512.0MB, with 480.0MB live, one "
		  "every 48.2ms. The GC was marking for 62% of that time",
		  "raise GOMEMLIMIT");
	/* Little else than that it is over the goal tells where GOGC is what is off. */
	check_one(with_limit(300 * MIB, 900 * MIB, 30 * FIXTURE_MS, 5), GC_PATTERN_LIMIT,
		  "5 cycles in a row", NULL);
	/* Not often enough, not busy enough, not at the limit. */
	check_patterns(with_limit(480 * MIB, 900 * MIB, 30 * FIXTURE_MS, 4), NULL, 0, NULL);
	check_patterns(with_limit(480 * MIB, 900 * MIB, 5 * FIXTURE_MS, 20), NULL, 0, NULL);
	check_patterns(with_limit(300 * MIB, 400 * MIB, 30 * FIXTURE_MS, 20), NULL, 0, NULL);
}

static void other_stops_are_told(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");

	(void)state;
	add_steady(&f, 20);
	for (uint32_t i = 0; i < 9; i++)
		fixture_gc_pause(&f, 0, f.stats, f.metrics, (i * 100 + 50) * FIXTURE_MS, 10000,
				 90000);
	check_one(fixture_gc_finish(&f, 2000 * FIXTURE_MS), GC_PATTERN_STOPS,
		  "The world was stopped 9 times by other than the GC, for 900.0us: read mem "
		  "stats by main.metrics (/src/server.go:20) 9 times, 900.0us.",
		  "runtime/metrics");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_program_has_none),
		cmocka_unit_test(bursts_are_storms),
		cmocka_unit_test(a_few_bursts_are_no_storm),
		cmocka_unit_test(long_pauses_are_told),
		cmocka_unit_test(larger_heaps_may_take_longer),
		cmocka_unit_test(the_timer_is_told),
		cmocka_unit_test(who_forced_cycles_is_told),
		cmocka_unit_test(assists_are_told_with_payer_and_cause),
		cmocka_unit_test(thrashing_at_the_limit_is_told),
		cmocka_unit_test(other_stops_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
