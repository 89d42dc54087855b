// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/gc.h"
#include "session/gc_pacer.h"

#define STARTED 1000000000ull
#define MS      1000000ull

static struct gc_log *new_log(void)
{
	struct gc_log *log = gc_log_new();

	assert_non_null(log);
	return log;
}

static void cycle(struct gc_log *log, uint32_t target, uint32_t epoch, uint64_t time_ns)
{
	struct gc_event e = {
		.event = GC_EVENT_CYCLE,
		.target = target,
		.epoch = epoch,
		.what = PROFILE_GC_FORCED,
		.time_ns = time_ns,
		.stack = 7,
	};

	assert_int_equal(gc_log_event(log, &e), 0);
}

static void pause(struct gc_log *log, uint32_t target, uint32_t epoch, uint64_t time_ns,
		  uint64_t stopped_ns)
{
	struct gc_event e = {
		.event = GC_EVENT_PAUSE,
		.target = target,
		.epoch = epoch,
		.what = GC_REASON_MARK_TERMINATION,
		.time_ns = time_ns,
		.pause = {.stopping_ns = 10, .stopped_ns = stopped_ns, .is_gc = 1, .ends_cycle = 1},
	};

	assert_int_equal(gc_log_event(log, &e), 0);
}

static uint32_t stack_of(void *ctx, uint32_t target, uint64_t id)
{
	struct profile_builder *b = ctx;

	(void)target;
	(void)id;
	return profile_builder_stack(b, NULL, 0, 0);
}

/* Two are known: 0 and 1. */
static uint32_t target_of(void *ctx, uint32_t id)
{
	(void)ctx;
	return id < 2 ? id : PROFILE_NONE;
}

static struct profile *result(const struct gc_log *log)
{
	struct profile_builder *b = profile_builder_new();
	struct profile *p;

	assert_non_null(b);
	profile_builder_target(b, &(struct profile_target){.pid = 1});
	profile_builder_target(b, &(struct profile_target){.pid = 2});
	assert_int_equal(gc_log_result(log, b, STARTED, &(struct gc_names){target_of, stack_of, b}),
			 0);
	p = profile_builder_finish(b);
	assert_non_null(p);
	profile_builder_free(b);
	return p;
}

static void a_cycle_ends_with_its_last_pause(void **state)
{
	struct gc_log *log = new_log();
	struct profile *p;

	(void)state;
	cycle(log, 0, 1, STARTED + 5 * MS);
	cycle(log, 1, 1, STARTED + 6 * MS);
	pause(log, 0, 1, STARTED + 8 * MS, MS);
	/* Of a target nobody has, and of a cycle nobody saw begin: kept out, kept. */
	cycle(log, 2, 1, STARTED);
	pause(log, 1, 0, STARTED + 2 * MS, MS);
	p = result(log);
	assert_int_equal(p->n_gc_cycles, 2);
	assert_int_equal(p->gc_cycles[0].start_ns, 5 * MS);
	assert_int_equal(p->gc_cycles[0].end_ns, 9 * MS + 10);
	assert_int_equal(p->gc_cycles[0].trigger, PROFILE_GC_FORCED);
	assert_int_equal(p->gc_cycles[1].target, 1);
	assert_int_equal(p->gc_cycles[1].end_ns, 0);
	assert_int_equal(p->n_gc_pauses, 2);
	assert_string_equal(profile_str(p, p->gc_pauses[0].reason), "GC mark termination");
	profile_free(p);
	gc_log_free(log);
}

static void a_reason_in_words_is_kept(void **state)
{
	struct gc_log *log = new_log();
	struct gc_event e = {.event = GC_EVENT_PAUSE, .time_ns = STARTED, .what = 4000};
	struct profile *p;

	(void)state;
	assert_int_equal(gc_log_event(log, &e), 0);
	/* As the kernel side would never send it: without an end. */
	memset(e.pause.text, 'x', sizeof(e.pause.text));
	e.time_ns++;
	assert_int_equal(gc_log_event(log, &e), 0);
	p = result(log);
	assert_string_equal(profile_str(p, p->gc_pauses[0].reason), "unknown");
	assert_int_equal(strlen(profile_str(p, p->gc_pauses[1].reason)), GC_REASON_TEXT - 1);
	profile_free(p);
	gc_log_free(log);
}

static void swept(struct gc_log *log, uint32_t epoch, uint64_t time_ns)
{
	struct gc_event e = {.event = GC_EVENT_SWEPT, .epoch = epoch, .time_ns = time_ns};

	assert_int_equal(gc_log_event(log, &e), 0);
}

/* A cycle of 4 ms, that begins to sweep 1 ms before its last pause ends. */
static void sweeping_cycle(struct gc_log *log, uint32_t epoch, uint64_t at)
{
	struct gc_event first = {
		.event = GC_EVENT_PAUSE,
		.epoch = epoch,
		.what = GC_REASON_SWEEP_TERMINATION,
		.time_ns = STARTED + at,
		.pause = {.stopped_ns = MS, .is_gc = 1},
	};
	struct gc_event last = first;

	last.what = GC_REASON_MARK_TERMINATION;
	last.time_ns = STARTED + at + 2 * MS;
	last.pause.stopped_ns = 2 * MS;
	last.pause.ends_cycle = 1;
	last.pause.sweep_ns = STARTED + at + 3 * MS;
	cycle(log, 0, epoch, STARTED + at);
	assert_int_equal(gc_log_event(log, &first), 0);
	assert_int_equal(gc_log_event(log, &last), 0);
}

/* By the sweeper, while the next cycle begins, by the next cycle, not at all. */
static void sweeping_ends_with_the_next_cycle_at_the_latest(void **state)
{
	struct gc_log *log = new_log();
	const struct profile_gc_cycle *c;
	struct profile *p;

	(void)state;
	sweeping_cycle(log, 1, 10 * MS);
	swept(log, 1, STARTED + 15 * MS);
	sweeping_cycle(log, 2, 20 * MS);
	cycle(log, 1, 2, STARTED + 21 * MS);
	cycle(log, 0, 3, STARTED + 30 * MS);
	swept(log, 2, STARTED + 31 * MS);
	sweeping_cycle(log, 4, 40 * MS);
	sweeping_cycle(log, 5, 50 * MS);
	swept(log, 77, STARTED + 60 * MS);
	p = result(log);
	c = p->gc_cycles;
	assert_int_equal(c[0].sweep_start_ns, 13 * MS);
	assert_int_equal(c[0].sweep_end_ns, 15 * MS);
	assert_int_equal(c[1].sweep_end_ns, 31 * MS);
	assert_int_equal(c[2].sweep_start_ns + c[2].sweep_end_ns, 0);
	assert_int_equal(c[3].sweep_end_ns, 51 * MS);
	assert_int_equal(c[4].sweep_start_ns, 53 * MS);
	assert_int_equal(c[4].sweep_end_ns, 0);
	profile_free(p);
	gc_log_free(log);
}

/* A day of twenty cycles a second, with what is allocated in every 10 ms of it. */
static void a_long_recording_is_bounded(void **state)
{
	const uint64_t cycles = 86400 * 20, bins = 86400 * 100;
	struct gc_log *log = new_log();
	uint64_t bytes[2] = {0}, steps = 0;
	struct profile *p;

	(void)state;
	for (uint32_t epoch = 1; epoch <= cycles; epoch++) {
		cycle(log, 0, epoch, STARTED + epoch * 50 * MS);
		pause(log, 0, epoch, STARTED + epoch * 50 * MS, MS);
	}
	assert_int_equal(gc_log_dropped(log), 2 * cycles - 500000);
	for (uint64_t i = 0; i < bins; i++) {
		struct alloc_bin sum = {.objects = 1, .bytes = i};

		assert_int_equal(gc_log_bin(log, i / 100 % 2, STARTED + i * 10 * MS, &sum), 0);
	}
	p = result(log);
	assert_int_equal(p->n_gc_cycles, 250000);
	assert_int_equal(p->n_gc_pauses, 250000);
	/* Every byte is there, no further from its time than the bins have become wide. */
	assert_in_range(p->n_bins, 100000, 1000000);
	for (size_t i = 0; i < p->n_bins; i++) {
		const struct profile_bin *bin = &p->bins[i];

		bytes[bin->target] += bin->bytes;
		steps += bin->objects;
		assert_in_range(bin->bytes / bin->objects * 10 * MS, bin->time_ns,
				bin->time_ns + 1280 * MS);
	}
	assert_int_equal(steps, bins);
	assert_int_equal(bytes[0] + bytes[1], bins * (bins - 1) / 2);
	assert_true(bytes[0] < bytes[1]);
	profile_free(p);
	gc_log_free(log);
}

static void add_count(struct raw_counts *raw, uint32_t target, uint32_t epoch, uint64_t stack)
{
	struct count_key key = {.stack = stack, .target = target, .epoch = epoch};
	struct count_value v = {.objects = 1, .bytes = epoch + 1};

	assert_int_equal(raw_counts_add(raw, &key, &v), 0);
}

static uint64_t bytes_of(const struct raw_counts *raw, uint32_t epoch)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < raw->counts.n; i++) {
		if (raw->counts.data[i].key.epoch == epoch)
			bytes += raw->counts.data[i].value.bytes;
	}
	return bytes;
}

static void old_epochs_are_folded(void **state)
{
	const uint32_t n = 3000, worst = 77;
	struct gc_log *log = new_log();
	struct raw_counts raw = {0};
	uint64_t all = 0, found = 0;
	uint32_t folded;

	(void)state;
	for (uint32_t epoch = 1; epoch <= n; epoch++) {
		cycle(log, 0, epoch, STARTED + epoch * MS);
		pause(log, 0, epoch, STARTED + epoch * MS + 5, epoch == worst ? 900 : 100);
		add_count(&raw, 0, epoch, 1);
		add_count(&raw, 0, epoch, 2);
		all += 2 * (epoch + 1);
		assert_int_equal(gc_log_fold(log, &raw), 0);
		assert_true(raw.counts.n <= 2 * (1024 + 32 + 2));
	}
	folded = gc_log_folded(log);
	assert_in_range(folded, n - 1024, n - 512);
	for (size_t i = 0; i < raw.counts.n; i++)
		found += raw.counts.data[i].value.bytes;
	assert_int_equal(found, all);
	assert_int_equal(raw.totals[KIND_ALLOC].bytes, all);
	assert_int_equal(bytes_of(&raw, n), 2 * (n + 1));
	/* What filled the heap before the longest pause. */
	assert_int_equal(bytes_of(&raw, worst - 1), 2 * worst);
	/* A count that comes late goes where its epoch went. */
	add_count(&raw, 0, folded - 500, 9);
	assert_int_equal(raw.counts.data[raw.counts.n - 1].key.epoch, folded);
	raw_counts_free(&raw);
	gc_log_free(log);
}

static void few_epochs_of_many_counts_are_left(void **state)
{
	struct gc_log *log = new_log();
	struct raw_counts raw = {0};

	(void)state;
	cycle(log, 0, 1, STARTED);
	for (uint64_t stack = 1; stack <= 200001; stack++)
		add_count(&raw, 0, 1, stack);
	assert_int_equal(gc_log_fold(log, &raw), 0);
	assert_int_equal(raw.counts.n, 200001);
	assert_int_equal(gc_log_folded(log), 0);
	raw_counts_free(&raw);
	gc_log_free(log);
}

static void many_counts_are_folded_by_half(void **state)
{
	struct gc_log *log = new_log();
	struct raw_counts raw = {0};

	(void)state;
	for (uint32_t epoch = 1; epoch <= 100; epoch++) {
		cycle(log, 0, epoch, STARTED + epoch);
		for (uint64_t stack = 1; stack <= 2500; stack++)
			add_count(&raw, 0, epoch, stack);
	}
	assert_int_equal(gc_log_fold(log, &raw), 0);
	assert_in_range(raw.counts.n, 1, 100000 + 2500);
	assert_in_range(gc_log_folded(log), 50, 99);
	raw_counts_free(&raw);
	gc_log_free(log);
}

static void the_goal_is_the_smaller_one(void **state)
{
	__u64 words[PACER_MAX] = {
		[PACER_PERCENT] = 50,
		[PACER_LIMIT] = INT64_MAX,
		[PACER_GOAL] = 30ull << 20,
		[PACER_LIVE] = 25ull << 20,
		[PACER_MARKED] = 20ull << 20,
		[PACER_FREE] = 5ull << 20,
		[PACER_TOTAL_ALLOC] = 90ull << 20,
		[PACER_TOTAL_FREE] = 65ull << 20,
		[PACER_MAPPED] = 35ull << 20,
	};
	struct pacer p = pacer_read(words);

	(void)state;
	assert_int_equal(p.goal, 30ull << 20);
	assert_int_equal(p.limit, 0);
	assert_int_equal(p.percent, 50);
	/* 5 MB are not heap; of the 25 left for it, 1 MB (more than 3 %) is headroom. */
	words[PACER_LIMIT] = 30ull << 20;
	words[PACER_MAPPED] = 35ull << 20;
	p = pacer_read(words);
	assert_int_equal(p.limit, 30ull << 20);
	/* 5 MB other, 5 MB over the limit: 20 are left, less than what is live. */
	assert_int_equal(p.goal, 20ull << 20);
	words[PACER_MAPPED] = 30ull << 20;
	words[PACER_FREE] = 0;
	words[PACER_MARKED] = 10ull << 20;
	assert_int_equal(pacer_read(words).goal, 24ull << 20);
	/* GOGC=off. */
	words[PACER_PERCENT] = 0xffffffff;
	words[PACER_GOAL] = UINT64_MAX;
	assert_int_equal(pacer_read(words).percent, -1);
	assert_int_equal(pacer_read(words).goal, 24ull << 20);
}

static void an_unread_pacer_is_unknown(void **state)
{
	const __u64 words[PACER_MAX] = {0};
	struct pacer p = pacer_read(words);

	(void)state;
	assert_int_equal(p.live, 0);
	assert_int_equal(p.goal, 0);
	assert_int_equal(p.limit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_ends_with_its_last_pause),
		cmocka_unit_test(a_reason_in_words_is_kept),
		cmocka_unit_test(sweeping_ends_with_the_next_cycle_at_the_latest),
		cmocka_unit_test(a_long_recording_is_bounded),
		cmocka_unit_test(old_epochs_are_folded),
		cmocka_unit_test(few_epochs_of_many_counts_are_left),
		cmocka_unit_test(many_counts_are_folded_by_half),
		cmocka_unit_test(the_goal_is_the_smaller_one),
		cmocka_unit_test(an_unread_pacer_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
