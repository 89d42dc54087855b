/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* All processes a session has tapped so far, those that ended too. */
#ifndef ALLOCTAP_SESSION_TARGETS_H
#define ALLOCTAP_SESSION_TARGETS_H

#include "base/intern.h"
#include "base/vec.h"
#include "session/tap.h"

struct target {
	struct tap *tap;
	uint32_t id; /* as the kernel side numbers targets, from 1 */
	uint32_t parent;
	uint64_t cpu_at_start_ns, cpu_now_ns;
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC; 0: it ran before, or still runs */
	bool gone;                 /* ended, or another program now */
	bool execing;              /* runs another program, of which the event is to come */
	/*
	 * What it has mapped up to @looked_ns has its probes; of what came since, the first
	 * was mapped at @mapped_ns (0: nothing that was told of). CLOCK_MONOTONIC.
	 */
	uint64_t looked_ns, mapped_ns;
	uint64_t gap_end_ns;         /* up to then gaps are in ... */
	uint64_t untapped_ns;        /* ... how long it had files whose probes were not in yet */
	size_t n_attached;           /* of its files, probes are in */
	bool gc_attached, gc_probed; /* its collections are looked at; ... and have their probes */
	uint32_t place;              /* of a Go program, with the kernel side; 0: none */
};

struct targets {
	VEC(struct target) list; /* in the order of the profile's */
	VEC(uint32_t) places;    /* by id: place in list + 1; 0: not known */
	struct intern by_pid;
	size_t n_alive;
};

/* Zero-initialised is empty. */
void targets_free(struct targets *t);
/* Takes @tap over, on success only. 0 or -ENOMEM. The pointers others return end with it. */
int targets_add(struct targets *t, struct tap *tap, uint32_t id);
/* NULL where there is none. */
struct target *targets_by_id(const struct targets *t, uint32_t id);
/* The one that runs now. */
struct target *targets_by_pid(const struct targets *t, pid_t pid);
/* Where in the list, and so in the profile; PROFILE_NONE where there is none. */
uint32_t targets_place(const struct targets *t, uint32_t id);
void targets_set_gone(struct targets *t, struct target *target, uint64_t time_ns);

#endif
