/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Profiles with collections that the page's timeline is tried on. */
#ifndef ALLOCTAP_TESTS_HTML_GC_H
#define ALLOCTAP_TESTS_HTML_GC_H

#include "fixture_gc.h"
#include "html_pages.h"

#define HOUR_CYCLES     10000
#define HOUR_BINS       360000
#define HOUR_KEPT       1000 /* epochs that are told apart, of them: */
#define HOUR_WORST      30   /* from before the others were folded */
#define HOUR_STACKS     200
#define HOUR_CYCLE_BINS (HOUR_BINS / HOUR_CYCLES)

/* An hour of a busy server, as record keeps it: the worst and the last epochs. */
static inline struct profile *page_hour(void)
{
	struct fixture_gc f = fixture_gc_begin("go");
	uint32_t stacks[HOUR_STACKS], folded = HOUR_CYCLES - HOUR_KEPT;
	uint64_t state = 88172645463325252ull;
	struct profile *p;

	for (uint32_t i = 0; i < HOUR_STACKS; i++) {
		char text[120];

		snprintf(text, sizeof(text),
			 "main.main:4;main.group%u:%u;main.work%u:%u;runtime.mallocgc:1", i % 7, i,
			 i, i + 1);
		stacks[i] = page_stack(f.b, text, 0);
	}
	for (uint32_t e = 0; e <= HOUR_CYCLES; e++) {
		uint32_t at = e > folded || (e % (folded / HOUR_WORST)) == 1 ? e : folded;

		for (uint32_t i = 0; i < HOUR_STACKS; i += 1 + page_random(&state) % 16)
			fixture_gc_alloc(&f, stacks[i], i % 3 ? "main.A" : "main.B", at, 10,
					 4096 + i);
	}
	for (uint32_t c = 1; c <= HOUR_CYCLES; c++) {
		uint64_t start =
			(uint64_t)(c - 1) * HOUR_CYCLE_BINS * PROFILE_BIN_NS + 5 * FIXTURE_MS;

		fixture_gc_cycle(&f, c, c % 500 ? PROFILE_GC_HEAP : PROFILE_GC_FORCED, f.tick,
				 start, (20 + page_random(&state) % 30) * FIXTURE_MS);
		fixture_gc_pause(&f, c, f.sweep, f.decode, start, 10000, 20000);
		fixture_gc_pause(&f, c, f.mark, f.decode, start + 15 * FIXTURE_MS, 5000,
				 20000 + page_random(&state) % (c % 100 ? 90000 : 9000000));
	}
	for (uint64_t i = 0; i < HOUR_BINS; i++)
		fixture_gc_bin(&f, i * PROFILE_BIN_NS, 300000 + page_random(&state) % 9000000);
	p = fixture_gc_finish(&f, HOUR_BINS * PROFILE_BIN_NS);
	p->epochs_folded = folded;
	return p;
}

/* Two programs at a time, whose cycles have the same numbers. */
static inline struct profile *page_collected_two(void)
{
	struct fixture_gc f = fixture_gc_begin("go"), other = f;

	page_target(f.b, "worker", 4712);
	other.target = 1;
	for (uint32_t c = 1; c <= 3; c++) {
		fixture_gc_alloc(&f, f.decode, "main.message", c - 1, 1, 1000 * c);
		fixture_gc_alloc(&other, f.render, "main.page", c - 1, 1, 7);
		fixture_gc_whole_cycle(&f, c, PROFILE_GC_HEAP, f.decode, c * 100 * FIXTURE_MS);
		fixture_gc_whole_cycle(&other, c, PROFILE_GC_HEAP, f.decode,
				       c * 100 * FIXTURE_MS + 350 * FIXTURE_MS);
	}
	return fixture_gc_finish(&f, 1000 * FIXTURE_MS);
}

/* Words of a runtime that nobody means well with. */
static inline struct profile *page_collected_hostile(void)
{
	struct fixture_gc f = fixture_gc_begin("java");
	struct profile_gc_cycle c = {.start_ns = 100 * FIXTURE_MS,
				     .end_ns = 120 * FIXTURE_MS,
				     .epoch = 1,
				     .trigger = PROFILE_GC_UNKNOWN,
				     .name = profile_builder_str(f.b, hostile_names[1])};

	assert(!profile_builder_gc_cycle(f.b, &c));
	f.sweep = profile_builder_str(f.b, hostile_names[0]);
	fixture_gc_pause(&f, 1, f.sweep,
			 page_stack(f.b, "<img src=x onerror=window.hacked=3>:1", 0),
			 100 * FIXTURE_MS, 1000, 2000);
	fixture_gc_pause(&f, 0, f.stats,
			 page_stack(f.b, "<img src=x onerror=window.hacked=4>:1", 0),
			 200 * FIXTURE_MS, 1000, 2000);
	return fixture_gc_finish(&f, 300 * FIXTURE_MS);
}

/* Times that a recording may claim: before they could be, after its end, without end. */
static inline struct profile *page_collected_odd(void)
{
	struct fixture_gc f = fixture_gc_begin("go");

	fixture_gc_alloc(&f, f.decode, "main.message", 3, 1, 1000);
	fixture_gc_alloc(&f, f.decode, "main.message", UINT32_MAX, 1, 1000);
	fixture_gc_cycle(&f, 1, PROFILE_GC_HEAP, f.decode, UINT64_MAX / 4, 1);
	fixture_gc_cycle(&f, 2, PROFILE_GC_HEAP, f.decode, 100, 0);
	fixture_gc_cycle(&f, UINT32_MAX, PROFILE_GC_HEAP, f.decode, 100, 0);
	fixture_gc_pause(&f, 9, f.mark, f.decode, UINT64_MAX / 4, UINT64_MAX / 4, UINT64_MAX / 4);
	fixture_gc_bin(&f, UINT64_MAX / 2, UINT64_MAX / 2);
	fixture_gc_bin(&f, 0, UINT64_MAX / 2);
	return fixture_gc_finish(&f, 0);
}

#endif
