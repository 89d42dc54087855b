// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "session/alloc_bins.h"
#include "session/drain.h"
#include "session/kernel.h"

#include "alloctap.skel.h" /* names types of alloctap.h */

struct kernel {
	struct session_options options;
	struct alloctap_bpf *skel;
	struct drain *drain;
	struct ring_buffer *ring;
	struct bpf_program *programs[KIND_GO_END];
	size_t n_places;
	VEC(uint32_t) unused_places; /* of Go programs that ended */
	size_t used_places;
	struct gc_log *gc;
	int gc_err;              /* set by the ring buffer callback */
	struct alloc_bins *bins; /* NULL: time of allocations is not kept */
	int n_layouts;
	uint32_t execs_taken;
	/* For the ring buffer's callback, and set by it. */
	kernel_event_fn take_event;
	void *take_event_ctx;
	int event_err;
	bool filled;
};

/*
 * The kernel side asks to be drained when this part of its room is used: on a
 * starved machine it may take us a second to answer, and esbuild makes some
 * 20,000 new stacks in one.
 */
#define DRAIN_EARLY 4

/* The initial PID namespace's inode (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
#define INITIAL_PIDNS_INO 0xeffffffcu

/*
 * Seconds of what a program that collects a thousand times a second does; goroutines
 * that want to collect at once; goroutines that assist or wait at once.
 */
#define GC_RING_BYTES (1 << 20)
#define GC_INTENTS    8192
#define GC_ASSISTS    16384

/* Go programs whose collections are followed at a time, where others than those named are tapped. */
#define PLACES_FOLLOWED 127

static bool records_gc(const struct kernel *k)
{
	return k->options.kinds & 1u << KIND_GC_ASSIST && !k->options.empty_programs;
}

static bool keeps_bins(const struct kernel *k)
{
	return records_gc(k) && k->options.kinds & 1u << KIND_ALLOC;
}

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level; /* its warnings are details of failures that we report ourselves */
	log_vprint(LOG_DEBUG, fmt, ap);
	return 0;
}

static void configure(struct kernel *k)
{
	struct alloctap_bpf__rodata *ro = k->skel->rodata;
	struct stat ns;

	if (getrandom(&ro->cfg_hash_seed, sizeof(ro->cfg_hash_seed), 0) < 0)
		log_debug("no random seed: %s", strerror(errno));
	if (!stat("/proc/self/ns/pid", &ns) && ns.st_ino != INITIAL_PIDNS_INO) {
		ro->cfg_pidns_dev = ns.st_dev;
		ro->cfg_pidns_ino = ns.st_ino;
	}
	ro->cfg_types = !k->options.no_types;
	go_size_tables(ro->go_sizes_fine, ro->go_sizes_coarse);
	ro->cfg_stacks_early = k->options.max_stacks / DRAIN_EARLY;
	ro->cfg_counts_early = k->options.max_counts / DRAIN_EARLY;
	bpf_map__set_max_entries(k->skel->maps.stacks_a, k->options.max_stacks);
	bpf_map__set_max_entries(k->skel->maps.stacks_b, k->options.max_stacks);
	bpf_map__set_max_entries(k->skel->maps.counts_a, k->options.max_counts);
	bpf_map__set_max_entries(k->skel->maps.counts_b, k->options.max_counts);
}

/* Who is tapped besides those that are added. */
static void configure_targets(struct kernel *k, size_t n_named)
{
	struct alloctap_bpf__rodata *ro = k->skel->rodata;
	const struct session_options *o = &k->options;
	bpf_map__set_max_entries(k->skel->maps.targets,
				 session_is_open(o) ? TARGETS_FOLLOWED : TARGETS_MAX);
	bpf_map__set_autocreate(k->skel->maps.select_cgroup, o->select == SELECT_CGROUP);
	k->skel->data->next_target = (__u32)n_named + 1;
	/* What a target becomes by exec has its place beside the one that it was. */
	k->n_places = (session_is_open(o) ? PLACES_FOLLOWED : n_named + o->stop_execs) + 1;
	k->used_places = n_named < k->n_places ? n_named : k->n_places - 1;
	ro->cfg_select = o->select;
	ro->cfg_children = o->children;
	ro->cfg_stop_execs = o->stop_execs;
	if (o->select == SELECT_COMM)
		memcpy(ro->cfg_comm, o->comm, strnlen(o->comm, sizeof(ro->cfg_comm) - 1));
}

/* Maps of what is not recorded stay as small as they can be. */
static void configure_gc(struct kernel *k)
{
	__u32 n = (__u32)k->n_places; /* place 0 is nobody's */

	if (!records_gc(k))
		return;
	bpf_map__set_max_entries(k->skel->maps.gc_targets, n);
	bpf_map__set_max_entries(k->skel->maps.gc_events, GC_RING_BYTES);
	bpf_map__set_max_entries(k->skel->maps.gc_intents, GC_INTENTS);
	bpf_map__set_max_entries(k->skel->maps.gc_assists, GC_ASSISTS);
	if (!keeps_bins(k))
		return;
	k->skel->rodata->cfg_bins = true;
	bpf_map__set_max_entries(k->skel->maps.alloc_bins, n * ALLOC_BINS);
}

struct kernel *kernel_open(const struct session_options *options, size_t n_named, struct gc_log *gc)
{
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->options = *options;
	k->gc = gc;
	libbpf_set_print(print_libbpf);
	k->skel = alloctap_bpf__open();
	if (!k->skel) {
		int err = errno;

		log_error("BPF programs cannot be opened: %s", strerror(err));
		kernel_free(k);
		errno = err;
		return NULL;
	}
	configure(k);
	configure_targets(k, n_named);
	configure_gc(k);
	for (int kind = 0; kind < KIND_GO_END; kind++)
		k->programs[kind] = options->empty_programs
					    ? k->skel->progs.nothing
					    : bpf_object__find_program_by_name(
						      k->skel->obj, probe_program_name(kind));
	return k;
}

void kernel_free(struct kernel *k)
{
	if (!k)
		return;
	ring_buffer__free(k->ring);
	alloc_bins_free(k->bins);
	drain_free(k->drain);
	vec_free(&k->unused_places);
	alloctap_bpf__destroy(k->skel);
	free(k);
}

int kernel_add_layout(struct kernel *k, const struct go_layout *layout)
{
	struct go_layout *layouts = k->skel->bss->go_layouts;

	for (int i = 0; i < k->n_layouts; i++) {
		if (!memcmp(&layouts[i], layout, sizeof(*layout)))
			return i;
	}
	if (k->n_layouts == GO_LAYOUTS_MAX) {
		log_error("targets of more than %d different Go versions: tap fewer at a time",
			  GO_LAYOUTS_MAX);
		return -ENOSPC;
	}
	layouts[k->n_layouts] = *layout;
	return k->n_layouts++;
}

static int take_event(void *ctx, void *data, size_t size)
{
	struct kernel *k = ctx;
	const struct event *e = data;

	if (size < sizeof(*e))
		return 0;
	if (e->event == EVENT_FULL)
		k->filled = true;
	else if (!k->event_err)
		k->event_err = k->take_event(k->take_event_ctx, e);
	return 0;
}

static int take_gc_event(void *ctx, void *data, size_t size)
{
	struct kernel *k = ctx;

	if (size >= sizeof(struct gc_event) && !k->gc_err)
		k->gc_err = gc_log_event(k->gc, data);
	return 0;
}

static int say_load_failure(int err)
{
	/* EACCES is the verifier's word, not the privilege check's. */
	if (err == -EPERM)
		log_error("no permission to load BPF programs: need CAP_BPF and CAP_PERFMON "
			  "(and CAP_SYS_ADMIN before Linux 6.6), or root");
	else if (err == -ENOMEM)
		log_error("the kernel has no memory for the maps: lower --max-stacks or "
			  "--max-counts");
	else
		log_error("this kernel does not take our BPF programs: %s: need Linux 6.1 or newer "
			  "with BTF; -v shows the kernel's words",
			  strerror(-err));
	return err;
}

/* Before anybody is asked whether he is in it. */
static int select_cgroup(struct kernel *k)
{
	__auto_close int fd = -1;
	__u32 zero = 0;

	if (k->options.select != SELECT_CGROUP)
		return 0;
	fd = open(k->options.cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 &&
	    !bpf_map_update_elem(bpf_map__fd(k->skel->maps.select_cgroup), &zero, &fd, 0))
		return 0;
	log_error("--cgroup %s: %s: name a directory of cgroup version 2, as "
		  "/sys/fs/cgroup/system.slice",
		  k->options.cgroup, strerror(errno));
	return -errno;
}

static int watch_processes(struct kernel *k)
{
	struct bpf_program *const programs[] = {
		k->skel->progs.process_exec, k->skel->progs.process_exit,
		k->skel->progs.process_fork, k->skel->progs.unwind_fork,
		k->skel->progs.unwind_exit};
	struct bpf_link **const links[] = {
		&k->skel->links.process_exec, &k->skel->links.process_exit,
		&k->skel->links.process_fork, &k->skel->links.unwind_fork,
		&k->skel->links.unwind_exit};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (!bpf_program__autoload(programs[i]))
			continue;
		*links[i] = bpf_program__attach(programs[i]);
		if (!*links[i])
			return say_load_failure(-errno);
	}
	return 0;
}

int kernel_load(struct kernel *k, const struct attachment *a, bool go)
{
	int err;

	for (int kind = 0; kind < KIND_GO_END; kind++) {
		if (go && k->options.kinds & 1u << kind)
			attachment_prepare(a, k->programs[kind]);
	}
	attachment_prepare(a, k->skel->progs.nothing);
	bpf_program__set_autoload(k->skel->progs.process_exec, true);
	bpf_program__set_autoload(k->skel->progs.process_exit, true);
	bpf_program__set_autoload(k->skel->progs.process_fork, k->options.children);
	bpf_program__set_autoload(k->skel->progs.unwind_fork, session_is_open(&k->options));
	bpf_program__set_autoload(k->skel->progs.unwind_exit, session_is_open(&k->options));
	err = alloctap_bpf__load(k->skel);
	if (err)
		return say_load_failure(err);
	err = select_cgroup(k);
	if (!err)
		err = watch_processes(k);
	if (err)
		return err;
	k->drain = drain_new(k->skel);
	k->ring = ring_buffer__new(bpf_map__fd(k->skel->maps.events), take_event, k, NULL);
	if (!k->drain || !k->ring)
		return say_load_failure(-errno);
	err = records_gc(k) ? ring_buffer__add(k->ring, bpf_map__fd(k->skel->maps.gc_events),
					       take_gc_event, k)
			    : 0;
	return err ? say_load_failure(err) : 0;
}

struct alloctap_bpf *kernel_skel(const struct kernel *k)
{
	return k->skel;
}

struct bpf_program *const *kernel_programs(const struct kernel *k)
{
	return k->programs;
}

struct bpf_program *kernel_nothing(const struct kernel *k)
{
	return k->skel->progs.nothing;
}

uint32_t kernel_next_target(struct kernel *k)
{
	return __atomic_fetch_add(&k->skel->data->next_target, 1, __ATOMIC_SEQ_CST);
}

int kernel_add_target(struct kernel *k, uint32_t target, pid_t tgid)
{
	struct target_value value = {.id = target};
	__u32 key = (__u32)tgid;
	int err;

	if (target < k->n_places && k->options.select == SELECT_NAMED)
		value.place = target <= k->used_places ? target : 0;
	err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.targets), &key, &value, BPF_NOEXIST);
	if (err && err != -EEXIST)
		log_error("pid %d: cannot be noted as a target (%u fit at a time): %s", tgid,
			  bpf_map__max_entries(k->skel->maps.targets), strerror(-err));
	return err;
}

/* A place that is new, or of a program that ended; 0: there is none. */
static uint32_t take_place(struct kernel *k)
{
	if (k->used_places + 1 < k->n_places)
		return (uint32_t)++k->used_places;
	return k->unused_places.n ? k->unused_places.data[--k->unused_places.n] : 0;
}

int kernel_set_go(struct kernel *k, uint32_t target, pid_t tgid, const struct kernel_go *go,
		  uint32_t *place)
{
	struct target_value value = {.types = go->types, .id = target};
	struct gc_target gc = {.controller = go->controller};
	int targets = bpf_map__fd(k->skel->maps.targets);
	struct target_value now;
	__u32 key = (__u32)tgid;
	int err;

	/* It may have ended, or run another program, since. */
	if (bpf_map_lookup_elem(targets, &key, &now) || now.id != target)
		return 0;
	value.place = now.place ?: take_place(k);
	*place = value.place;
	if (k->bins)
		alloc_bins_set_owner(k->bins, value.place, value.place ? target : 0);
	k->skel->bss->epochs[value.place] = 0;
	err = records_gc(k) ? bpf_map_update_elem(bpf_map__fd(k->skel->maps.gc_targets),
						  &value.place, &gc, BPF_ANY)
			    : 0;
	if (!err)
		err = bpf_map_update_elem(targets, &key, &value, BPF_EXIST);
	return err == -ENOENT ? 0 : err;
}

int kernel_release_place(struct kernel *k, uint32_t place)
{
	int err = k->bins ? alloc_bins_take(k->bins, k->gc) : 0;

	return err ? err : vec_push(&k->unused_places, place);
}

int kernel_set_origin(struct kernel *k, uint64_t started_ns)
{
	if (!keeps_bins(k))
		return 0;
	k->skel->bss->bins_origin_ns = started_ns;
	k->bins = alloc_bins_new(bpf_map__fd(k->skel->maps.alloc_bins), k->n_places, started_ns);
	return k->bins ? 0 : -errno;
}

void kernel_count(struct kernel *k, bool on)
{
	__atomic_store_n(&k->skel->bss->counting, on, __ATOMIC_SEQ_CST);
}

/* 0, filling @value, or -errno: nothing is known of @tgid. */
static int look_up(const struct kernel *k, pid_t tgid, struct target_value *value)
{
	__u32 key = (__u32)tgid;

	return bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.targets), &key, value);
}

bool kernel_target_execed(const struct kernel *k, uint32_t target, pid_t tgid)
{
	struct target_value value;

	return !look_up(k, tgid, &value) && value.id != target;
}

bool kernel_is_target(const struct kernel *k, uint32_t target, pid_t tgid)
{
	struct target_value value;

	return !look_up(k, tgid, &value) && value.id == target;
}

int kernel_events_fd(const struct kernel *k)
{
	return ring_buffer__epoll_fd(k->ring);
}

int kernel_take_events(struct kernel *k, kernel_event_fn take, void *ctx)
{
	k->take_event = take;
	k->take_event_ctx = ctx;
	k->event_err = 0;
	k->filled = false;
	ring_buffer__consume(k->ring);
	return k->event_err ? k->event_err : k->filled;
}

uint32_t kernel_events_lost(const struct kernel *k)
{
	return __atomic_load_n(&k->skel->bss->events_lost, __ATOMIC_RELAXED);
}

bool kernel_take_exec(struct kernel *k)
{
	uint32_t stopped = __atomic_load_n(&k->skel->bss->execs_stopped, __ATOMIC_ACQUIRE);
	bool is_new = stopped != k->execs_taken;

	k->execs_taken = stopped;
	return is_new;
}

int kernel_each_target(const struct kernel *k, kernel_target_fn fn, void *ctx)
{
	int fd = bpf_map__fd(k->skel->maps.targets), err = 0;
	struct target_value value;
	__u32 key, *before = NULL;

	while (!err && !bpf_map_get_next_key(fd, before, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &value) && value.id)
			err = fn(ctx, value.id, (pid_t)key);
		before = &key;
	}
	return err;
}

int kernel_drain(struct kernel *k, struct raw_counts *r)
{
	int err = drain_flip(k->drain, r);

	if (!err && k->bins) {
		err = alloc_bins_take(k->bins, k->gc);
		if (err)
			log_error("allocations over time cannot be read from the kernel: %s",
				  strerror(-err));
	}
	if (!err)
		err = k->gc_err ?: gc_log_fold(k->gc, r);
	return err;
}

const struct count_value *kernel_overflow(const struct kernel *k)
{
	return k->skel->bss->overflow;
}

struct tap_stats kernel_stats(const struct kernel *k)
{
	int n_cpus = libbpf_num_possible_cpus();
	__auto_free struct tap_stats *per_cpu =
		calloc(n_cpus > 0 ? (size_t)n_cpus : 1, sizeof(*per_cpu));
	struct tap_stats sum = {0};
	__u32 zero = 0;

	if (!per_cpu || bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.stats), &zero, per_cpu))
		return sum;
	for (int i = 0; i < n_cpus; i++) {
		sum.hits += per_cpu[i].hits;
		sum.restarts += per_cpu[i].restarts;
		sum.zero_sized += per_cpu[i].zero_sized;
		sum.foreign += per_cpu[i].foreign;
		sum.timed_hits += per_cpu[i].timed_hits;
		sum.timed_ns += per_cpu[i].timed_ns;
		sum.nested += per_cpu[i].nested;
		sum.failed += per_cpu[i].failed;
		sum.untracked += per_cpu[i].untracked;
	}
	return sum;
}

/* Runs the kernel left out because a program was entered while it ran. */
static uint64_t recursion_misses(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_program__fd(prog) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return 0;
	return info.recursion_misses;
}

void kernel_losses(const struct kernel *k, uint64_t losses[LOST_MAX])
{
	for (int i = 0; i < LOST_MAX; i++)
		losses[i] = __atomic_load_n(&k->skel->bss->losses[i], __ATOMIC_RELAXED);
	losses[LOST_GC_EVENT] += gc_log_dropped(k->gc);
	for (int kind = 0; kind < KIND_GO_END; kind++) {
		if (k->options.kinds & 1u << kind)
			losses[LOST_RECURSION] += recursion_misses(k->programs[kind]);
	}
}
