// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Patterns of the stopped world, and of a heap at its limit. See gc_patterns.c. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "report/gc_patterns.h"

/*
 * Go's two phases of a stopped world do not walk the heap: they take 10 to 100 us
 * on an idle machine, little more where the heap is large. Of collectors that move
 * objects in a stopped world, G1 aims at 200 ms (MaxGCPauseMillis).
 */
#define GO_PAUSE_NS         1000000.0
#define GO_PAUSE_NS_PER_GIB 100000.0
#define OTHER_PAUSE_NS      200000000.0
/* Now and then the kernel takes a CPU away: one in twenty, or one ten times as long, is more. */
#define LONG_PAUSES_SHARE 0.05
#define LONG_PAUSES_MIN   2
#define LONG_PAUSE_FACTOR 10
/* Live when a cycle starts at the limit; the rest is taken by what is not heap. */
#define LIMIT_LIVE_SHARE 0.75
/* Thrashing is to collect again and again, and for much of the time. */
#define LIMIT_RUN_MIN    5
#define LIMIT_MARK_SHARE 0.25

/* How long a pause may take and nobody wonders. */
static double ample_ns(const struct profile *p, const struct profile_gc_pause *pause)
{
	const struct profile_gc_cycle *c = gc_cycle_of(p, pause);
	double gib = c ? (double)c->heap_live / (double)(1ull << 30) : 0;

	return gc_target_is_go(p, pause->target) ? GO_PAUSE_NS + gib * GO_PAUSE_NS_PER_GIB
						 : OTHER_PAUSE_NS;
}

struct long_pauses {
	uint64_t all, n;
	const struct profile_gc_pause *worst;
	uint64_t worst_ns;
	double stopping_ns, total_ns;
};

static struct long_pauses long_pauses_of(const struct profile *p)
{
	struct long_pauses l = {0};

	for (size_t i = 0; i < p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &p->gc_pauses[i];
		uint64_t ns = pause->stopping_ns + pause->stopped_ns;

		l.all += pause->gc;
		if (!pause->gc || (double)ns <= ample_ns(p, pause))
			continue;
		l.n++;
		l.stopping_ns += (double)pause->stopping_ns;
		l.total_ns += (double)ns;
		if (ns > l.worst_ns) {
			l.worst = pause;
			l.worst_ns = ns;
		}
	}
	return l;
}

static const char *long_pauses_remedy(const struct profile *p, const struct long_pauses *l)
{
	if (!gc_target_is_go(p, l->worst->target))
		return "Take a collector that moves objects while the program runs, or a smaller "
		       "heap; look for swapping and for CPU limits (cpu.max of the cgroup).";
	if (l->stopping_ns * 2 > l->total_ns)
		return "Threads were slow to stop: look for CPU limits that throttle (nr_throttled "
		       "in cpu.stat of the cgroup; make GOMAXPROCS fit), for more runnable threads "
		       "than CPUs, and for long loops in assembly, which cannot be preempted.";
	return "What is done in the stopped world was slow: look for CPU limits that throttle "
	       "(nr_throttled in cpu.stat of the cgroup), for swapping, and for a GOMAXPROCS far "
	       "above the CPUs there are.";
}

int gc_find_long_pauses(const struct gc_finder *f)
{
	struct long_pauses l = long_pauses_of(f->p);
	const struct profile_gc_cycle *c;
	char length[32], ample[32], heap[32];
	double ample_here;

	if (!l.worst)
		return 0;
	ample_here = ample_ns(f->p, l.worst);
	if ((double)l.worst_ns < LONG_PAUSE_FACTOR * ample_here &&
	    (l.n < LONG_PAUSES_MIN || (double)l.n < LONG_PAUSES_SHARE * (double)l.all))
		return 0;
	c = gc_cycle_of(f->p, l.worst);
	fprintf(f->evidence,
		"%" PRIu64 " of %" PRIu64
		" GC pauses took longer than their heap explains: up to %s (%s), where %s is ample",
		l.n, l.all, format_duration(length, sizeof(length), l.worst_ns),
		profile_str(f->p, l.worst->reason),
		format_duration(ample, sizeof(ample), (uint64_t)ample_here));
	if (c && c->heap_live)
		fprintf(f->evidence, " for %s live",
			format_bytes(heap, sizeof(heap), c->heap_live));
	fprintf(f->evidence, ". %.0f%% of their time passed until all threads had stopped.",
		100 * gc_share_of(l.stopping_ns, l.total_ns));
	fputs(long_pauses_remedy(f->p, &l), f->remedy);
	return 1;
}

/* Cycles one after the other, of one target. */
struct run {
	const struct profile_gc_cycle *first, *last;
	size_t n;
	double live, marking_ns;
};

static bool at_limit(const struct profile_gc_cycle *c)
{
	if (c->trigger != PROFILE_GC_HEAP || !c->memory_limit)
		return false;
	return (double)c->heap_live >= LIMIT_LIVE_SHARE * (double)c->memory_limit ||
	       c->heap_goal >= c->memory_limit;
}

/* From the start of its first cycle to the end of its last, that of cycles in between known. */
static double run_ns(const struct run *run)
{
	return run->last->end_ns > run->first->start_ns
		       ? (double)(run->last->end_ns - run->first->start_ns)
		       : 0;
}

static bool is_thrashing(const struct run *run)
{
	return run->n >= LIMIT_RUN_MIN && run->marking_ns >= LIMIT_MARK_SHARE * run_ns(run);
}

static void extend(struct run *run, const struct profile_gc_cycle *c)
{
	if (!run->n || run->last->target != c->target || !c->end_ns)
		*run = (struct run){.first = c};
	if (!c->end_ns)
		return;
	run->last = c;
	run->n++;
	run->live += (double)c->heap_live;
	run->marking_ns += (double)(c->end_ns - c->start_ns);
}

static struct run longest_thrashing(const struct profile *p)
{
	struct run run = {0}, longest = {0};

	for (size_t i = 0; i < p->n_gc_cycles; i++) {
		if (at_limit(&p->gc_cycles[i]))
			extend(&run, &p->gc_cycles[i]);
		else
			run = (struct run){0};
		if (run.n > longest.n && is_thrashing(&run))
			longest = run;
	}
	return longest;
}

int gc_find_limit(const struct gc_finder *f)
{
	struct run run = longest_thrashing(f->p);
	char limit[32], live[32], every[32];

	if (!run.n)
		return 0;
	fprintf(f->evidence,
		"%zu cycles in a row began at the memory limit of %s, with %s live, one every %s. "
		"The GC was marking for %.0f%% of that time, with a quarter of the CPUs and the "
		"goroutines' assists.",
		run.n, format_bytes(limit, sizeof(limit), run.last->memory_limit),
		format_bytes(live, sizeof(live), (uint64_t)(run.live / (double)run.n)),
		format_duration(every, sizeof(every), (uint64_t)(run_ns(&run) / (double)run.n)),
		100 * gc_share_of(run.marking_ns, run_ns(&run)));
	fputs("The program needs more than the limit leaves: raise GOMEMLIMIT (or the container's "
	      "memory with it), or keep less alive. Below the live heap no GC can hold a limit: it "
	      "only takes up to half of the CPU time trying.",
	      f->remedy);
	return 1;
}

/* By a word of the reason; those of Go 1.20 and before are a little different. */
static const struct {
	const char *word, *remedy;
} stop_remedies[] = {
	{"mem stats", "Read runtime/metrics instead of runtime.ReadMemStats(): it stops nothing."},
	{"MemStats", "Read runtime/metrics instead of runtime.ReadMemStats(): it stops nothing."},
	{"Metrics", "Read fewer metrics, or less often."},
	{"goroutine", "Take goroutine profiles less often, and not with debug=2."},
	{"profile", "Take profiles less often."},
	{"stack", "runtime.Stack(buf, true) and debug=2 profiles stop the world: ask for less."},
	{"GOMAXPROCS", "Set GOMAXPROCS once, at the start."},
	{"trac", "Starting and stopping an execution trace stops the world: trace less often."},
	{"heap dump", "debug.WriteHeapDump() stops the world for as long as it writes."},
};

static const char *stop_remedy(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(stop_remedies); i++) {
		if (strstr(reason, stop_remedies[i].word))
			return stop_remedies[i].remedy;
	}
	return "Do that less often: every goroutine waits for it.";
}

static int tally_stops(const struct profile *p, struct gc_tally *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &p->gc_pauses[i];

		if (!pause->gc)
			err = gc_tally_add(t, &(struct gc_tally_row){
						      .line = gc_caller(p, pause->stack),
						      .what = pause->reason,
						      .count = 1,
						      .ns = pause->stopping_ns + pause->stopped_ns,
					      });
	}
	gc_tally_sort(t);
	return err;
}

int gc_find_stops(const struct gc_finder *f)
{
	struct gc_tally t = {0};
	char ns[32];
	int err = tally_stops(f->p, &t);

	if (err || !t.count) {
		gc_tally_free(&t);
		return err;
	}
	fputs("The world was stopped ", f->evidence);
	gc_put_times(f->evidence, t.count);
	fprintf(f->evidence, " by other than the GC, for %s",
		format_duration(ns, sizeof(ns), t.ns));
	for (size_t i = 0; i < t.rows.n && i < GC_TALLY_NAMED; i++) {
		const struct gc_tally_row *row = &t.rows.data[i];

		fprintf(f->evidence, "%s %s by ", i ? ";" : ":", profile_str(f->p, row->what));
		gc_put_line(f->evidence, f->p, row->line);
		fputs(" ", f->evidence);
		gc_put_times(f->evidence, row->count);
		fprintf(f->evidence, ", %s", format_duration(ns, sizeof(ns), row->ns));
	}
	fputs(".", f->evidence);
	fputs(stop_remedy(profile_str(f->p, t.rows.data[0].what)), f->remedy);
	gc_tally_free(&t);
	return 1;
}
