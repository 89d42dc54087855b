/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which process is hit, and whether we tap it. What is declared here is defined in
 * target.bpf.c, which is linked before the objects that use it: libbpf 1.1 makes no
 * map of one that it saw used first.
 */
#ifndef ALLOCTAP_TARGET_BPF_H
#define ALLOCTAP_TARGET_BPF_H

#include "maps.bpf.h"

/*
 * The PID namespace alloctap runs in, so that tgids mean the same on both
 * sides; inode 0 says it is the initial one, whose numbers the kernel gives.
 */
extern const volatile __u64 cfg_pidns_dev;
extern const volatile __u64 cfg_pidns_ino;

/*
 * The id of the target that a hit belongs to, 0: it is none; @named is what the cookie
 * has. A process that has run another program since is none, or another one: its
 * addresses mean other things.
 */
__hidden __u32 target_of_hit(__u16 named, __u32 *place);

/* The process that runs, as user space numbers it; 0 where it cannot see it. */
__hidden __u32 current_tgid(void);
/* The same of another process. */
__hidden __u32 tgid_of(const struct task_struct *task);
/* At sched_process_fork: the new process; 0: it is but a thread, or not in our namespace. */
__hidden __u32 forked_tgid(struct bpf_raw_tracepoint_args *ctx);
/* At sched_process_exit: does the process end with this thread? */
__hidden bool is_last_thread(struct bpf_raw_tracepoint_args *ctx);
/* What is known of the process that runs; NULL: nothing. */
__hidden struct target_value *current_target(void);
/* Fills in time and process where they are 0. Without room it is gone, and counted. */
__hidden void send_event(const struct event *e);

#endif
