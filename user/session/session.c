// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "probe/return_guard.h"
#include "session/calibrate.h"
#include "session/kernel.h"
#include "session/live.h"
#include "session/memory_log.h"
#include "session/native.h"
#include "session/result.h"
#include "session/session.h"
#include "session/targets.h"
#include "session/unwind.h"
#include "session/usdt.h"

/* Drained this often even when the maps have room: what a crash of ours would lose. */
#define DRAIN_INTERVAL_NS 1000000000ull

struct session {
	struct session_options options;
	struct native_request request;
	struct files *files;
	struct targets targets;
	struct kernel *kernel;
	struct attachment *attachment; /* once started */
	struct usdt *usdt;
	struct native *native;
	struct unwind *unwind;
	struct live *live; /* NULL: blocks are not followed */
	struct raw_counts raw;
	struct gc_log *gc;
	struct memory_log *memory;
	struct profile_builder *builder; /* of what cannot wait for the end: types */
	char *description;
	uint64_t start_unix_ns, started_ns, stopped_ns, drained_ns;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

const char *session_libbpf_version(void)
{
	return libbpf_version_string();
}

static int make_parts(struct session *s)
{
	const struct session_options *o = &s->options;

	s->builder = profile_builder_new();
	s->gc = gc_log_new();
	s->memory = memory_log_new();
	s->usdt = s->builder ? usdt_new(s->builder) : NULL;
	s->files = files_new(o->kinds, &s->request);
	s->native = native_new();
	s->unwind = unwind_new(o->unwind_memory ?: UNWIND_MEMORY_DEFAULT);
	if (o->live)
		s->live = live_new(o->max_live ?: NATIVE_MAX_LIVE_DEFAULT);
	return s->gc && s->memory && s->usdt && s->files && s->native && s->unwind &&
			       (s->live || !o->live)
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
	s->request = (struct native_request){
		.kinds = options->kinds | (options->live ? 1u << KIND_FREE : 0),
		.live = options->live,
		.custom = options->custom,
		.n_custom = options->n_custom,
	};
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
	attachment_free(s->attachment);
	live_free(s->live);
	unwind_free(s->unwind);
	native_free(s->native);
	usdt_free(s->usdt);
	kernel_free(s->kernel);
	targets_free(&s->targets);
	files_free(s->files);
	profile_builder_free(s->builder);
	raw_counts_free(&s->raw);
	gc_log_free(s->gc);
	memory_log_free(s->memory);
	free(s->description);
	free(s);
}

/* Are native functions of the target tapped? */
static bool taps_native(const struct session *s, const struct tap *t)
{
	return s->options.native_in_go || !tap_is_go(t);
}

static bool has_something(const struct session *s, const struct tap *t)
{
	return tap_is_go(t) || tap_gc_file(t) || (taps_native(s, t) && tap_has_allocator(t));
}

int session_add_target(struct session *s, struct process *process, bool starting)
{
	struct tap *tap = tap_new(process, s->files);
	uint32_t id = (uint32_t)s->targets.list.n + 1;

	if (!tap)
		return -errno;
	if (!starting && !has_something(s, tap)) {
		log_error("%s: %s: no Go program, and no allocator that we know is in it or its "
			  "libraries: name one with --allocator SYMBOL",
			  tap_name(tap), tap_exe_path(tap));
		tap_free(tap);
		return -ENOENT;
	}
	if (targets_add(&s->targets, tap, id)) {
		tap_free(tap);
		return -ENOMEM;
	}
	return 0;
}

void session_print_plan(const struct session *s, FILE *out)
{
	vec_for_each (&s->targets.list, target) {
		const struct tap *t = target->tap;
		const struct file *file;

		fprintf(out, "%s, %s, --link %s\n", tap_name(t), tap_version(t),
			link_kind_name(s->options.link));
		if (tap_is_go(t))
			probe_plan_print(&tap_exe(t)->go_plan, tap_exe_path(t), out);
		if (tap_gc_file(t))
			usdt_plan_print(&tap_gc_file(t)->usdt, tap_gc_file(t)->path, out);
		for (size_t i = 0; taps_native(s, t) && (file = tap_file_at(t, i)); i++) {
			if (file->native.n)
				native_plan_print(&file->native, file->path, out);
		}
	}
}

/* "server (pid 123, go1.26.8)", "python3 (pid 124, CPython 3.11, glibc)". */
static int describe(struct session *s, const struct tap *t)
{
	__auto_free char *before = s->description;
	char allocators[128] = "";
	const char *version = tap_version(t);

	if (taps_native(s, t))
		tap_allocators(t, allocators, sizeof(allocators));
	if (asprintf(&s->description, "%s%s%s (pid %d%s%s%s%s)", before ? before : "",
		     before ? ", " : "", tap_comm(t), tap_pid(t), *version ? ", " : "", version,
		     *allocators ? ", " : "", allocators) >= 0)
		return 0;
	s->description = NULL;
	return -ENOMEM;
}

const char *session_describe(struct session *s)
{
	free(s->description);
	s->description = NULL;
	vec_for_each (&s->targets.list, target) {
		if (describe(s, target->tap))
			return "";
	}
	return s->description ?: "";
}

bool session_sees_allocations(const struct session *s)
{
	vec_for_each (&s->targets.list, target) {
		if (tap_is_go(target->tap) ||
		    (taps_native(s, target->tap) && tap_has_allocator(target->tap)))
			return true;
	}
	return false;
}

size_t session_n_probes(const struct session *s)
{
	return s->attachment ? attachment_count(s->attachment) : 0;
}

static int attach_go(struct session *s, const struct target *target)
{
	const struct tap *t = target->tap;
	struct file *exe = tap_exe(t);
	struct target_place place = {.target = (uint16_t)target->id};
	int err;

	if (exe->layout < 0)
		exe->layout = kernel_add_layout(s->kernel, &exe->go_plan.layout);
	if (exe->layout < 0)
		return exe->layout;
	place.layout = (uint8_t)exe->layout;
	err = kernel_add_gc_target(s->kernel, target->id, tap_gc_controller(t));
	return err ? err
		   : attachment_add(s->attachment, tap_name(t), &exe->go_plan,
				    kernel_programs(s->kernel), place, tap_pid(t), exe->fd);
}

/* The functions, and static probes, of files it has mapped that are not tapped yet. */
static int attach_files(struct session *s, struct target *target)
{
	const struct tap *t = target->tap;
	const struct native_scope scope = {(uint16_t)target->id, tap_pid(t)};
	struct file *file;
	int err = 0;

	for (; !err && (file = tap_file_at(t, target->n_attached)); target->n_attached++) {
		if (file->native.n && taps_native(s, t))
			err = native_attach(s->native, s->attachment, tap_name(t), &file->native,
					    scope, file->fd,
					    !tap_is_go(t) && return_guard_allows(tap_pid(t)));
	}
	file = tap_gc_file(t);
	if (err || !file || target->gc_attached)
		return err;
	target->gc_attached = true;
	err = usdt_add_target(s->usdt, target->id, targets_place(&s->targets, target->id));
	return err ? err
		   : usdt_attach(s->usdt, s->attachment, tap_name(t), &file->usdt, tap_pid(t),
				 file->fd);
}

static int attach_target(struct session *s, struct target *target)
{
	struct tap *t = target->tap;
	int err = kernel_add_target(s->kernel, target->id, tap_pid(t), tap_type_range(t));

	if (!err && taps_native(s, t))
		err = tap_note_mappings(t, s->unwind);
	if (!err && tap_is_go(t))
		err = attach_go(s, target);
	return err ? err : attach_files(s, target);
}

int session_look_again(struct session *s, pid_t pid)
{
	struct target *target = targets_by_pid(&s->targets, pid);
	int err = target ? tap_note_mappings(target->tap,
					     taps_native(s, target->tap) ? s->unwind : NULL)
			 : 0;

	if (!target || err == -ESRCH)
		return 0;
	return err || !s->attachment ? err : attach_files(s, target);
}

/* What is known before any program is loaded of what will be tapped. */
static void prepare(struct session *s)
{
	struct alloctap_bpf *skel = kernel_skel(s->kernel);
	bool native = s->options.native_in_go;

	vec_for_each (&s->targets.list, target)
		native |= !tap_is_go(target->tap);
	usdt_prepare(s->usdt, skel, s->attachment,
		     native && s->options.kinds & 1u << KIND_GC_ASSIST);
	native_prepare(s->native, skel, s->attachment, native ? &s->request : NULL,
		       s->options.max_live);
	unwind_configure(s->unwind, skel);
}

static int load(struct session *s)
{
	struct alloctap_bpf *skel = kernel_skel(s->kernel);
	int err = kernel_load(s->kernel, s->attachment);

	if (!err)
		err = usdt_start(s->usdt, skel);
	if (!err)
		err = native_start(s->native, skel);
	return err ? err : unwind_start(s->unwind, skel);
}

static int start_clocks(struct session *s)
{
	int err;

	vec_for_each (&s->targets.list, target)
		process_cpu_ns(tap_process(target->tap), &target->cpu_at_start_ns);
	s->start_unix_ns = clock_ns(CLOCK_REALTIME);
	s->started_ns = s->drained_ns = clock_ns(CLOCK_MONOTONIC);
	err = kernel_set_origin(s->kernel, s->started_ns);
	usdt_set_start(s->usdt, s->started_ns);
	if (!err && s->live)
		err = live_start(s->live, kernel_skel(s->kernel), s->started_ns);
	return err;
}

/* Of targets whose collector says too little of the heap to see it grow. */
static int look_at_memory(struct session *s, uint64_t now_ns, bool last)
{
	uint64_t bytes;
	int err = 0;

	if (!memory_log_due(s->memory, now_ns) && !last)
		return 0;
	vec_for_each (&s->targets.list, target) {
		if (!err && !target->gone && target->gc_attached &&
		    !process_resident_bytes(tap_process(target->tap), &bytes))
			err = memory_log_note(s->memory, targets_place(&s->targets, target->id),
					      now_ns, bytes);
	}
	return err;
}

int session_start(struct session *s)
{
	int err;

	s->kernel = kernel_open(&s->options, s->targets.list.n, s->gc);
	if (!s->kernel)
		return -errno;
	s->attachment = attachment_new(s->options.link);
	if (!s->attachment)
		return -ENOMEM;
	prepare(s);
	err = load(s);
	vec_for_each (&s->targets.list, target) {
		if (!err)
			err = attach_target(s, target);
	}
	if (!err)
		err = start_clocks(s);
	if (!err)
		err = look_at_memory(s, s->started_ns, false);
	if (!err)
		kernel_count(s->kernel, true);
	return err;
}

/* Reads what /proc still tells, and whether the process is the one we tapped. */
static int look_at_target(struct session *s, struct target *target, bool ended)
{
	struct tap *t = target->tap;

	if (target->gone)
		return 0;
	/* A zombie's times can still be read: the last look counts. */
	process_cpu_ns(tap_process(t), &target->cpu_now_ns);
	if (ended)
		log_info("%s has ended", tap_name(t));
	else if (kernel_target_execed(s->kernel, target->id, tap_pid(t)))
		log_warn("%s has become another program (exec): what it did until then is kept",
			 tap_name(t));
	else
		return 0;
	targets_set_gone(&s->targets, target, clock_ns(CLOCK_MONOTONIC));
	unwind_drop_process(s->unwind, (uint32_t)tap_pid(t));
	return s->live ? live_gone(s->live, target->id) : 0;
}

/* A type that may be gone when we come to name things. */
static void read_type(void *ctx, uint32_t id, uint64_t type)
{
	struct session *s = ctx;
	struct target *target = targets_by_id(&s->targets, id);
	struct target_types *types;

	if (!target || !tap_is_go(target->tap) || tap_is_in_file(target->tap, type))
		return;
	types = tap_types(target->tap, s->builder);
	if (types)
		target_types_get(types, type);
}

/* Of the counts from @first on, as a record of the kernel side may have had no room. */
static void read_fleeting_types(struct session *s, size_t first)
{
	for (size_t i = first; i < s->raw.counts.n; i++) {
		const struct count_key *key = &s->raw.counts.data[i].key;

		if (key->type)
			read_type(s, key->target, key->type);
	}
}

/* Waits for a record of the kernel side, or the end of a target. */
static int wait_for_something(struct session *s, int timeout_ms)
{
	size_t n_targets = s->targets.list.n;
	__auto_free struct pollfd *fds = calloc(n_targets + 2, sizeof(*fds));
	bool filled;
	int n, err = 0;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < n_targets; i++) {
		const struct target *target = &s->targets.list.data[i];

		fds[i].fd = target->gone ? -1 : process_pidfd(tap_process(target->tap));
		fds[i].events = POLLIN;
	}
	fds[n_targets].fd = kernel_events_fd(s->kernel);
	fds[n_targets].events = POLLIN;
	fds[n_targets + 1].fd = usdt_events_fd(s->usdt);
	fds[n_targets + 1].events = POLLIN;
	n = poll(fds, n_targets + 2, timeout_ms);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < n_targets && !err; i++)
		err = look_at_target(s, &s->targets.list.data[i],
				     n > 0 && fds[i].fd >= 0 && fds[i].revents);
	usdt_take(s->usdt);
	filled = kernel_take_events(s->kernel, read_type, s);
	return err ? err : filled;
}

static int drain(struct session *s)
{
	size_t known = s->raw.counts.n;
	int err = kernel_drain(s->kernel, &s->raw);

	if (!err)
		read_fleeting_types(s, known);
	if (!err && s->live)
		err = live_look(s->live, &s->raw, clock_ns(CLOCK_MONOTONIC));
	return err;
}

int session_poll(struct session *s, int timeout_ms)
{
	int err = wait_for_something(s, timeout_ms);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (err < 0)
		return err;
	if (look_at_memory(s, now, false))
		return -ENOMEM;
	if (err == 0 && now - s->drained_ns < DRAIN_INTERVAL_NS)
		return 0;
	s->drained_ns = now;
	return drain(s);
}

void session_status(struct session *s, struct session_status *status)
{
	uint64_t losses[LOST_MAX];

	*status = (struct session_status){
		.elapsed_ns =
			(s->stopped_ns ? s->stopped_ns : clock_ns(CLOCK_MONOTONIC)) - s->started_ns,
		.hits = kernel_stats(s->kernel).hits,
		.alloc_objects = s->raw.totals[KIND_ALLOC].objects,
		.alloc_bytes = s->raw.totals[KIND_ALLOC].bytes,
		.map_inserts = s->raw.totals[KIND_MAP_INSERT].objects,
	};
	kernel_losses(s->kernel, losses);
	status->collections = usdt_n_cycles(s->usdt);
	status->pauses = usdt_n_pauses(s->usdt);
	status->lost = usdt_lost(s->usdt);
	for (int i = 0; i < LOST_MAX; i++)
		status->lost += losses[i];
	status->targets_alive = s->targets.n_alive;
}

/* The overflow entries hold what no key could be stored for: [lost stack] of nobody known. */
static int take_overflow(struct session *s)
{
	const struct count_value *overflow = kernel_overflow(s->kernel);
	int err = 0;

	for (int kind = 0; kind < KIND_MAX && !err; kind++) {
		struct count_key key = {.kind = (__u32)kind};

		/* Growths without their key say nothing: they are counted as lost. */
		if (overflow[kind].objects && kind != KIND_MAP_GROW)
			err = raw_counts_add(&s->raw, &key, &overflow[kind]);
	}
	return err;
}

int session_stop(struct session *s)
{
	int err = 0;

	kernel_count(s->kernel, false);
	s->stopped_ns = clock_ns(CLOCK_MONOTONIC);
	err = look_at_memory(s, s->stopped_ns, true);
	/* Libraries loaded since the start, while they can still be asked for. */
	vec_for_each (&s->targets.list, target) {
		if (!err)
			err = look_at_target(s, target, false);
		if (!target->gone && tap_note_mappings(target->tap, NULL))
			log_debug("%s: libraries it loaded since may lack names",
				  tap_name(target->tap));
	}
	attachment_free(s->attachment);
	s->attachment = NULL;
	usdt_finish(s->usdt);
	kernel_take_events(s->kernel, read_type, s);
	/* Either side may hold something. */
	for (int side = 0; side < 2 && !err; side++)
		err = kernel_drain(s->kernel, &s->raw);
	if (!err)
		read_fleeting_types(s, 0);
	if (!err && s->live)
		err = live_finish(s->live, &s->raw);
	return err ? err : take_overflow(s);
}

struct profile *session_profile(struct session *s)
{
	struct result_input in = {
		.builder = s->builder,
		.has_types = !s->options.no_types,
		.targets = &s->targets,
		.live = s->live,
		.debuginfod = s->options.debuginfod,
		.raw = &s->raw,
		.gc = s->gc,
		.memory = s->memory,
		.usdt_lost = usdt_lost(s->usdt),
		.stats = kernel_stats(s->kernel),
		.start_unix_ns = s->start_unix_ns,
		.started_ns = s->started_ns,
		.duration_ns = s->stopped_ns - s->started_ns,
		.trap_ns = calibrate_trap_ns(s->options.link, kernel_nothing(s->kernel)),
	};

	kernel_losses(s->kernel, in.losses);
	return result_profile(&in);
}
