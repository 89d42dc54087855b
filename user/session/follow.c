// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Two feeds, neither of which is complete by itself. The BPF side tells who became a
 * target and who ended; the kernel's own records tell what was mapped, where and from
 * which file. A process may end before we look at it: then what it had mapped is put
 * together from the records, those of the last seconds being kept for processes that we
 * do not know (yet), or is what its parent had when it forked.
 *
 * Where either feed had no room, /proc and the map of targets are read instead.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/log.h"
#include "base/vec.h"
#include "session/follow.h"
#include "session/selection.h"
#include "target/emulator.h"
#include "target/perf_records.h"

/* Records kept of processes that are no targets: those of a second on a busy machine. */
#define RECENT_MAX 4096

struct recent {
	uint32_t pid;
	bool execed; /* it begins anew; no mapping */
	uint64_t time_ns;
	struct memory_map map;
};

struct follow {
	struct tapper *t;
	struct gate *gate;
	struct emulators *emulators;
	struct perf_records *records; /* NULL: cannot be had */
	VEC(struct event) events;
	VEC(uint32_t) changed; /* ids of targets that mapped something */
	struct recent *recent; /* a ring */
	size_t n_recent;       /* so far */
	uint32_t events_lost;
	bool missed;
};

struct follow *follow_new(struct tapper *t, struct gate *gate, struct emulators *emulators)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->t = t;
	f->gate = gate;
	f->emulators = emulators;
	f->recent = calloc(RECENT_MAX, sizeof(*f->recent));
	if (!f->recent) {
		follow_free(f);
		errno = ENOMEM;
		return NULL;
	}
	f->records = perf_records_new();
	if (!f->records)
		log_warn("what targets map from now on is not followed: %s: need CAP_PERFMON",
			 strerror(errno));
	return f;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	perf_records_free(f->records);
	for (size_t i = 0; f->recent && i < RECENT_MAX; i++)
		free(f->recent[i].map.path);
	free(f->recent);
	vec_free(&f->events);
	vec_free(&f->changed);
	free(f);
}

int follow_fd(const struct follow *f)
{
	return f->records ? perf_records_fd(f->records) : -1;
}

int follow_event(struct follow *f, const struct event *e)
{
	return vec_push(&f->events, *e);
}

/* What makes a target untappable is no reason to stop: only want of memory is. */
static int tolerate(int err)
{
	return err == -ENOMEM ? err : 0;
}

/* --- records ------------------------------------------------------------------------- */

static int remember(struct follow *f, const struct perf_record *r)
{
	struct recent *slot = &f->recent[f->n_recent++ % RECENT_MAX];

	free(slot->map.path);
	*slot = (struct recent){
		.pid = r->pid, .execed = r->kind == PERF_RECORD_EXECED, .time_ns = r->time_ns};
	if (slot->execed)
		return 0;
	slot->map = r->map;
	slot->map.path = strdup(r->map.path);
	return slot->map.path ? 0 : -ENOMEM;
}

static int take_record(void *ctx, const struct perf_record *r)
{
	struct follow *f = ctx;
	struct target *target = r->pid ? targets_by_pid(&f->t->targets, (pid_t)r->pid) : NULL;
	const char *emulator;

	if (r->kind == PERF_RECORD_MISSED) {
		f->missed = true;
		return 0;
	}
	emulator = r->kind == PERF_RECORD_MAPPED && r->pid && f->t->everywhere
			   ? emulator_name(r->map.path)
			   : NULL;
	if (emulator && emulators_note(f->emulators, (pid_t)r->pid, emulator))
		return -ENOMEM;
	if (target && r->kind == PERF_RECORD_EXECED)
		target->execing = true;
	/* What follows is the next program's: it becomes another target. */
	if (!target || target->execing)
		return f->t->everywhere && r->pid ? remember(f, r) : 0;
	if (!target->mapped_ns)
		target->mapped_ns = r->time_ns;
	if (!f->changed.n || f->changed.data[f->changed.n - 1] != target->id) {
		if (vec_push(&f->changed, target->id))
			return -ENOMEM;
	}
	return tolerate(tap_note_mapping(target->tap, &r->map));
}

/* What is remembered, the newest being 1. */
static const struct recent *recent_at(const struct follow *f, size_t age)
{
	return &f->recent[(f->n_recent - age) % RECENT_MAX];
}

/*
 * Gives @tap what is remembered of its process while that ran the program it ran at
 * @began_ns. The kernel records an exec, and the first mappings after it, before it tells
 * our programs.
 */
static int recall(const struct follow *f, struct tap *tap, uint64_t began_ns, bool *execed)
{
	size_t n = f->n_recent < RECENT_MAX ? f->n_recent : RECENT_MAX, first = n;
	int err = 0;

	*execed = false;
	/* From the newest back to the exec. */
	for (size_t age = 1; age <= n && !*execed; age++) {
		const struct recent *r = recent_at(f, age);

		if ((pid_t)r->pid != tap_pid(tap))
			continue;
		*execed = r->execed && r->time_ns <= began_ns;
		first = age;
	}
	for (size_t age = first; age >= 1 && age <= n && !err; age--) {
		const struct recent *r = recent_at(f, age);

		if ((pid_t)r->pid != tap_pid(tap))
			continue;
		/* The next program. */
		if (r->execed && r->time_ns > began_ns)
			break;
		if (!r->execed)
			err = tolerate(tap_note_mapping(tap, &r->map));
	}
	return err;
}

/* --- targets ------------------------------------------------------------------------- */

/* A process that can not be looked at any more. */
static struct tap *reconstruct(struct follow *f, const struct event *e)
{
	struct tap *tap = tap_new_gone((pid_t)e->tgid, e->comm, f->t->files);
	const struct target *parent = targets_by_pid(&f->t->targets, (pid_t)e->parent);
	bool execed;
	int err = tap ? recall(f, tap, e->time_ns, &execed) : -ENOMEM;

	if (!err && !execed && parent)
		err = tap_inherit(tap, parent->tap);
	if (!err)
		return tap;
	tap_free(tap);
	return NULL;
}

/* Did the target of event number @i end, or run another program, as later events have it? */
static bool is_over(const struct follow *f, size_t i)
{
	uint32_t id = f->events.data[i].target;

	for (i++; i < f->events.n; i++) {
		const struct event *e = &f->events.data[i];

		if (e->target == id && (e->event == EVENT_EXIT || e->event == EVENT_EXEC))
			return true;
	}
	return false;
}

/* Only one of a process's targets runs: what was before this one is over. */
static int end_predecessor(struct follow *f, struct target *before, uint64_t time_ns,
			   uint64_t cpu_ns)
{
	int err;

	if (cpu_ns)
		before->cpu_now_ns = cpu_ns;
	err = tapper_gone(f->t, before, time_ns);
	return err || f->t->everywhere ? err : tapper_take_out(f->t);
}

/* Of a process that is the target still, once all was read: not what it runs by now instead. */
static struct tap *look_at(struct follow *f, const struct event *e, struct process *p)
{
	struct tap *tap = f->t->everywhere ? tap_new_if(p, f->t->files) : tap_new(p, f->t->files);

	if (!tap || kernel_is_target(f->t->kernel, e->target, (pid_t)e->tgid))
		return tap;
	tap_free(tap);
	return NULL;
}

static void say_what_it_became(const struct tap *tap)
{
	const char *emulator = tap_emulator(tap);

	if (emulator)
		log_warn("pid %d has become another program (exec): %s, which is not tapped: it "
			 "runs "
			 "its program under %s, to which a probe is fatal",
			 tap_pid(tap), tap_comm(tap), emulator);
	else
		log_info("pid %d has become another program (exec): %s, which is tapped now",
			 tap_pid(tap), tap_comm(tap));
}

static int begin_target(struct follow *f, size_t i)
{
	const struct event *e = &f->events.data[i];
	bool over = is_over(f, i);
	uint64_t cpu_ns = e->cpu_ns;
	struct process *p;
	struct target *target;
	struct tap *tap = NULL;
	int err = 0;

	if (targets_by_id(&f->t->targets, e->target))
		return 0;
	p = over ? NULL : process_open_if((pid_t)e->tgid);
	if (p)
		process_cpu_ns(p, &cpu_ns);
	target = targets_by_pid(&f->t->targets, (pid_t)e->tgid);
	if (target)
		err = end_predecessor(f, target, e->time_ns, e->cpu_ns);
	if (err) {
		process_free(p);
		return err;
	}
	if (p)
		tap = look_at(f, e, p);
	if (!tap)
		tap = reconstruct(f, e);
	if (!tap || targets_add(&f->t->targets, tap, e->target)) {
		tap_free(tap);
		return -ENOMEM;
	}
	target = targets_by_id(&f->t->targets, e->target);
	target->start_ns = target->looked_ns = e->time_ns;
	target->parent = e->parent;
	target->cpu_at_start_ns = e->cpu_ns;
	target->cpu_now_ns = cpu_ns;
	if (!f->t->everywhere)
		say_what_it_became(tap);
	gate_note_file(f->gate, tap_exe(tap));
	/* At the very end probes are out already. */
	if (!f->t->attachment && !f->t->suspended_ns)
		return 0;
	return tolerate(over || !tap_process(tap) ? tapper_attach_files(f->t, target)
						  : tapper_attach(f->t, target));
}

static int end_target(struct follow *f, const struct event *e)
{
	struct target *target = targets_by_id(&f->t->targets, e->target);

	if (!target || target->gone)
		return 0;
	/* The kernel lacks what ran since its last tick, we what ran since our last look. */
	if (e->cpu_ns > target->cpu_now_ns)
		target->cpu_now_ns = e->cpu_ns;
	/* Of one that can still be looked at the pidfd tells. */
	if (!f->t->everywhere && tap_process(target->tap))
		return 0;
	return tapper_gone(f->t, target, e->time_ns);
}

static int settle_events(struct follow *f)
{
	int err = 0;

	for (size_t i = 0; i < f->events.n && !err; i++) {
		const struct event *e = &f->events.data[i];

		err = e->event == EVENT_TARGET ? begin_target(f, i) : end_target(f, e);
	}
	f->events.n = 0;
	return err;
}

/* A target that the programs know, and whose event found no room. */
static int note_target(void *ctx, uint32_t id, pid_t tgid)
{
	struct follow *f = ctx;
	struct event e = {.event = EVENT_TARGET, .target = id, .tgid = (uint32_t)tgid};

	return targets_by_id(&f->t->targets, id) ? 0 : vec_push(&f->events, e);
}

/* Of those that run as far as we know, the ones that do not. */
static int note_ended(struct follow *f)
{
	int err = 0;

	vec_for_each (&f->t->targets.list, target) {
		struct event e = {.event = EVENT_EXIT, .target = target->id};

		if (!err && !target->gone &&
		    !kernel_is_target(f->t->kernel, target->id, tap_pid(target->tap)))
			err = vec_push(&f->events, e);
	}
	return err;
}

static int settle_lost_events(struct follow *f)
{
	uint32_t lost = kernel_events_lost(f->t->kernel);
	int err;

	if (lost == f->events_lost)
		return 0;
	f->events_lost = lost;
	err = note_ended(f);
	if (!err)
		err = kernel_each_target(f->t->kernel, note_target, f);
	return err ? err : settle_events(f);
}

static int look_again(struct follow *f, struct target *target)
{
	return target && !target->gone && !target->execing
		       ? tolerate(tapper_look_again(f->t, target, false))
		       : 0;
}

static int settle_changed(struct follow *f)
{
	int err = 0;

	vec_for_each (&f->changed, id) {
		if (!err && !f->missed)
			err = look_again(f, targets_by_id(&f->t->targets, *id));
	}
	f->changed.n = 0;
	if (!f->missed)
		return err;
	f->missed = false;
	vec_for_each (&f->t->targets.list, target) {
		/* The first may be among those that were missed. */
		target->mapped_ns = 0;
		if (!err)
			err = look_again(f, target);
	}
	return err;
}

int follow_settle(struct follow *f)
{
	int err = f->records ? perf_records_take(f->records, take_record, f) : 0;

	if (!err)
		err = settle_events(f);
	if (!err && (f->t->everywhere || f->t->options->stop_execs))
		err = settle_lost_events(f);
	return err ? err : settle_changed(f);
}

int follow_find(struct follow *f, uint32_t id)
{
	struct tap *tap;

	if (!id || targets_by_id(&f->t->targets, id))
		return 0;
	tap = tap_new_gone(0, "unknown", f->t->files);
	if (tap && !targets_add(&f->t->targets, tap, id))
		return 0;
	tap_free(tap);
	return -ENOMEM;
}

/* --- processes that run already ------------------------------------------------------ */

static int scan_process(void *ctx, pid_t pid)
{
	struct follow *f = ctx;
	struct process *p = pid == getpid() ? NULL : process_open_if(pid);
	struct tap *tap = NULL;
	uint32_t id;
	int err;

	if (p && !selection_has(f->t->options, process_comm(p), pid)) {
		process_free(p);
		return 0;
	}
	if (p)
		tap = tap_new_if(p, f->t->files);
	if (!tap)
		return 0;
	id = kernel_next_target(f->t->kernel);
	err = kernel_add_target(f->t->kernel, id, pid);
	if (!err)
		err = targets_add(&f->t->targets, tap, id);
	if (!err)
		return 0;
	tap_free(tap);
	/* It has run another program meanwhile: an event tells of it. */
	return err == -EEXIST ? 0 : err;
}

int follow_scan(struct follow *f)
{
	/* We are the one process that cannot be tapped by us. */
	int err = kernel_add_target(f->t->kernel, 0, getpid());

	if (!err)
		err = process_each(scan_process, f);
	if (err)
		log_error("processes cannot be looked through: %s", strerror(-err));
	return err;
}
