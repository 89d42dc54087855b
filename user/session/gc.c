// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "session/gc.h"
#include "session/gc_pacer.h"

/*
 * Epochs of a target's samples are its cycles; a program with a small heap has
 * hundreds a second. When there are more than EPOCHS_MAX, or more counts than
 * COUNTS_MAX (each some 100 bytes here, and again in the profile), all but the last
 * EPOCHS_KEPT are folded, or as many as halve the counts. The WORST_KEPT before the
 * longest pauses stay: they are what one wants to know about.
 */
#define EPOCHS_MAX  1024
#define EPOCHS_KEPT 512
#define COUNTS_MAX  200000
#define WORST_KEPT  32

/*
 * Cycles and pauses: some 90 MB, here and then in the profile; four hours of ten
 * cycles a second. What comes after them is counted as lost.
 */
#define ROWS_MAX 500000
/* Bins: 32 MB, three hours of one busy target. From there on they are made wider. */
#define BINS_MAX 1000000

struct cycle {
	struct gc_event begin;
	uint64_t end_ns;             /* 0: still marking */
	uint64_t sweep_ns, swept_ns; /* 0: not known; nor yet */
	uint64_t pause_ns;           /* of all its pauses */
};

struct bin {
	uint64_t time_ns;
	uint32_t target;
	struct alloc_bin sum;
};

/* What was allocated before the cycle of that number: an epoch of its own. */
struct kept_epoch {
	uint64_t pause_ns;
	uint32_t target, epoch;
};

struct gc_log {
	VEC(struct cycle) cycles; /* of all targets, as they came */
	VEC(struct gc_event) pauses;
	VEC(struct bin) bins;
	VEC(struct kept_epoch) kept; /* of the folded ones */
	uint32_t newest, folded;
	uint64_t dropped;
	uint64_t bin_ns;   /* width of bins; 0: that of the kernel side's */
	size_t fold_above; /* counts; more were left after the last time */
};

/* runtime/proc.go, stwReasonStrings of Go 1.27; numbers are never reused. */
static const char *const reasons[] = {
	"unknown",
	"GC mark termination",
	"GC sweep termination",
	"write heap dump",
	"goroutine profile",
	"goroutine profile cleanup",
	"all goroutines stack trace",
	"read mem stats",
	"AllThreadsSyscall",
	"GOMAXPROCS",
	"start trace",
	"stop trace",
	"CountPagesInUse (test)",
	"ReadMetricsSlow (test)",
	"ReadMemStatsSlow (test)",
	"PageCachePagesLeaked (test)",
	"ResetDebugLog (test)",
};

struct gc_log *gc_log_new(void)
{
	return calloc(1, sizeof(struct gc_log));
}

void gc_log_free(struct gc_log *log)
{
	if (!log)
		return;
	vec_free(&log->cycles);
	vec_free(&log->pauses);
	vec_free(&log->bins);
	vec_free(&log->kept);
	free(log);
}

static uint64_t pause_end(const struct gc_event *e)
{
	return e->time_ns + e->pause.stopping_ns + e->pause.stopped_ns;
}

/* The cycle a pause belongs to: among the last, as those of other targets come between. */
static struct cycle *find_cycle(struct gc_log *log, uint32_t target, uint32_t epoch)
{
	for (size_t i = log->cycles.n; i-- > 0;) {
		struct cycle *c = &log->cycles.data[i];

		if (c->begin.target == target && c->begin.epoch <= epoch)
			return c->begin.epoch == epoch ? c : NULL;
	}
	return NULL;
}

static bool has_room(struct gc_log *log)
{
	if (log->cycles.n + log->pauses.n < ROWS_MAX)
		return true;
	log->dropped++;
	return false;
}

/* A cycle begins to sweep in its last pause, and what is left is swept in the next one's first. */
static void note_sweep(struct gc_log *log, const struct gc_event *e, struct cycle *c)
{
	struct cycle *last;

	if (e->pause.ends_cycle && e->pause.sweep_ns)
		c->sweep_ns = e->pause.sweep_ns;
	if (e->what != GC_REASON_SWEEP_TERMINATION)
		return;
	last = find_cycle(log, e->target, e->epoch - 1);
	if (last && last->sweep_ns && !last->swept_ns)
		last->swept_ns = pause_end(e);
}

int gc_log_event(struct gc_log *log, const struct gc_event *e)
{
	struct cycle begun = {.begin = *e};
	struct cycle *c;

	if (e->event == GC_EVENT_CYCLE) {
		log->newest = e->epoch > log->newest ? e->epoch : log->newest;
		return has_room(log) ? vec_push(&log->cycles, begun) : 0;
	}
	c = e->epoch ? find_cycle(log, e->target, e->epoch) : NULL;
	if (e->event == GC_EVENT_SWEPT) {
		if (c)
			c->swept_ns = e->time_ns;
		return 0;
	}
	if (c) {
		note_sweep(log, e, c);
		c->pause_ns += pause_end(e) - e->time_ns;
		if (e->pause.ends_cycle)
			c->end_ns = pause_end(e);
	}
	return has_room(log) ? vec_push(&log->pauses, *e) : 0;
}

static bool same_bin(const struct bin *a, const struct bin *b)
{
	return a->target == b->target && a->time_ns == b->time_ns;
}

static void add_bin(struct bin *sum, const struct bin *bin)
{
	sum->sum.objects += bin->sum.objects;
	sum->sum.bytes += bin->sum.bytes;
}

static int compare_bins(const void *x, const void *y)
{
	const struct bin *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

/* Until half of them are left: what was allocated stays, just when is less exact. */
static void widen_bins(struct gc_log *log)
{
	struct bin *bins = log->bins.data;
	size_t kept;

	do {
		log->bin_ns = log->bin_ns ? 2 * log->bin_ns : 2 * ALLOC_BIN_NS;
		vec_for_each (&log->bins, bin)
			bin->time_ns -= bin->time_ns % log->bin_ns;
		qsort(bins, log->bins.n, sizeof(*bins), compare_bins);
		kept = 0;
		for (size_t i = 1; i < log->bins.n; i++) {
			if (same_bin(&bins[kept], &bins[i]))
				add_bin(&bins[kept], &bins[i]);
			else
				bins[++kept] = bins[i];
		}
		log->bins.n = kept + 1;
	} while (log->bins.n > BINS_MAX / 2);
}

int gc_log_bin(struct gc_log *log, uint32_t target, uint64_t time_ns, const struct alloc_bin *sum)
{
	struct bin bin = {.target = target, .sum = *sum};
	struct bin *last;

	if (log->bins.n >= BINS_MAX)
		widen_bins(log);
	bin.time_ns = log->bin_ns ? time_ns - time_ns % log->bin_ns : time_ns;
	last = log->bins.n ? &log->bins.data[log->bins.n - 1] : NULL;
	if (last && log->bin_ns && same_bin(last, &bin)) {
		add_bin(last, &bin);
		return 0;
	}
	return vec_push(&log->bins, bin);
}

uint64_t gc_log_dropped(const struct gc_log *log)
{
	return log->dropped;
}

/*
 * The epoch up to which to fold. The newest epochs of all targets are what is
 * kept; where targets collect at different rates, those of the slower reach
 * further back in time.
 */
static uint32_t fold_up_to(const struct raw_counts *raw, uint32_t newest)
{
	uint32_t low = newest > EPOCHS_KEPT ? newest - EPOCHS_KEPT : 0;
	uint32_t high = newest ? newest - 1 : 0; /* the one under way stays */

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (raw_counts_after(raw, middle) <= COUNTS_MAX / 2)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int compare_pauses(const void *x, const void *y)
{
	const struct kept_epoch *a = x, *b = y;

	return (a->pause_ns < b->pause_ns) - (a->pause_ns > b->pause_ns);
}

/* Of what is folded now, and what was kept the last time, the worst. */
static int choose_worst(struct gc_log *log, uint32_t up_to)
{
	vec_for_each (&log->cycles, c) {
		/* What filled the heap before cycle n was allocated in epoch n - 1. */
		struct kept_epoch kept = {c->pause_ns, c->begin.target, c->begin.epoch - 1};

		if (kept.epoch > log->folded && kept.epoch < up_to && c->pause_ns &&
		    vec_push(&log->kept, kept))
			return -ENOMEM;
	}
	if (log->kept.n)
		qsort(log->kept.data, log->kept.n, sizeof(*log->kept.data), compare_pauses);
	if (log->kept.n > WORST_KEPT)
		log->kept.n = WORST_KEPT;
	return 0;
}

static uint32_t folded_epoch(const void *ctx, const struct count_key *key)
{
	const struct gc_log *log = ctx;

	if (key->epoch > log->folded || key->kind == KIND_MAP_GROW)
		return key->epoch;
	vec_for_each (&log->kept, kept) {
		if (kept->epoch == key->epoch && kept->target == key->target)
			return key->epoch;
	}
	return log->folded;
}

int gc_log_fold(struct gc_log *log, struct raw_counts *raw)
{
	size_t limit = log->fold_above > COUNTS_MAX ? log->fold_above : COUNTS_MAX;
	uint32_t up_to;
	int err;

	if (raw->counts.n <= limit && log->newest - log->folded <= EPOCHS_MAX)
		return 0;
	up_to = fold_up_to(raw, log->newest);
	if (up_to <= log->folded)
		return 0; /* it is not the epochs that make so many counts */
	err = choose_worst(log, up_to);
	if (err)
		return err;
	log->folded = up_to;
	err = raw_counts_fold(raw, folded_epoch, log);
	log->fold_above = 2 * raw->counts.n;
	return err;
}

uint32_t gc_log_folded(const struct gc_log *log)
{
	return log->folded;
}

/* What happened while probes were still being put in counts as at the start. */
static uint64_t since(uint64_t started_ns, uint64_t time_ns)
{
	return time_ns > started_ns ? time_ns - started_ns : 0;
}

static const char *reason_text(const struct gc_event *e, char text[GC_REASON_TEXT])
{
	if (e->pause.text[0]) {
		memcpy(text, e->pause.text, GC_REASON_TEXT);
		text[GC_REASON_TEXT - 1] = '\0';
		return text;
	}
	return e->what < ARRAY_SIZE(reasons) ? reasons[e->what] : reasons[0];
}

static int add_cycle(const struct cycle *c, struct profile_builder *b, uint64_t started_ns,
		     const struct gc_names *names)
{
	const struct gc_event *e = &c->begin;
	uint32_t target = names->target(names->ctx, e->target);
	struct pacer pacer = pacer_read(e->pacer);

	if (target == PROFILE_NONE)
		return 0;
	return profile_builder_gc_cycle(
		b,
		&(struct profile_gc_cycle){
			.start_ns = since(started_ns, e->time_ns),
			.end_ns = c->end_ns ? since(started_ns, c->end_ns) : 0,
			.sweep_start_ns = c->sweep_ns ? since(started_ns, c->sweep_ns) : 0,
			.sweep_end_ns = c->swept_ns > c->sweep_ns && c->sweep_ns
						? since(started_ns, c->swept_ns)
						: 0,
			.heap_live = pacer.live,
			.heap_goal = pacer.goal,
			.memory_limit = pacer.limit,
			.gc_percent = pacer.percent,
			.target = target,
			.epoch = e->epoch,
			.trigger = e->what < PROFILE_GC_UNKNOWN ? (enum profile_gc_trigger)e->what
								: PROFILE_GC_UNKNOWN,
			.stack = names->stack(names->ctx, target, e->stack),
		});
}

static int add_pause(const struct gc_event *e, struct profile_builder *b, uint64_t started_ns,
		     const struct gc_names *names)
{
	uint32_t target = names->target(names->ctx, e->target);
	char text[GC_REASON_TEXT];

	if (target == PROFILE_NONE)
		return 0;
	return profile_builder_gc_pause(
		b, &(struct profile_gc_pause){
			   .start_ns = since(started_ns, e->time_ns),
			   .stopping_ns = e->pause.stopping_ns,
			   .stopped_ns = e->pause.stopped_ns,
			   .target = target,
			   .epoch = e->epoch,
			   .reason = profile_builder_str(b, reason_text(e, text)),
			   .gc = e->pause.is_gc,
			   .stack = names->stack(names->ctx, target, e->stack),
		   });
}

static int give_bin(const struct bin *bin, struct profile_builder *b, uint64_t started_ns,
		    const struct gc_names *names)
{
	struct profile_bin row = {
		.time_ns = since(started_ns, bin->time_ns),
		.target = names->target(names->ctx, bin->target),
		.objects = bin->sum.objects,
		.bytes = bin->sum.bytes,
	};

	return row.target == PROFILE_NONE ? 0 : profile_builder_bin(b, &row);
}

int gc_log_result(const struct gc_log *log, struct profile_builder *b, uint64_t started_ns,
		  const struct gc_names *names)
{
	int err = 0;

	vec_for_each (&log->cycles, c) {
		if (!err)
			err = add_cycle(c, b, started_ns, names);
	}
	vec_for_each (&log->pauses, e) {
		if (!err)
			err = add_pause(e, b, started_ns, names);
	}
	vec_for_each (&log->bins, bin) {
		if (!err)
			err = give_bin(bin, b, started_ns, names);
	}
	return err;
}
