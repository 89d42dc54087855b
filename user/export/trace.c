// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Collections over time, as Chrome's JSON trace, which Perfetto, chrome://tracing
 * and speedscope open:
 *
 *	{"ph": "M", "pid": 4711, "name": "process_name", "args": {"name": "server"}}
 *	{"ph": "X", "pid": 4711, "tid": 1, "ts": 100000.000, "dur": 20000.000, "name": "GC 1"}
 *	{"ph": "C", "pid": 4711, "ts": 0.000, "name": "allocated, bytes/s", "args": {"value": 40000000}}
 *
 * Times are microseconds since the recording began. Slices (X) of one track must
 * nest: viewers drop or misplace those that overlap in part. A cycle therefore
 * reaches from the first to the last of its pauses if those stick out, and cycles
 * that overlap (a collection of one generation during that of another) go to
 * tracks of their own.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "export/exporter.h"
#include "export/json_writer.h"
#include "report/gc.h"

/* Tracks for what belongs to collections, from 1 on; what fits in none is cut for the last. */
#define LANES 4
/* Behind those, the one for what stops the world but is no collection, and that of sweeping. */
#define LANE_STOPS LANES
#define LANE_SWEEP (LANES + 1)
#define LANES_ALL  (LANES + 2)

enum slice_kind {
	SLICE_CYCLE,
	SLICE_PAUSE,
	SLICE_STOPPING,
	SLICE_STOPPED,
	SLICE_SWEEP,
};

struct slice {
	enum slice_kind kind;
	uint64_t start, end;
	const struct profile_gc_cycle *cycle; /* of SLICE_CYCLE, SLICE_SWEEP */
	const struct profile_gc_pause *pause; /* of the others */
};

/* The slices that are open on a track, the outermost first. */
struct lane {
	VEC(struct slice) open;
	bool used;
};

struct assist {
	uint32_t target, epoch;
	uint64_t ns;
};

struct trace {
	struct json_writer w;
	const struct profile *p;
	VEC(struct slice) slices; /* of one target */
	struct lane lanes[LANES_ALL];
	VEC(struct assist) assists; /* by target, then epoch */
};

static void begin_event(struct trace *t, const char *phase, uint32_t target, const char *name)
{
	json_object(&t->w, NULL);
	json_string(&t->w, "ph", phase);
	json_uint(&t->w, "pid", t->p->targets[target].pid);
	json_string(&t->w, "name", name);
}

static void write_name(struct trace *t, uint32_t target, const char *what, size_t track,
		       const char *name)
{
	begin_event(t, "M", target, what);
	json_uint(&t->w, "tid", track);
	json_object(&t->w, "args");
	json_string(&t->w, "name", name);
	json_end(&t->w);
	json_end(&t->w);
}

static void write_counter(struct trace *t, uint32_t target, const char *name, uint64_t time,
			  uint64_t value)
{
	begin_event(t, "C", target, name);
	json_us(&t->w, "ts", time);
	json_object(&t->w, "args");
	json_uint(&t->w, "value", value);
	json_end(&t->w);
	json_end(&t->w);
}

/* --- counters --- */

/* Bins are rates over their time; where the next is empty, the rate falls to nothing. */
static void write_rates(struct trace *t, const struct profile_bin *bins, size_t n)
{
	const uint64_t per_second = 1000000000 / PROFILE_BIN_NS;

	for (size_t i = 0; i < n; i++) {
		const struct profile_bin *b = &bins[i];
		uint64_t end = b->time_ns + PROFILE_BIN_NS;

		write_counter(t, b->target, "allocated, bytes/s", b->time_ns,
			      b->bytes * per_second);
		write_counter(t, b->target, "allocated, objects/s", b->time_ns,
			      b->objects * per_second);
		if (i + 1 < n && bins[i + 1].time_ns == end)
			continue;
		write_counter(t, b->target, "allocated, bytes/s", end, 0);
		write_counter(t, b->target, "allocated, objects/s", end, 0);
	}
}

static int compare_assists(const void *x, const void *y)
{
	const struct assist *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return (a->epoch > b->epoch) - (a->epoch < b->epoch);
}

/* Those of folded epochs are of no one cycle. */
static int collect_assists(struct trace *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->p->n_samples; i++) {
		const struct profile_sample *s = &t->p->samples[i];
		struct assist assist = {s->target, s->epoch, s->ns};

		if (s->kind == PROFILE_GC_ASSIST && !profile_epoch_folded(t->p, s->epoch) &&
		    vec_push(&t->assists, assist))
			return -ENOMEM;
	}
	if (!t->assists.n)
		return 0;
	qsort(t->assists.data, t->assists.n, sizeof(*t->assists.data), compare_assists);
	for (size_t i = 1; i < t->assists.n; i++) {
		if (compare_assists(&t->assists.data[n], &t->assists.data[i]))
			t->assists.data[++n] = t->assists.data[i];
		else
			t->assists.data[n].ns += t->assists.data[i].ns;
	}
	t->assists.n = n + 1;
	return 0;
}

static uint64_t assists_of(const struct trace *t, const struct profile_gc_cycle *c)
{
	struct assist key = {.target = c->target, .epoch = c->epoch}, *found = NULL;

	if (t->assists.n)
		found = bsearch(&key, t->assists.data, t->assists.n, sizeof(key), compare_assists);
	return found ? found->ns : 0;
}

static void write_memory(struct trace *t, const struct profile_memory *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_counter(t, rows[i].target, "resident memory, bytes", rows[i].time_ns,
			      rows[i].bytes);
}

/* What each pool held at the beginning and the end of a cycle; @pools are of one target too. */
static void write_pools(struct trace *t, const struct profile_gc_cycle *cycles, size_t n_cycles,
			const struct profile_gc_pool *pools, size_t n)
{
	for (size_t i = 0, k = 0; i < n_cycles; i++) {
		const struct profile_gc_cycle *c = &cycles[i];

		while (k < n && pools[k].epoch < c->epoch)
			k++;
		for (; k < n && pools[k].epoch == c->epoch; k++) {
			char name[128];

			snprintf(name, sizeof(name), "%s, bytes", profile_str(t->p, pools[k].name));
			write_counter(t, c->target, name, c->start_ns, pools[k].before);
			write_counter(t, c->target, name, c->end_ns, pools[k].after);
		}
	}
}

static void write_heap(struct trace *t, const struct profile_gc_cycle *cycles, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct profile_gc_cycle *c = &cycles[i];

		if (c->heap_live)
			write_counter(t, c->target, "heap live, bytes", c->start_ns, c->heap_live);
		if (c->heap_goal)
			write_counter(t, c->target, "heap goal, bytes", c->start_ns, c->heap_goal);
		if (c->memory_limit)
			write_counter(t, c->target, "memory limit, bytes", c->start_ns,
				      c->memory_limit);
		if (!t->assists.n)
			continue;
		write_counter(t, c->target, "assists in cycle, ns", c->start_ns, assists_of(t, c));
		if (c->end_ns)
			write_counter(t, c->target, "assists in cycle, ns", c->end_ns, 0);
	}
}

/* --- slices --- */

static void write_slice(struct trace *t, const struct slice *s, size_t track)
{
	static const char *const parts[] = {
		[SLICE_STOPPING] = "stopping", [SLICE_STOPPED] = "stopped"};
	const struct profile *p = t->p;
	char name[128];

	if (s->kind == SLICE_CYCLE)
		snprintf(name, sizeof(name), "%s %u",
			 s->cycle->name ? profile_str(p, s->cycle->name) : "GC", s->cycle->epoch);
	else if (s->kind == SLICE_SWEEP)
		snprintf(name, sizeof(name), "sweep %u", s->cycle->epoch);
	else
		snprintf(name, sizeof(name), "%s",
			 s->kind == SLICE_PAUSE ? profile_str(p, s->pause->reason)
						: parts[s->kind]);
	begin_event(t, "X", s->cycle ? s->cycle->target : s->pause->target, name);
	json_uint(&t->w, "tid", track);
	json_us(&t->w, "ts", s->start);
	json_us(&t->w, "dur", s->end - s->start);
	json_object(&t->w, "args");
	if (s->kind == SLICE_CYCLE) {
		json_string(&t->w, "trigger", gc_trigger_name(s->cycle->trigger));
		json_uint(&t->w, "heap_live", s->cycle->heap_live);
		json_uint(&t->w, "heap_goal", s->cycle->heap_goal);
		json_uint(&t->w, "assist_ns", assists_of(t, s->cycle));
	} else if (s->kind == SLICE_PAUSE) {
		struct profile_line site = profile_stack_site(p, s->pause->stack);

		json_uint(&t->w, "cycle", s->pause->epoch);
		json_string(&t->w, "by", profile_str(p, p->functions[site.function].name));
	}
	json_end(&t->w);
	json_end(&t->w);
}

static bool is_parent(const struct slice *outer, const struct slice *s)
{
	if (s->kind == SLICE_PAUSE)
		return outer->kind == SLICE_CYCLE && outer->cycle->epoch == s->pause->epoch;
	return outer->kind == SLICE_PAUSE && outer->pause == s->pause;
}

static const struct slice *innermost(const struct lane *lane)
{
	return lane->open.n ? &lane->open.data[lane->open.n - 1] : NULL;
}

/* The lane of what it is a part of, or the first it fits in, or the last. */
static size_t choose_lane(struct trace *t, const struct slice *s)
{
	size_t fitting = LANES - 1;

	if (s->pause && !s->pause->gc)
		return LANE_STOPS;
	if (s->kind == SLICE_SWEEP)
		return LANE_SWEEP;
	for (size_t i = LANES; i--;) {
		const struct slice *outer = innermost(&t->lanes[i]);

		if (outer && s->kind != SLICE_CYCLE && is_parent(outer, s))
			return i;
		if (!outer || s->end <= outer->end)
			fitting = i;
	}
	return fitting;
}

static int place_slice(struct trace *t, const struct slice *slice)
{
	struct slice s = *slice;
	const struct slice *outer;
	struct lane *lane;
	size_t track;

	for (size_t i = 0; i < LANES_ALL; i++) {
		while (t->lanes[i].open.n && innermost(&t->lanes[i])->end <= s.start)
			t->lanes[i].open.n--;
	}
	track = choose_lane(t, &s);
	lane = &t->lanes[track];
	outer = innermost(lane);
	if (outer && s.end > outer->end)
		s.end = outer->end;
	lane->used = true;
	write_slice(t, &s, track + 1);
	return vec_push(&lane->open, s);
}

static int compare_slices(const void *x, const void *y)
{
	const struct slice *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return (a->kind > b->kind) - (a->kind < b->kind);
}

static int add_cycles(struct trace *t, const struct profile_gc_cycle *cycles, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		struct slice s = {.kind = SLICE_CYCLE,
				  .start = cycles[i].start_ns,
				  .end = cycles[i].end_ns,
				  .cycle = &cycles[i]};

		if (!s.end)
			s.end = s.start > t->p->duration_ns ? s.start : t->p->duration_ns;
		err = vec_push(&t->slices, s);
	}
	return err;
}

static int add_sweeps(struct trace *t, const struct profile_gc_cycle *cycles, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		struct slice s = {.kind = SLICE_SWEEP,
				  .start = cycles[i].sweep_start_ns,
				  .end = cycles[i].sweep_end_ns,
				  .cycle = &cycles[i]};

		if (s.start && s.end)
			err = vec_push(&t->slices, s);
	}
	return err;
}

/* Makes the first of @n slices of cycles that has this pause's epoch hold the pause. */
static void stretch_cycle(struct slice *cycles, size_t n, const struct slice *pause)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cycles[middle].cycle->epoch < pause->pause->epoch)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || cycles[low].cycle->epoch != pause->pause->epoch)
		return;
	if (pause->start < cycles[low].start)
		cycles[low].start = pause->start;
	if (pause->end > cycles[low].end)
		cycles[low].end = pause->end;
}

/* @n_cycles slices of cycles are there already. */
static int add_pause(struct trace *t, const struct profile_gc_pause *pause, size_t n_cycles)
{
	uint64_t stopped = pause->start_ns + pause->stopping_ns;
	struct slice s = {.kind = SLICE_PAUSE,
			  .start = pause->start_ns,
			  .end = stopped + pause->stopped_ns,
			  .pause = pause};
	struct slice stopping = s, standing = s;

	stopping.kind = SLICE_STOPPING;
	stopping.end = stopped;
	standing.kind = SLICE_STOPPED;
	standing.start = stopped;
	if (pause->gc)
		stretch_cycle(t->slices.data, n_cycles, &s);
	if (vec_push(&t->slices, s) || (pause->stopping_ns && vec_push(&t->slices, stopping)) ||
	    (pause->stopped_ns && vec_push(&t->slices, standing)))
		return -ENOMEM;
	return 0;
}

static void write_tracks(struct trace *t, uint32_t target)
{
	write_name(t, target, "process_name", 0, profile_str(t->p, t->p->targets[target].comm));
	for (size_t i = 0; i < LANES_ALL; i++) {
		char name[16] = "GC";

		if (!t->lanes[i].used)
			continue;
		if (i)
			snprintf(name, sizeof(name), "GC (%zu)", i + 1);
		write_name(t, target, "thread_name", i + 1,
			   i == LANE_STOPS   ? "other stops of the world"
			   : i == LANE_SWEEP ? "GC sweeping"
					     : name);
	}
}

/* --- all --- */

/* The rows of one target in a table that is in the order of targets. */
#define NEXT_RUN(table, count, from, target_)                                             \
	({                                                                                \
		size_t n_ = 0;                                                            \
		while ((from) + n_ < (count) && (table)[(from) + n_].target == (target_)) \
			n_++;                                                             \
		n_;                                                                       \
	})

static int write_slices(struct trace *t, const struct profile_gc_cycle *cycles, size_t n_cycles,
			const struct profile_gc_pause *pauses, size_t n_pauses)
{
	int err;

	t->slices.n = 0;
	for (size_t i = 0; i < LANES_ALL; i++) {
		t->lanes[i].open.n = 0;
		t->lanes[i].used = false;
	}
	err = add_cycles(t, cycles, n_cycles);
	for (size_t i = 0; !err && i < n_pauses; i++)
		err = add_pause(t, &pauses[i], n_cycles);
	if (!err)
		err = add_sweeps(t, cycles, n_cycles);
	if (t->slices.n)
		qsort(t->slices.data, t->slices.n, sizeof(*t->slices.data), compare_slices);
	for (size_t i = 0; !err && i < t->slices.n; i++)
		err = place_slice(t, &t->slices.data[i]);
	return err;
}

static int write_events(struct trace *t)
{
	const struct profile *p = t->p;
	size_t cycle = 0, pause = 0, bin = 0, pool = 0, memory = 0;
	int err = collect_assists(t);

	for (uint32_t target = 0; !err && target < p->n_targets; target++) {
		size_t n_cycles = NEXT_RUN(p->gc_cycles, p->n_gc_cycles, cycle, target);
		size_t n_pauses = NEXT_RUN(p->gc_pauses, p->n_gc_pauses, pause, target);
		size_t n_bins = NEXT_RUN(p->bins, p->n_bins, bin, target);
		size_t n_pools = NEXT_RUN(p->gc_pools, p->n_gc_pools, pool, target);
		size_t n_memory = NEXT_RUN(p->memory, p->n_memory, memory, target);

		err = write_slices(t, p->gc_cycles + cycle, n_cycles, p->gc_pauses + pause,
				   n_pauses);
		write_tracks(t, target);
		write_rates(t, p->bins + bin, n_bins);
		write_heap(t, p->gc_cycles + cycle, n_cycles);
		write_pools(t, p->gc_cycles + cycle, n_cycles, p->gc_pools + pool, n_pools);
		write_memory(t, p->memory + memory, n_memory);
		cycle += n_cycles;
		pause += n_pauses;
		bin += n_bins;
		pool += n_pools;
		memory += n_memory;
	}
	return err;
}

static int trace_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct trace t = {.w = json_writer_make(out), .p = p};
	int err;

	(void)opts;
	json_object(&t.w, NULL);
	json_string(&t.w, "displayTimeUnit", "ns");
	json_object(&t.w, "otherData");
	json_string(&t.w, "alloctap", profile_str(p, p->tool_version));
	json_uint(&t.w, "start_unix_ns", p->start_unix_ns);
	json_uint(&t.w, "duration_ns", p->duration_ns);
	json_end(&t.w);
	json_array(&t.w, "traceEvents");
	err = write_events(&t);
	json_end(&t.w);
	json_end(&t.w);
	for (size_t i = 0; i < LANES_ALL; i++)
		vec_free(&t.lanes[i].open);
	vec_free(&t.slices);
	vec_free(&t.assists);
	return err;
}

const struct exporter exporter_trace = {
	.name = "trace",
	.suffix = ".trace.json",
	.help = "collections over time, for Perfetto and chrome://tracing",
	.write = trace_write,
};
