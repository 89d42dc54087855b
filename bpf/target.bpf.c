// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which processes are tapped.
 *
 * A probe that is in one process alone has that target's id in its cookie. One that
 * serves all processes which map a file looks its process up here; a process not seen
 * before is decided on then, and what was decided is kept until it ends or runs
 * another program. What becomes a target, and what ends, is told to user space.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "glob.h"
#include "target.bpf.h"

const volatile __u64 cfg_pidns_dev = 0;
const volatile __u64 cfg_pidns_ino = 0;
/* enum select_mode */
const volatile __u32 cfg_select = SELECT_NAMED;
const volatile char cfg_comm[GLOB_BYTES] = {};
/* Are children of targets, and what targets become by exec, targets too? */
const volatile bool cfg_children = false;
/* Targets stay targets over exec; there they are stopped, until their probes are in. */
const volatile bool cfg_stop_execs = false;

/* The id of the next target. */
__u32 next_target = 1;
/* Events that found no room: user space looks at the facts then. */
__u32 events_lost = 0;
/* So many execs were stopped so far; raised when their events are out. */
__u32 execs_stopped = 0;

/* By tgid. Sized by user space before load. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct target_value);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} select_cgroup SEC(".maps");

/* Spares every hit a look into targets while no exec has happened. */
static volatile __u32 any_exec;

#define EEXIST  17
#define SIGSTOP 19

__hidden void send_event(const struct event *e)
{
	struct event *room = bpf_ringbuf_reserve(&events, sizeof(*room), 0);

	if (!room) {
		__sync_fetch_and_add(&events_lost, 1);
		return;
	}
	*room = *e;
	if (!room->time_ns)
		room->time_ns = bpf_ktime_get_ns();
	if (!room->tgid)
		room->tgid = current_tgid();
	bpf_ringbuf_submit(room, 0);
}

__hidden __u32 current_tgid(void)
{
	struct bpf_pidns_info info = {};

	if (!cfg_pidns_ino)
		return bpf_get_current_pid_tgid() >> 32;
	if (bpf_get_ns_current_pid_tgid(cfg_pidns_dev, cfg_pidns_ino, &info, sizeof(info)))
		return 0;
	return info.tgid;
}

/* PID namespaces in each other: the kernel's MAX_PID_NS_LEVEL. */
#define PID_LEVELS 32

__hidden __u32 tgid_of(const struct task_struct *task)
{
	const struct pid *pid;
	__u32 level;

	if (!cfg_pidns_ino)
		return BPF_CORE_READ(task, tgid);
	pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	level = BPF_CORE_READ(pid, level);
	for (__u32 i = 0; i <= PID_LEVELS && i <= level; i++) {
		const struct upid *at = (const void *)pid +
					bpf_core_field_offset(struct pid, numbers) +
					i * bpf_core_type_size(struct upid);

		if (BPF_CORE_READ(at, ns, ns.inum) == cfg_pidns_ino)
			return BPF_CORE_READ(at, nr);
	}
	return 0;
}

__hidden struct target_value *current_target(void)
{
	__u32 tgid = current_tgid();

	return bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline struct task_struct *leader(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	/* The process's name is its first thread's. */
	return BPF_CORE_READ(task, group_leader);
}

static __noinline bool comm_matches(void)
{
	char comm[GLOB_BYTES] = {};

	BPF_CORE_READ_STR_INTO(&comm, leader(), comm);
	return glob_matches(cfg_comm, comm);
}

static __always_inline bool is_selected(void)
{
	switch (cfg_select) {
	case SELECT_ALL:
		return true;
	case SELECT_COMM:
		return comm_matches();
	case SELECT_CGROUP:
		return bpf_current_task_under_cgroup(&select_cgroup, 0) == 1;
	default:
		return false;
	}
}

/* Makes process @tgid target number @id, or, with 0, none. */
static __always_inline bool set_target(__u32 tgid, __u32 id, __u64 flags)
{
	struct target_value value = {.id = id};
	long err = bpf_map_update_elem(&targets, &tgid, &value, flags);

	if (err && err != -EEXIST)
		lose(LOST_TARGET);
	return !err;
}

/* Fills in process @tgid, target number @id, whose first thread is @task. */
static __always_inline void tell_target(struct event *e, __u32 tgid, __u32 id,
					const struct task_struct *task)
{
	e->event = EVENT_TARGET;
	e->target = id;
	e->tgid = tgid;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	send_event(e);
}

static __always_inline __u32 parent_of(const struct task_struct *task)
{
	return tgid_of(BPF_CORE_READ(task, real_parent));
}

/* Of a process not seen before: a target, or not? */
static __noinline struct target_value *decide(__u32 tgid)
{
	__u32 id = is_selected() ? __sync_fetch_and_add(&next_target, 1) : 0;

	/* Another thread may be faster: then what it decided counts. */
	if (set_target(tgid, id, BPF_NOEXIST) && id) {
		struct event e = {.parent = parent_of(leader()),
				  .time_ns = BPF_CORE_READ(leader(), start_time)};

		tell_target(&e, tgid, id, leader());
	}
	return bpf_map_lookup_elem(&targets, &tgid);
}

__hidden __u32 target_of_hit(__u16 named, __u32 *place)
{
	struct target_value *target;
	__u32 tgid;

	if (named != COOKIE_ANY_TARGET && !any_exec) {
		*place = named;
		return named;
	}
	tgid = current_tgid();
	target = bpf_map_lookup_elem(&targets, &tgid);
	if (!target && tgid && cfg_select != SELECT_NAMED)
		target = decide(tgid);
	if (!target || (named != COOKIE_ANY_TARGET && target->id != named))
		return 0;
	*place = target->place;
	return target->id;
}

/*
 * Of the process that runs, whose other threads have ended. What it did since the scheduler
 * last looked, a tick ago at most, is not in it.
 */
static __always_inline __u64 current_cpu_ns(void)
{
	const struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, signal, sum_sched_runtime) +
	       BPF_CORE_READ(task, se.sum_exec_runtime);
}

SEC("?raw_tp/sched_process_exec")
int process_exec(void *ctx __attribute__((unused)))
{
	__u32 tgid = current_tgid(), id = 0;
	struct target_value *target = bpf_map_lookup_elem(&targets, &tgid);
	__u32 old = target ? target->id : 0;
	struct event e = {.cpu_ns = current_cpu_ns()};

	if (!tgid || (!target && cfg_select == SELECT_NAMED))
		return 0;
	any_exec = 1;
	if ((old && (cfg_children || cfg_stop_execs)) || is_selected())
		id = __sync_fetch_and_add(&next_target, 1);
	/* The new one first: user space is never left without any. */
	if (set_target(tgid, id, BPF_ANY) && id) {
		e.parent = parent_of(leader());
		tell_target(&e, tgid, id, leader());
	}
	if (old) {
		e.event = EVENT_EXEC;
		e.target = old;
		send_event(&e);
	}
	if (old && cfg_stop_execs) {
		__sync_fetch_and_add(&execs_stopped, 1);
		bpf_send_signal(SIGSTOP);
	}
	return 0;
}

__hidden __u32 forked_tgid(struct bpf_raw_tracepoint_args *ctx)
{
	const struct task_struct *child = (const void *)ctx->args[1];

	/* A thread is its process's. */
	return BPF_CORE_READ(child, pid) == BPF_CORE_READ(child, tgid) ? tgid_of(child) : 0;
}

SEC("?raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct target_value *target = current_target();
	struct event e = {.parent = current_tgid()};
	__u32 tgid, id;

	tgid = target && target->id ? forked_tgid(ctx) : 0;
	if (!tgid)
		return 0;
	id = __sync_fetch_and_add(&next_target, 1);
	if (set_target(tgid, id, BPF_ANY))
		tell_target(&e, tgid, id, (const void *)ctx->args[1]);
	return 0;
}

/* Every thread comes here; the last one finds none living. */
__hidden bool is_last_thread(struct bpf_raw_tracepoint_args *ctx)
{
	const struct task_struct *task = (const void *)ctx->args[0];

	return !BPF_CORE_READ(task, signal, live.counter);
}

SEC("?raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct target_value *target = current_target();
	__u32 tgid = current_tgid(), id;

	if (!target || !is_last_thread(ctx))
		return 0;
	id = target->id;
	bpf_map_delete_elem(&targets, &tgid);
	if (id)
		send_event(&(struct event){.event = EVENT_EXIT,
					   .target = id,
					   .tgid = tgid,
					   .cpu_ns = current_cpu_ns()});
	return 0;
}
