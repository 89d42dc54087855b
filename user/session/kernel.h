/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The kernel side of a session: the skeleton, configured, loaded and read. */
#ifndef ALLOCTAP_SESSION_KERNEL_H
#define ALLOCTAP_SESSION_KERNEL_H

#include "probe/attach.h"
#include "session/gc.h"
#include "session/raw_counts.h"
#include "session/session.h"

struct kernel;
struct alloctap_bpf;

/*
 * For @n_named processes that have ids 1 to @n_named, and those that @options make
 * targets; collections go into @gc, which must outlive it. NULL with errno set, the
 * reason printed.
 */
struct kernel *kernel_open(const struct session_options *options, size_t n_named,
			   struct gc_log *gc);
void kernel_free(struct kernel *k);

/*
 * A place in go_layouts[] for @layout, shared by equal ones. Before loading.
 * -ENOSPC, printed, where too many kinds of runtime are tapped at once.
 */
int kernel_add_layout(struct kernel *k, const struct go_layout *layout);
/* Loads the programs that @options ask for, Go's only where @go. 0 or -errno, the reason printed. */
int kernel_load(struct kernel *k, const struct attachment *a, bool go);

/* For those that have programs and maps of their own in it. */
struct alloctap_bpf *kernel_skel(const struct kernel *k);
/* What attachment_add() takes. */
struct bpf_program *const *kernel_programs(const struct kernel *k);
struct bpf_program *kernel_nothing(const struct kernel *k);

/* An id nobody has had. */
uint32_t kernel_next_target(struct kernel *k);
/*
 * Makes process @tgid target number @target; 0: it never is to be one. 0 or -errno,
 * printed but for -EEXIST: the programs know it already.
 */
int kernel_add_target(struct kernel *k, uint32_t target, pid_t tgid);

/* What the programs must know of a Go program that runs. */
struct kernel_go {
	struct type_range types;
	uint64_t controller; /* address of runtime.gcController; 0: not known */
};

/*
 * Tells them; *@place is where they keep what they know of its collections, 0 where too
 * many are followed at once, unchanged where it runs no more. 0 or -errno.
 */
int kernel_set_go(struct kernel *k, uint32_t target, pid_t tgid, const struct kernel_go *go,
		  uint32_t *place);
/* The target has gone, and all its events were taken. 0 or -errno. */
int kernel_release_place(struct kernel *k, uint32_t place);
/* The clock starts: from here on times of allocations count. 0 or -errno. */
int kernel_set_origin(struct kernel *k, uint64_t started_ns);
/* Begins to count, or ceases to: all probes at the same time. */
void kernel_count(struct kernel *k, bool on);
/* Has target @target, process @tgid, become another program? */
bool kernel_target_execed(const struct kernel *k, uint32_t target, pid_t tgid);
/* Do the programs still know process @tgid as target @target? */
bool kernel_is_target(const struct kernel *k, uint32_t target, pid_t tgid);

/* Readable when there are records; -errno. */
int kernel_events_fd(const struct kernel *k);
/* 0 to go on, or -errno. */
typedef int (*kernel_event_fn)(void *ctx, const struct event *e);
/* Takes the records: 1 if a side of the double buffer filled up, 0, or what @take failed with. */
int kernel_take_events(struct kernel *k, kernel_event_fn take, void *ctx);
/* How many found no room so far: what they told must be looked up with kernel_each_target(). */
uint32_t kernel_events_lost(const struct kernel *k);
/* Has a target been stopped at an exec since this was asked last? Its events are out then. */
bool kernel_take_exec(struct kernel *k);
/* 0 to go on, or -errno. */
typedef int (*kernel_target_fn)(void *ctx, uint32_t target, pid_t tgid);
int kernel_each_target(const struct kernel *k, kernel_target_fn fn, void *ctx);

/*
 * Moves what has been counted so far into @r, and what was allocated when into the
 * log of the GC. 0 or -errno, printed.
 */
int kernel_drain(struct kernel *k, struct raw_counts *r);
/* What no key could be stored for, by kind. */
const struct count_value *kernel_overflow(const struct kernel *k);
/* Summed over CPUs. */
struct tap_stats kernel_stats(const struct kernel *k);
/* By loss_reason. */
void kernel_losses(const struct kernel *k, uint64_t losses[LOST_MAX]);

#endif
