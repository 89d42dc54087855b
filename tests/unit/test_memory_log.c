// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "session/memory_log.h"
#include "target/process.h"

#define STARTED 1000000000ull
#define MS      1000000ull

static struct profile *result(const struct memory_log *log)
{
	struct profile_builder *b = profile_builder_new();
	struct profile *p;

	assert_non_null(b);
	profile_builder_target(b, &(struct profile_target){.pid = 1});
	profile_builder_target(b, &(struct profile_target){.pid = 2});
	assert_int_equal(memory_log_result(log, b, STARTED), 0);
	p = profile_builder_finish(b);
	assert_non_null(p);
	profile_builder_free(b);
	return p;
}

/* Looks are four a second, the last one whenever it is. */
static void a_process_is_looked_at(void **state)
{
	struct memory_log *log = memory_log_new();
	struct process *self = process_open(getpid());
	struct profile *p;
	uint64_t bytes;

	(void)state;
	assert_non_null(log);
	assert_non_null(self);
	assert_int_equal(process_resident_bytes(self, &bytes), 0);
	for (uint64_t ms = 0; ms <= 1001; ms++) {
		uint64_t now_ns = STARTED + ms * MS, seen;

		if (!memory_log_due(log, now_ns) && ms != 1001)
			continue;
		assert_int_equal(process_resident_bytes(self, &seen), 0);
		assert_int_equal(memory_log_note(log, 1, now_ns, seen), 0);
	}
	p = result(log);
	assert_int_equal(p->n_memory, 6);
	for (size_t i = 0; i < p->n_memory; i++) {
		assert_int_equal(p->memory[i].target, 1);
		assert_int_equal(p->memory[i].time_ns, (i < 5 ? i * 250 : 1001) * MS);
		assert_in_range(p->memory[i].bytes, bytes / 2, bytes * 2);
		assert_int_equal(p->memory[i].peak, p->memory[i].bytes);
	}
	profile_free(p);
	process_free(self);
	memory_log_free(log);
}

/* A day of two processes, one of them with a peak of one look. */
static void a_long_recording_is_thinned_out(void **state)
{
	struct memory_log *log = memory_log_new();
	const uint64_t looks = 86400 * 4;
	uint64_t peak[2] = {0}, n[2] = {0};
	struct profile *p;

	(void)state;
	assert_non_null(log);
	for (uint64_t i = 0; i < looks; i++) {
		uint64_t time_ns = STARTED + i * 250 * MS;

		assert_int_equal(memory_log_note(log, 0, time_ns, i == 4321 ? 99999 : 500), 0);
		assert_int_equal(memory_log_note(log, 1, time_ns, i), 0);
	}
	p = result(log);
	assert_in_range(p->n_memory, 9000, 20000);
	for (size_t i = 0; i < p->n_memory; i++) {
		const struct profile_memory *m = &p->memory[i];

		n[m->target]++;
		if (m->peak > peak[m->target])
			peak[m->target] = m->peak;
		if (m->target == 1)
			assert_int_equal(m->bytes, m->time_ns / (250 * MS));
	}
	assert_int_equal(peak[0], 99999);
	assert_int_equal(peak[1], looks - 1);
	assert_in_range(n[0], 4500, 10001);
	assert_in_range(n[1], 4500, 10001);
	/* The first and the last look are what growth is told by. */
	assert_int_equal(p->memory[0].time_ns, 0);
	assert_int_equal(p->memory[n[0]].bytes, 0);
	assert_int_equal(p->memory[p->n_memory - 1].bytes, looks - 1);
	profile_free(p);
	memory_log_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_looked_at),
		cmocka_unit_test(a_long_recording_is_thinned_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
