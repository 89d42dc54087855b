// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Four looks a second. When there are ROWS_MAX of them, each two of a target that
 * follow each other are made one, and from then on looks are half as frequent:
 * however long it takes, the memory used is the same, and no peak that was seen is
 * forgotten.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "session/memory_log.h"

#define INTERVAL_NS 250000000ull
/* 1.4 hours of one target; 640 KB. */
#define ROWS_MAX 20000

struct memory_log {
	VEC(struct profile_memory) rows; /* as they came; time_ns is CLOCK_MONOTONIC */
	uint64_t interval_ns, next_ns;
};

struct memory_log *memory_log_new(void)
{
	struct memory_log *log = calloc(1, sizeof(*log));

	if (log)
		log->interval_ns = INTERVAL_NS;
	return log;
}

void memory_log_free(struct memory_log *log)
{
	if (!log)
		return;
	vec_free(&log->rows);
	free(log);
}

static int compare_rows(const void *x, const void *y)
{
	const struct profile_memory *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

/* The later of two rows stays, with the higher peak; the first of each target as well. */
static void halve(struct memory_log *log)
{
	struct profile_memory *rows = log->rows.data;
	size_t kept = 0, nth = 0;

	qsort(rows, log->rows.n, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < log->rows.n; i++) {
		struct profile_memory row = rows[i];
		bool same = i && rows[i - 1].target == row.target;

		nth = same ? nth + 1 : 0;
		/* The odd ones wait for those behind them. */
		if (nth % 2 && i + 1 < log->rows.n && rows[i + 1].target == row.target) {
			if (rows[i + 1].peak < row.peak)
				rows[i + 1].peak = row.peak;
			continue;
		}
		/* Never further than the row being read: it is not needed any more. */
		rows[kept++] = row;
	}
	log->rows.n = kept;
	log->interval_ns *= 2;
}

int memory_log_note(struct memory_log *log, uint32_t target, uint64_t time_ns, uint64_t bytes)
{
	struct profile_memory row = {
		.time_ns = time_ns, .bytes = bytes, .peak = bytes, .target = target};

	if (log->rows.n >= ROWS_MAX)
		halve(log);
	return vec_push(&log->rows, row);
}

bool memory_log_due(struct memory_log *log, uint64_t now_ns)
{
	if (now_ns < log->next_ns)
		return false;
	log->next_ns = now_ns + log->interval_ns;
	return true;
}

int memory_log_result(const struct memory_log *log, struct profile_builder *b, uint64_t started_ns)
{
	int err = 0;

	vec_for_each (&log->rows, row) {
		struct profile_memory m = *row;

		m.time_ns = m.time_ns > started_ns ? m.time_ns - started_ns : 0;
		if (!err)
			err = profile_builder_memory(b, &m);
	}
	return err;
}
