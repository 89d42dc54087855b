// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "export/summary.h"
#include "report/stack_ends.h"
#include "target/launch.h"

/* How often targets and signals are looked at; the status line is redrawn each second. */
#define POLL_MS         100
#define STATUS_EVERY_NS 1000000000ull

struct recorder {
	const struct options *options;
	struct launch *launch; /* NULL: tapping running processes */
	struct session *session;
};

static int check_usage(const struct options *o)
{
	int n_ways = (o->pids.n > 0) + (o->n_operands > 0) + (o->session.select != SELECT_NAMED);

	if (o->n_operands && !o->has_command) {
		log_error("%s: unexpected: a command to run goes behind --", o->operands[0]);
		return EXIT_USAGE;
	}
	if (n_ways > 1) {
		log_error("-p, a command, -a, --comm and --cgroup exclude each other");
		return EXIT_USAGE;
	}
	if (!n_ways) {
		log_error("record: name a target: -p PID, -- CMD, -a, --comm or --cgroup: see "
			  "alloctap "
			  "record --help");
		return EXIT_USAGE;
	}
	if (o->session.live && o->session.empty_programs) {
		log_error(
			"--empty-probes counts nothing, so there is nothing for --live to follow");
		return EXIT_USAGE;
	}
	/* They would be in a library that Go programs with cgo map as well. */
	if (o->session.live && session_is_open(&o->session)) {
		log_error("--live needs return probes, which must not reach Go programs: it goes "
			  "with -p or a command, and not with --children, -a, --comm or "
			  "--cgroup");
		return EXIT_USAGE;
	}
	return 0;
}

static int add_target(struct recorder *r, pid_t pid, bool starting)
{
	struct process *p = process_open(pid);

	return p && !session_add_target(r->session, p, starting) ? 0 : EXIT_UNTRACEABLE;
}

static int add_targets(struct recorder *r)
{
	int code = 0;

	if (r->options->n_operands) {
		r->launch = launch_start(r->options->operands);
		/* As env(1) and timeout(1) say it: 127 not found, 126 cannot be run. */
		if (!r->launch)
			return errno == ENOENT ? 127 : 126;
		return add_target(r, launch_pid(r->launch), true);
	}
	vec_for_each (&r->options->pids, pid) {
		if (!code)
			code = add_target(r, *pid, false);
	}
	return code;
}

static void show_collections(const struct session_status *now)
{
	char elapsed[16], collections[16], pauses[16], lost[16];

	log_status("%s  %s collections  %s pauses  %s lost",
		   format_duration(elapsed, sizeof(elapsed), now->elapsed_ns),
		   format_count(collections, sizeof(collections), now->collections),
		   format_count(pauses, sizeof(pauses), now->pauses),
		   format_count(lost, sizeof(lost), now->lost));
}

static void show_status(const struct session_status *now, const struct session_status *before,
			bool open)
{
	double seconds = (double)(now->elapsed_ns - before->elapsed_ns) / 1e9;
	char elapsed[16], rate[16], objects[16], bytes[16], inserts[16], lost[16];
	char processes[40] = "";
	uint64_t per_second = 0;

	if (seconds > 0)
		per_second = (uint64_t)((double)(now->hits - before->hits) / seconds);
	if (open)
		snprintf(processes, sizeof(processes), "  %zu processes", now->targets_alive);
	log_status("%s%s  %s hits/s  %s objects  %s  %s map inserts  %s lost",
		   format_duration(elapsed, sizeof(elapsed), now->elapsed_ns), processes,
		   format_count(rate, sizeof(rate), per_second),
		   format_count(objects, sizeof(objects), now->alloc_objects),
		   format_bytes(bytes, sizeof(bytes), now->alloc_bytes),
		   format_count(inserts, sizeof(inserts), now->map_inserts),
		   format_count(lost, sizeof(lost), now->lost));
}

static int look_again(void *ctx, pid_t pid)
{
	return session_look_again(ctx, pid);
}

/* The command's libraries: probes go in before anything in them has run. */
static int load_command(struct recorder *r)
{
	return r->launch ? launch_load(r->launch, look_again, r->session) : 0;
}

/* The command has become another program, and waits for its probes. */
static int follow_exec(struct recorder *r)
{
	int err = session_take_exec(r->session);

	if (err <= 0)
		return err;
	err = launch_catch(r->launch);
	if (err) {
		log_warn("pid %d: cannot be held at its exec: %s: its first allocations may be "
			 "missing",
			 launch_pid(r->launch), strerror(-err));
		return 0;
	}
	err = load_command(r);
	return err ? err : launch_release(r->launch);
}

/* Until time is up, a signal came, or no target is left. */
static int run(struct recorder *r)
{
	struct session_status status, shown = {0};
	uint64_t duration = r->options->duration_ns;
	int err = 0;

	session_status(r->session, &status);
	/* Of all processes there will always be some. */
	while (!err && !interrupt_signal() &&
	       (status.targets_alive || r->options->session.select != SELECT_NAMED)) {
		uint64_t left_ns = duration - status.elapsed_ns;

		if (duration && status.elapsed_ns >= duration)
			break;
		err = session_poll(r->session, duration && left_ns / 1000000 < POLL_MS
						       ? (int)(left_ns / 1000000) + 1
						       : POLL_MS);
		if (!err)
			err = follow_exec(r);
		session_status(r->session, &status);
		if (status.elapsed_ns - shown.elapsed_ns < STATUS_EVERY_NS)
			continue;
		if (session_sees_allocations(r->session))
			show_status(&status, &shown, session_is_open(&r->options->session));
		else
			show_collections(&status);
		shown = status;
	}
	log_status(NULL);
	return err ? EXIT_FAILED : 0;
}

static void say_started(const struct recorder *r)
{
	char until[64];

	session_say_unseen(r->session);
	if (r->options->duration_ns)
		snprintf(until, sizeof(until), "for %.4gs; Ctrl-C stops early",
			 (double)r->options->duration_ns / 1e9);
	else
		snprintf(until, sizeof(until), "Ctrl-C stops and writes");
	log_info("tapping %s, %zu probes%s; %s", session_describe(r->session),
		 session_n_probes(r->session),
		 session_sees_allocations(r->session) ? "" : ": garbage collections only", until);
}

static void say_collections(const struct profile *p)
{
	uint64_t stopped_ns = 0;

	for (size_t i = 0; i < p->n_gc_pauses; i++)
		stopped_ns += p->gc_pauses[i].stopping_ns + p->gc_pauses[i].stopped_ns;
	log_info("%zu collections, %zu pauses of %.1f ms in all, in %.2f s", p->n_gc_cycles,
		 p->n_gc_pauses, (double)stopped_ns / 1e6, (double)p->duration_ns / 1e9);
}

static void say_heap(const struct profile *p, const struct profile_totals *t)
{
	char bytes[32], since[32];

	if (!p->heap.recorded)
		return;
	log_info("%llu frees; %s in %llu blocks live at the end",
		 (unsigned long long)(t->free_objects + p->heap.untracked_frees),
		 format_bytes(bytes, sizeof(bytes), t->live_bytes),
		 (unsigned long long)t->live_objects);
	if (p->heap.partial_since_ns)
		log_warn("what lives is partial: from %s on there was no room for new blocks: "
			 "raise --max-live",
			 format_duration(since, sizeof(since), p->heap.partial_since_ns));
}

/* Which stacks are not whole. Of native ones why: a walk has many ways to end. */
static void say_stacks(const struct profile *p)
{
	struct stack_ends e = stack_ends_count(p);

	if (!profile_native(p)) {
		if (p->stacks_broken)
			log_warn("%llu hits have a stack that ended at a bad frame pointer",
				 (unsigned long long)p->stacks_broken);
		if (p->stacks_truncated)
			log_info("%llu hits have a stack deeper than %d frames: cut there",
				 (unsigned long long)p->stacks_truncated, STACK_MAX_FRAMES);
		return;
	}
	log_info("%.5g%% of all hits have a whole stack", stack_ends_whole_share(&e) * 100);
	for (int i = 0; i < STACK_END_REASONS; i++) {
		if (e.reasons[i])
			log_info("%llu have not: %s", (unsigned long long)e.reasons[i],
				 stack_end_text((enum stack_end_reason)i));
	}
}

static void say_summary(const struct recorder *r, const struct profile *p)
{
	const struct options *o = r->options;
	struct profile_totals t = profile_totals(p);
	char bytes[32], partial[256], held[256];

	if (session_sees_allocations(r->session))
		log_info("%llu objects, %s, %llu map inserts in %.2f s",
			 (unsigned long long)t.alloc_objects,
			 format_bytes(bytes, sizeof(bytes), t.alloc_bytes),
			 (unsigned long long)t.map_inserts, (double)p->duration_ns / 1e9);
	else
		say_collections(p);
	if (t.wb_flushes)
		log_info("%llu write barrier flushes", (unsigned long long)t.wb_flushes);
	say_heap(p, &t);
	for (size_t i = 0; i < p->n_losses; i++)
		log_warn("lost: %llu %s", (unsigned long long)p->losses[i].count,
			 profile_str(p, p->losses[i].text));
	if (!p->n_losses)
		log_info("nothing was lost");
	if (summary_partial(p, partial, sizeof(partial)))
		log_info("partial: %s", partial);
	say_stacks(p);
	log_info("cost: %llu probe hits at %.2f us each, %.1f%% of the target's CPU time",
		 (unsigned long long)p->cost.hits, (p->cost.trap_ns + p->cost.program_ns) / 1000,
		 100 * p->cost.target_cpu_share);
	if (summary_held(p, held, sizeof(held)))
		log_info("%s", held);
	vec_for_each (&o->outputs, out) {
		if (out->exporter == &exporter_pprof)
			log_info("next: go tool pprof -http=: %s", out->path);
		else if (out->exporter == &exporter_html)
			log_info("next: open %s in a browser", out->path);
		else if (out->exporter == &exporter_atap)
			log_info("next: alloctap report %s%s", out->path,
				 p->heap.recorded ? " --view leaks" : "");
	}
}

static int write_outputs(const struct options *o, const struct profile *p)
{
	struct export_options opts = o->export;
	int err = 0;

	/* A report of call sites would have none. */
	if (profile_only_collections(p))
		opts.view = VIEW_GC;
	vec_for_each (&o->outputs, out) {
		if (export_profile(p, out->exporter, &opts, out->path))
			err = 1;
	}
	if (!o->outputs.n && export_profile(p, o->format ? o->format : &exporter_text, &opts, "-"))
		err = 1;
	return err ? EXIT_FAILED : 0;
}

static int finish(struct recorder *r)
{
	struct profile *p;
	int code;

	if (session_stop(r->session))
		return EXIT_FAILED;
	p = session_profile(r->session);
	if (!p)
		return EXIT_FAILED;
	code = write_outputs(r->options, p);
	say_summary(r, p);
	if (!code && r->options->strict && profile_lost(p))
		code = EXIT_STRICT_LOST;
	profile_free(p);
	return code;
}

/*
 * The command's status is ours, unless we failed at something ourselves. A stop
 * that only we were told of is passed on, as timeout(1) does.
 */
static int wait_for_command(struct recorder *r, int code)
{
	int status;

	if (interrupt_signal() && interrupt_was_ours_alone() && !launch_ended(r->launch, &status))
		kill(launch_pid(r->launch), interrupt_signal());
	while (!launch_wait(r->launch, &status)) {
		/* At an exec that nobody looks at any more; not by somebody else. */
		if (session_take_exec(r->session) > 0)
			launch_continue(r->launch);
	}
	return code ? code : status;
}

static int record(struct recorder *r)
{
	int code = add_targets(r);

	if (code)
		return code;
	if (r->options->dry_run) {
		if (load_command(r))
			return EXIT_FAILED;
		session_print_plan(r->session, stdout);
		return EXIT_OK;
	}
	if (session_start(r->session))
		return EXIT_UNTRACEABLE;
	if (load_command(r) || (r->launch && launch_release(r->launch)))
		return EXIT_FAILED;
	say_started(r);
	code = run(r);
	if (!code)
		code = finish(r);
	return r->launch ? wait_for_command(r, code) : code;
}

int cmd_record(const struct options *o)
{
	struct session_options session = o->session;
	struct recorder r = {.options = o};
	int code = check_usage(o);

	if (code)
		return code;
	interrupt_install();
	/* Of others the programs tell that they have begun; only of ours can we wait for them. */
	session.stop_execs = o->n_operands && !session_is_open(&session);
	r.session = session_new(&session);
	if (!r.session)
		return errno == ENOTSUP ? EXIT_UNTRACEABLE : EXIT_FAILED;
	code = record(&r);
	session_free(r.session);
	launch_free(r.launch);
	return code;
}
