/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A running tap, from the plan to the profile:
 *
 *	session_new -> session_add_target ... -> session_start
 *		    -> session_poll ... -> session_stop -> session_profile
 */
#ifndef ALLOCTAP_SESSION_SESSION_H
#define ALLOCTAP_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "probe/attach.h"
#include "probe/native_plan.h"
#include "profile/profile.h"
#include "target/process.h"

struct session_options {
	enum link_kind link;
	unsigned int kinds; /* mask of 1 << enum sample_kind */
	/* Native functions. */
	const struct native_custom *custom; /* home-made allocators */
	size_t n_custom;
	bool native_in_go;      /* in Go programs too */
	bool live;              /* follow what is allocated until it is freed */
	uint32_t max_live;      /* addresses at a time; 0: the default */
	uint64_t unwind_memory; /* bytes for unwind tables; 0: the default */
	bool debuginfod;        /* ask servers for names */
	/* Processes other than those added. */
	bool children;           /* what targets start, and become by exec */
	bool stop_execs;         /* what targets become by exec; see session_take_exec() */
	enum select_mode select; /* of all, also those that start later */
	const char *comm;        /* SELECT_COMM: a pattern, shorter than COMM_BYTES */
	const char *cgroup;      /* SELECT_CGROUP: its directory */
	bool no_hold;            /* only emulators wait at their start, until probes are out */
	uint32_t max_stacks;     /* kernel map sizes, per side of the double buffer */
	uint32_t max_counts;
	bool no_types;       /* leave types out of it */
	bool empty_programs; /* measure the probes alone: nothing is counted */
};

/* May others than the processes that are named become targets? */
static inline bool session_is_open(const struct session_options *o)
{
	return o->children || o->select != SELECT_NAMED;
}

struct session_status {
	uint64_t elapsed_ns;
	uint64_t hits;
	uint64_t alloc_objects, alloc_bytes, map_inserts;
	uint64_t collections, pauses; /* of runtimes other than Go */
	uint64_t lost;
	size_t targets_alive;
};

struct session;

/* For --version: "v1.1". */
const char *session_libbpf_version(void);

/* NULL with errno ENOMEM, or ENOTSUP, printed, where the kernel lacks options->link. */
struct session *session_new(const struct session_options *options);
void session_free(struct session *s);

/*
 * Takes @process over. 0 or -errno, the reason printed. One that is @starting has not
 * mapped its libraries yet: what there is to tap in it shows later.
 */
int session_add_target(struct session *s, struct process *process, bool starting);
/*
 * Looks at what @pid has mapped since, and puts probes into files that are new. 0 or
 * -errno, printed.
 */
int session_look_again(struct session *s, pid_t pid);
void session_print_plan(const struct session *s, FILE *out);
/* Prints what of the targets cannot be seen, and why. */
void session_say_unseen(const struct session *s);
/* "server (pid 123, go1.26.8), ...": valid until the next call. */
const char *session_describe(struct session *s);
/* Has it a target whose allocations are seen? Of others only collections are. */
bool session_sees_allocations(const struct session *s);
/* Probes in the targets; 0 before session_start(). */
size_t session_n_probes(const struct session *s);

/* Loads the programs and puts every probe in. 0 or -errno, the reason printed. */
int session_start(struct session *s);
/*
 * Waits at most @timeout_ms for something to do and does it: drains the kernel's
 * maps, notices targets that ended or became another program. 0 or -errno; an
 * interrupting signal is no error.
 */
int session_poll(struct session *s, int timeout_ms);
/*
 * With options->stop_execs a target is stopped (SIGSTOP) when it has become another
 * program, before the first instruction of that. 1: one was, it is a new target, and what
 * it has mapped has its probes: load its libraries (session_look_again()), then let it go
 * on. 0: none was; -errno. Also to be asked after session_stop(), while the target runs.
 */
int session_take_exec(struct session *s);
void session_status(struct session *s, struct session_status *status);
/* Takes the probes out and drains what is left. 0 or -errno. */
int session_stop(struct session *s);
/* After session_stop(): names for all addresses. NULL with errno set. */
struct profile *session_profile(struct session *s);

#endif
