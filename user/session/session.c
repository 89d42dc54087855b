// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/vec.h"
#include "session/calibrate.h"
#include "session/counted.h"
#include "session/describe.h"
#include "session/follow.h"
#include "session/memory_log.h"
#include "session/result.h"
#include "session/session.h"
#include "session/tapper.h"

/* Drained this often even when the maps have room: what a crash of ours would lose. */
#define DRAIN_INTERVAL_NS 1000000000ull
/* Every 20 ms, at a process that has nothing to tap so far. */
#define LOADING_LOOKS 25

struct session {
	struct session_options options;
	struct tapper t;
	struct emulators *emulators;
	struct gate *gate;     /* once started */
	struct follow *follow; /* once started */
	struct counted counted;
	struct gc_log *gc;
	struct memory_log *memory;
	char *description;
	bool starting; /* a target has not mapped its libraries yet */
	uint64_t start_unix_ns, started_ns, stopped_ns, drained_ns;
};

const char *session_libbpf_version(void)
{
	return libbpf_version_string();
}

static int make_parts(struct session *s)
{
	const struct session_options *o = &s->options;
	struct tapper *t = &s->t;
	int err = counted_init(&s->counted, t);

	t->options = o;
	t->everywhere = session_is_open(o);
	t->request = (struct native_request){
		.kinds = o->kinds | (o->live ? 1u << KIND_FREE : 0),
		.live = o->live,
		.custom = o->custom,
		.n_custom = o->n_custom,
	};
	s->gc = gc_log_new();
	s->memory = memory_log_new();
	s->emulators = emulators_new(t);
	t->usdt = err ? NULL : usdt_new(s->counted.builder);
	t->files = files_new(o->kinds, &t->request);
	t->probed = probed_files_new();
	t->native = native_new(o->empty_programs);
	t->unwind = unwind_new(o->unwind_memory ?: UNWIND_MEMORY_DEFAULT);
	if (o->live)
		t->live = live_new(o->max_live ?: NATIVE_MAX_LIVE_DEFAULT);
	return s->gc && s->memory && s->emulators && t->usdt && t->files && t->probed &&
			       t->native && t->unwind && (t->live || !o->live)
		       ? 0
		       : -ENOMEM;
}

struct session *session_new(const struct session_options *options)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->options = *options;
	err = make_parts(s);
	if (!err)
		err = link_kind_choose(&s->options.link);
	if (!err)
		return s;
	session_free(s);
	errno = -err;
	return NULL;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	follow_free(s->follow);
	gate_free(s->gate);
	emulators_free(s->emulators);
	attachment_free(s->t.attachment);
	live_free(s->t.live);
	unwind_free(s->t.unwind);
	native_free(s->t.native);
	usdt_free(s->t.usdt);
	kernel_free(s->t.kernel);
	targets_free(&s->t.targets);
	probed_files_free(s->t.probed);
	files_free(s->t.files);
	counted_free(&s->counted);
	gc_log_free(s->gc);
	memory_log_free(s->memory);
	free(s->description);
	free(s);
}

/* One that was begun a moment ago ("server & alloctap record -p $!") maps its libraries yet. */
static bool can_be_tapped(const struct session *s, struct tap *tap)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	bool found = tapper_has_something(&s->t, tap);

	for (int i = 0; i < LOADING_LOOKS && !found && !tap_note_mappings(tap, NULL); i++) {
		nanosleep(&pause, NULL);
		found = tapper_has_something(&s->t, tap);
	}
	return found;
}

int session_add_target(struct session *s, struct process *process, bool starting)
{
	struct tap *tap = tap_new(process, s->t.files);
	uint32_t id = (uint32_t)s->t.targets.list.n + 1;

	if (!tap)
		return -errno;
	if (tap_emulator(tap)) {
		log_error("%s: it runs its program under %s, to which a probe is fatal: run the "
			  "program without it",
			  tap_name(tap), tap_emulator(tap));
		tap_free(tap);
		return -ENOEXEC;
	}
	if (!starting && !can_be_tapped(s, tap)) {
		log_error("%s: %s: no Go program, and no allocator that we know is in it or its "
			  "libraries: name one with --allocator SYMBOL",
			  tap_name(tap), tap_exe_path(tap));
		tap_free(tap);
		return -ENOENT;
	}
	s->starting |= starting;
	if (targets_add(&s->t.targets, tap, id)) {
		tap_free(tap);
		return -ENOMEM;
	}
	return 0;
}

void session_print_plan(const struct session *s, FILE *out)
{
	describe_plan(&s->t, out);
}

void session_say_unseen(const struct session *s)
{
	vec_for_each (&s->t.targets.list, target) {
		if (!s->t.everywhere && s->options.kinds & 1u << KIND_GC_ASSIST)
			tap_say_no_collections(target->tap);
	}
}

const char *session_describe(struct session *s)
{
	free(s->description);
	s->description = describe_targets(&s->t);
	return s->description ?: "";
}

bool session_sees_allocations(const struct session *s)
{
	vec_for_each (&s->t.targets.list, target) {
		if (tap_is_go(target->tap) ||
		    (tapper_wants_native(&s->t, target->tap) && tap_has_allocator(target->tap)))
			return true;
	}
	return s->t.options->select != SELECT_NAMED;
}

size_t session_n_probes(const struct session *s)
{
	return s->t.attachment ? attachment_count(s->t.attachment) : 0;
}

int session_look_again(struct session *s, pid_t pid)
{
	struct target *target = targets_by_pid(&s->t.targets, pid);
	int err = target ? tapper_look_again(&s->t, target, true) : 0;

	return err == -ESRCH ? 0 : err;
}

/* What there is, or may come to be, to tap: programs for anything else are not loaded. */
struct expected {
	bool go, native, collectors;
};

static struct expected expect(const struct session *s)
{
	bool any = s->t.everywhere || s->options.stop_execs;
	struct expected e = {any, any || s->options.native_in_go, any};

	vec_for_each (&s->t.targets.list, target) {
		bool is_go = tap_is_go(target->tap);

		e.go |= is_go;
		e.native |= !is_go;
		e.collectors |= !is_go && (s->starting || tap_gc_file(target->tap));
	}
	e.collectors &= (s->options.kinds & 1u << KIND_GC_ASSIST) != 0;
	return e;
}

static int load(struct session *s)
{
	struct expected e = expect(s);
	struct alloctap_bpf *skel;
	int err;

	s->t.kernel = kernel_open(&s->options, s->t.targets.list.n, s->gc);
	if (!s->t.kernel)
		return -errno;
	skel = kernel_skel(s->t.kernel);
	s->t.attachment = attachment_new(s->options.link);
	if (!s->t.attachment)
		return -ENOMEM;
	usdt_prepare(s->t.usdt, skel, s->t.attachment, e.collectors);
	native_prepare(s->t.native, skel, s->t.attachment, e.native ? &s->t.request : NULL,
		       s->options.max_live);
	unwind_configure(s->t.unwind, skel);
	if (s->t.everywhere)
		probed_files_prepare(skel);
	err = kernel_load(s->t.kernel, s->t.attachment, e.go);
	if (!err)
		err = usdt_start(s->t.usdt, skel);
	if (!err)
		err = native_start(s->t.native, skel);
	return err ? err : unwind_start(s->t.unwind, skel);
}

static int start_clocks(struct session *s)
{
	int err;

	vec_for_each (&s->t.targets.list, target) {
		if (tap_process(target->tap))
			process_cpu_ns(tap_process(target->tap), &target->cpu_at_start_ns);
	}
	s->start_unix_ns = clock_ns(CLOCK_REALTIME);
	s->started_ns = s->drained_ns = now_ns();
	err = kernel_set_origin(s->t.kernel, s->started_ns);
	usdt_set_start(s->t.usdt, s->started_ns);
	if (!err && s->t.live)
		err = live_start(s->t.live, kernel_skel(s->t.kernel), s->started_ns);
	return err;
}

/* Of targets whose collector says too little of the heap to see it grow. */
static int look_at_memory(struct session *s, uint64_t now_ns, bool last)
{
	uint64_t bytes;
	int err = 0;

	if (!memory_log_due(s->memory, now_ns) && !last)
		return 0;
	vec_for_each (&s->t.targets.list, target) {
		if (!err && !target->gone && target->gc_attached &&
		    !process_resident_bytes(tap_process(target->tap), &bytes))
			err = memory_log_note(s->memory, targets_place(&s->t.targets, target->id),
					      now_ns, bytes);
	}
	return err;
}

/* Those that were named, and those that run already and are selected. */
static int know_targets(struct session *s)
{
	pid_t keeper = gate_keeper(s->gate);
	int err = keeper ? kernel_add_target(s->t.kernel, 0, keeper) : 0;

	vec_for_each (&s->t.targets.list, target) {
		if (!err)
			err = kernel_add_target(s->t.kernel, target->id, tap_pid(target->tap));
	}
	if (!err && s->options.select != SELECT_NAMED)
		err = follow_scan(s->follow);
	return err;
}

static int take_event(void *ctx, const struct event *e)
{
	struct session *s = ctx;

	if (e->event != EVENT_TYPE)
		return follow_event(s->follow, e);
	counted_note_type(&s->counted, e->target, e->type);
	return 0;
}

/* 1: a side of the double buffer is full; 0; -errno. */
static int take_news(struct session *s)
{
	int err = gate_settle(s->gate), filled;

	if (err)
		return err;
	filled = kernel_take_events(s->t.kernel, take_event, s);
	err = filled < 0 ? filled : follow_settle(s->follow);
	return err ? err : filled;
}

/* From now on nobody begins without probes; who did so since they were looked for gets them. */
static int open_gate(struct session *s)
{
	int err = gate_open(s->gate);

	vec_for_each (&s->t.targets.list, target)
		gate_note_file(s->gate, tap_exe(target->tap));
	err = err ?: take_news(s);
	return err < 0 ? err : 0;
}

int session_start(struct session *s)
{
	bool named = s->options.select == SELECT_NAMED;
	int err;

	s->gate = gate_new(&s->t, s->emulators);
	err = s->gate ? load(s) : -ENOMEM;
	if (err)
		return err;
	s->follow = follow_new(&s->t, s->gate, s->emulators);
	err = s->follow ? know_targets(s) : -ENOMEM;
	if (!err && s->t.everywhere)
		err = emulators_scan(s->emulators);
	if (!err && !named)
		describe_cost(&s->t);
	for (size_t i = 0; i < s->t.targets.list.n && !err; i++) {
		err = tapper_attach(&s->t, &s->t.targets.list.data[i]);
		/* Of many, some cannot be tapped. */
		if (!named && err != -ENOMEM)
			err = 0;
	}
	if (!err)
		err = open_gate(s);
	if (!err)
		err = start_clocks(s);
	if (!err)
		err = look_at_memory(s, s->started_ns, false);
	if (err)
		return err;
	s->t.counts_since_ns = now_ns();
	kernel_count(s->t.kernel, true);
	return 0;
}

/* Reads what /proc still tells, and whether the process is the one we tapped. */
static int look_at_target(struct session *s, struct target *target, bool ended)
{
	struct tap *t = target->tap;

	if (target->gone || !tap_process(t))
		return 0;
	/* A zombie's times can still be read: the last look counts. */
	process_cpu_ns(tap_process(t), &target->cpu_now_ns);
	/* Where many come and go, events tell of it. */
	if (s->t.everywhere)
		return 0;
	if (ended)
		log_info("%s has ended", tap_name(t));
	else if (!s->options.stop_execs &&
		 kernel_target_execed(s->t.kernel, target->id, tap_pid(t)))
		log_warn("%s has become another program (exec): what it did until then is kept; "
			 "--children follows it",
			 tap_name(t));
	else
		return 0;
	return tapper_gone(&s->t, target, now_ns());
}

/* Polls the ends of named targets, and what tells of all others. */
static int wait_for_something(struct session *s, int timeout_ms)
{
	size_t n_targets = s->t.everywhere ? 0 : s->t.targets.list.n;
	const int feeds[] = {kernel_events_fd(s->t.kernel), usdt_events_fd(s->t.usdt),
			     follow_fd(s->follow), gate_fd(s->gate), emulators_fd(s->emulators)};
	__auto_free struct pollfd *fds = calloc(n_targets + ARRAY_SIZE(feeds), sizeof(*fds));
	int n, err = 0;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < n_targets; i++) {
		const struct process *p = tap_process(s->t.targets.list.data[i].tap);

		fds[i].fd = p ? process_pidfd(p) : -1; /* gone: none */
		fds[i].events = POLLIN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(feeds); i++)
		fds[n_targets + i] = (struct pollfd){.fd = feeds[i], .events = POLLIN};
	n = poll(fds, n_targets + ARRAY_SIZE(feeds), timeout_ms);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < n_targets && !err; i++)
		err = look_at_target(s, &s->t.targets.list.data[i],
				     n > 0 && fds[i].fd >= 0 && fds[i].revents);
	usdt_take(s->t.usdt);
	return err;
}

int session_take_exec(struct session *s)
{
	int filled;

	if (!kernel_take_exec(s->t.kernel))
		return 0;
	filled = take_news(s);
	s->drained_ns = filled > 0 ? 0 : s->drained_ns; /* full: the next poll drains */
	return filled < 0 ? filled : 1;
}

int session_poll(struct session *s, int timeout_ms)
{
	int err = wait_for_something(s, timeout_ms);
	uint64_t now = now_ns();

	if (!err)
		err = emulators_settle(s->emulators);
	if (!err)
		err = take_news(s);
	if (err < 0)
		return err;
	if (look_at_memory(s, now, false))
		return -ENOMEM;
	if (err == 0 && now - s->drained_ns < DRAIN_INTERVAL_NS)
		return 0;
	s->drained_ns = now;
	vec_for_each (&s->t.targets.list, target) {
		if (s->t.everywhere)
			look_at_target(s, target, false);
	}
	return counted_drain(&s->counted);
}

void session_status(struct session *s, struct session_status *status)
{
	const struct count_value *totals = s->counted.raw.totals;
	uint64_t losses[LOST_MAX];

	*status = (struct session_status){
		.elapsed_ns = (s->stopped_ns ? s->stopped_ns : now_ns()) - s->started_ns,
		.hits = kernel_stats(s->t.kernel).hits,
		.alloc_objects = totals[KIND_ALLOC].objects,
		.alloc_bytes = totals[KIND_ALLOC].bytes,
		.map_inserts = totals[KIND_MAP_INSERT].objects,
	};
	kernel_losses(s->t.kernel, losses);
	status->collections = usdt_n_cycles(s->t.usdt);
	status->pauses = usdt_n_pauses(s->t.usdt);
	status->lost = usdt_lost(s->t.usdt);
	for (int i = 0; i < LOST_MAX; i++)
		status->lost += losses[i];
	status->targets_alive = s->t.targets.n_alive;
}

int session_stop(struct session *s)
{
	/* Who waits is told of, whether he was served in time or not. */
	int err = gate_settle(s->gate);

	gate_close(s->gate);
	kernel_count(s->t.kernel, false);
	s->stopped_ns = now_ns();
	/* What was mapped since, while it can still be asked for. */
	if (!err)
		err = look_at_memory(s, s->stopped_ns, true);
	if (!err)
		err = take_news(s);
	for (size_t i = 0; i < s->t.targets.list.n && err >= 0; i++) {
		struct target *target = &s->t.targets.list.data[i];

		err = look_at_target(s, target, false);
		if (!target->gone && !target->execing && tap_note_mappings(target->tap, NULL))
			log_debug("%s: libraries it loaded since may lack names",
				  tap_name(target->tap));
	}
	err = err < 0 ? err : 0;
	tapper_note_suspended(&s->t, s->stopped_ns);
	attachment_free(s->t.attachment);
	s->t.attachment = NULL;
	usdt_finish(s->t.usdt);
	err = err ? err : take_news(s);
	err = err < 0 ? err : 0;
	err = err ? err : counted_drain_all(&s->counted);
	vec_for_each (&s->counted.raw.counts, count) {
		if (!err)
			err = follow_find(s->follow, count->key.target);
	}
	return err ? err : counted_finish(&s->counted);
}

struct profile *session_profile(struct session *s)
{
	struct result_input in = {
		.builder = s->counted.builder,
		.has_types = !s->options.no_types,
		.targets = &s->t.targets,
		.live = s->t.live,
		.names = {s->options.debuginfod, s->options.custom, s->options.n_custom},
		.raw = &s->counted.raw,
		.gc = s->gc,
		.memory = s->memory,
		.usdt_lost = usdt_lost(s->t.usdt),
		.stats = kernel_stats(s->t.kernel),
		.holds = gate_holds(s->gate),
		.start_unix_ns = s->start_unix_ns,
		.started_ns = s->started_ns,
		.duration_ns = s->stopped_ns - s->started_ns,
		.trap_ns = calibrate_trap_ns(s->options.link, kernel_nothing(s->t.kernel)),
	};

	kernel_losses(s->t.kernel, in.losses);
	files_say_inlined(s->t.files);
	return result_profile(&in);
}
