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
 * For @n_targets processes; collections go into @gc, which must outlive it. NULL
 * with errno set, the reason printed.
 */
struct kernel *kernel_open(const struct session_options *options, size_t n_targets,
			   struct gc_log *gc);
void kernel_free(struct kernel *k);

/*
 * A place in go_layouts[] for @layout, shared by equal ones. Before loading.
 * -ENOSPC, printed, where too many kinds of runtime are tapped at once.
 */
int kernel_add_layout(struct kernel *k, const struct go_layout *layout);
/* Loads the programs that @options ask for. 0 or -errno, the reason printed. */
int kernel_load(struct kernel *k, const struct attachment *a);

/* For those that have programs and maps of their own in it. */
struct alloctap_bpf *kernel_skel(const struct kernel *k);
/* What attachment_add() takes. */
struct bpf_program *const *kernel_programs(const struct kernel *k);
struct bpf_program *kernel_nothing(const struct kernel *k);

/*
 * Lets the programs know target @target, process @tgid, whose types lie in @types. 0 or
 * -errno, the reason printed.
 */
int kernel_add_target(struct kernel *k, uint32_t target, pid_t tgid, struct type_range types);
/*
 * Lets the GC programs know where target number @target has its pacer's state (0: not
 * known). 0 or -errno, the reason printed.
 */
int kernel_add_gc_target(struct kernel *k, uint32_t target, uint64_t controller);
/* The clock starts: from here on times of allocations count. 0 or -errno. */
int kernel_set_origin(struct kernel *k, uint64_t started_ns);
/* Begins to count, or ceases to: all probes at the same time. */
void kernel_count(struct kernel *k, bool on);
/* Has target @target, process @tgid, become another program? */
bool kernel_target_execed(const struct kernel *k, uint32_t target, pid_t tgid);

/* Readable when there are records; -errno. */
int kernel_events_fd(const struct kernel *k);
/* Called for a type that must be read while @target lives. */
typedef void (*kernel_type_fn)(void *ctx, uint32_t target, uint64_t type);
/* Takes the records; true if a side of the double buffer filled up. */
bool kernel_take_events(struct kernel *k, kernel_type_fn take_type, void *ctx);

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
