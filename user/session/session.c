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
#include "session/calibrate.h"
#include "session/kernel.h"
#include "session/memory_log.h"
#include "session/result.h"
#include "session/session.h"
#include "session/tap.h"
#include "session/usdt.h"

/* Drained this often even when the maps have room: what a crash of ours would lose. */
#define DRAIN_INTERVAL_NS 1000000000ull

struct session {
	struct session_options options;
	struct kernel *kernel;
	struct attachment *attachment;
	struct usdt *usdt;
	VEC(struct tap *) taps;
	VEC(struct tap_state) states; /* one per tap */
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

struct session *session_new(const struct session_options *options)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->options = *options;
	s->builder = profile_builder_new();
	s->gc = gc_log_new();
	s->memory = memory_log_new();
	s->usdt = s->builder ? usdt_new(s->builder) : NULL;
	err = s->usdt && s->gc && s->memory ? link_kind_choose(&s->options.link) : -ENOMEM;
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
	usdt_free(s->usdt);
	kernel_free(s->kernel);
	vec_for_each (&s->taps, tap)
		tap_free(*tap);
	vec_free(&s->taps);
	vec_free(&s->states);
	profile_builder_free(s->builder);
	raw_counts_free(&s->raw);
	gc_log_free(s->gc);
	memory_log_free(s->memory);
	free(s->description);
	free(s);
}

static int describe(struct session *s)
{
	__auto_free char *before = s->description;
	struct tap *t = s->taps.data[s->taps.n - 1];

	if (asprintf(&s->description, "%s%s%s (pid %d, %s)", before ? before : "",
		     before ? ", " : "", process_comm(tap_process(t)), process_pid(tap_process(t)),
		     tap_version(t)) >= 0)
		return 0;
	s->description = NULL;
	return -ENOMEM;
}

int session_add_target(struct session *s, struct process *process)
{
	struct tap_state state = {0};
	struct tap *tap = tap_new(process, s->options.kinds);

	if (!tap)
		return -errno;
	if (vec_push(&s->taps, tap)) {
		tap_free(tap);
		return -ENOMEM;
	}
	if (vec_push(&s->states, state) ||
	    gc_log_add_target(s->gc, (uint32_t)process_pid(tap_process(tap))))
		return -ENOMEM;
	if (tap_usdt_plan(tap) &&
	    (usdt_add_target(s->usdt, (uint32_t)process_pid(tap_process(tap)),
			     (uint32_t)s->taps.n - 1) ||
	     memory_log_add_target(s->memory, tap_process(tap), (uint32_t)s->taps.n - 1)))
		return -ENOMEM;
	return describe(s);
}

void session_print_plan(const struct session *s, FILE *out)
{
	vec_for_each (&s->taps, tap) {
		fprintf(out, "%s, %s, --link %s\n", tap_name(*tap), tap_version(*tap),
			link_kind_name(s->options.link));
		if (tap_usdt_plan(*tap))
			usdt_plan_print(tap_usdt_plan(*tap), tap_usdt_file(*tap), out);
		else
			probe_plan_print(tap_plan(*tap), process_exe(tap_process(*tap)), out);
	}
}

const char *session_describe(const struct session *s)
{
	return s->description ? s->description : "";
}

bool session_sees_allocations(const struct session *s)
{
	vec_for_each (&s->taps, tap) {
		if (!tap_usdt_plan(*tap))
			return true;
	}
	return false;
}

size_t session_n_probes(const struct session *s)
{
	return s->attachment ? attachment_count(s->attachment) : 0;
}

static int attach_tap(struct session *s, size_t i)
{
	const struct tap *t = s->taps.data[i];
	const struct process *p = tap_process(t);
	struct target_place place = {
		.layout = (uint8_t)s->states.data[i].layout,
		.target = (uint16_t)i,
	};
	int err = kernel_add_target(s->kernel, process_pid(p), tap_type_range(t));

	if (!err && tap_usdt_plan(t))
		return usdt_attach(s->usdt, s->attachment, tap_name(t), tap_usdt_plan(t),
				   process_pid(p), tap_usdt_fd(t));
	if (!err)
		err = kernel_add_gc_target(s->kernel, (uint32_t)i, tap_gc_controller(t));
	return err ? err
		   : attachment_add(s->attachment, tap_name(t), tap_plan(t),
				    kernel_programs(s->kernel), place, process_pid(p),
				    process_exe_fd(p));
}

int session_start(struct session *s)
{
	int err = 0;

	s->kernel = kernel_open(&s->options, s->taps.n, s->gc);
	if (!s->kernel)
		return -errno;
	s->attachment = attachment_new(s->options.link);
	if (!s->attachment)
		return -ENOMEM;
	for (size_t i = 0; i < s->taps.n && err >= 0; i++) {
		if (tap_usdt_plan(s->taps.data[i]))
			continue;
		err = kernel_add_layout(s->kernel, &tap_plan(s->taps.data[i])->layout);
		s->states.data[i].layout = err;
	}
	if (err < 0)
		return err;
	usdt_prepare(s->usdt, kernel_skel(s->kernel), s->attachment);
	err = kernel_load(s->kernel, s->attachment);
	if (!err)
		err = usdt_start(s->usdt, kernel_skel(s->kernel));
	for (size_t i = 0; i < s->taps.n && !err; i++)
		err = attach_tap(s, i);
	if (err)
		return err;
	for (size_t i = 0; i < s->taps.n; i++)
		process_cpu_ns(tap_process(s->taps.data[i]), &s->states.data[i].cpu_at_start_ns);
	s->start_unix_ns = clock_ns(CLOCK_REALTIME);
	s->started_ns = s->drained_ns = clock_ns(CLOCK_MONOTONIC);
	err = kernel_set_origin(s->kernel, s->started_ns);
	usdt_set_start(s->usdt, s->started_ns);
	kernel_count(s->kernel, true);
	return err ? err : memory_log_look(s->memory, s->started_ns, false);
}

/* Reads what /proc still tells, and whether the process is the one we tapped. */
static void look_at_tap(struct session *s, size_t i, bool ended)
{
	struct tap_state *state = &s->states.data[i];
	struct tap *t = s->taps.data[i];

	if (state->gone)
		return;
	/* A zombie's times can still be read: the last look counts. */
	process_cpu_ns(tap_process(t), &state->cpu_now_ns);
	if (ended) {
		log_info("%s has ended", tap_name(t));
		state->gone = true;
	} else if (kernel_target_execed(s->kernel, process_pid(tap_process(t)))) {
		log_warn("%s has become another program (exec): what it did until then is kept",
			 tap_name(t));
		state->gone = true;
	}
}

/* A type that may be gone when we come to name things. */
static void read_type(void *ctx, uint32_t tgid, uint64_t type)
{
	struct session *s = ctx;
	struct target_types *types;

	vec_for_each (&s->taps, tap) {
		if ((uint32_t)process_pid(tap_process(*tap)) != tgid)
			continue;
		types = tap_is_in_file(*tap, type) ? NULL : tap_types(*tap, s->builder);
		if (types)
			target_types_get(types, type);
	}
}

/* Of the counts from @first on, as a record of the kernel side may have had no room. */
static void read_fleeting_types(struct session *s, size_t first)
{
	for (size_t i = first; i < s->raw.counts.n; i++) {
		const struct count_key *key = &s->raw.counts.data[i].key;

		if (key->type)
			read_type(s, key->tgid, key->type);
	}
}

/* Waits for a record of the kernel side, or the end of a target. */
static int wait_for_something(struct session *s, int timeout_ms)
{
	__auto_free struct pollfd *fds = calloc(s->taps.n + 2, sizeof(*fds));
	bool filled;
	int n;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < s->taps.n; i++) {
		fds[i].fd =
			s->states.data[i].gone ? -1 : process_pidfd(tap_process(s->taps.data[i]));
		fds[i].events = POLLIN;
	}
	fds[s->taps.n].fd = kernel_events_fd(s->kernel);
	fds[s->taps.n].events = POLLIN;
	fds[s->taps.n + 1].fd = usdt_events_fd(s->usdt);
	fds[s->taps.n + 1].events = POLLIN;
	n = poll(fds, s->taps.n + 2, timeout_ms);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < s->taps.n; i++)
		look_at_tap(s, i, n > 0 && fds[i].fd >= 0 && fds[i].revents);
	usdt_take(s->usdt);
	filled = kernel_take_events(s->kernel, read_type, s);
	return filled ? 1 : 0;
}

int session_poll(struct session *s, int timeout_ms)
{
	int err = wait_for_something(s, timeout_ms);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t known = s->raw.counts.n;

	if (err < 0)
		return err;
	if (memory_log_look(s->memory, now, false))
		return -ENOMEM;
	if (err == 0 && now - s->drained_ns < DRAIN_INTERVAL_NS)
		return 0;
	s->drained_ns = now;
	err = kernel_drain(s->kernel, &s->raw);
	if (!err)
		read_fleeting_types(s, known);
	return err;
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
	vec_for_each (&s->states, state)
		status->targets_alive += !state->gone;
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
	err = memory_log_look(s->memory, s->stopped_ns, true);
	/* Libraries loaded since the start, while they can still be asked for. */
	for (size_t i = 0; i < s->taps.n; i++) {
		look_at_tap(s, i, false);
		if (!s->states.data[i].gone && tap_note_mappings(s->taps.data[i]))
			log_debug("%s: libraries it loaded since may lack names",
				  tap_name(s->taps.data[i]));
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
	return err ? err : take_overflow(s);
}

struct profile *session_profile(struct session *s)
{
	struct result_input in = {
		.builder = s->builder,
		.has_types = !s->options.no_types,
		.taps = s->taps.data,
		.states = s->states.data,
		.n_taps = s->taps.n,
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
