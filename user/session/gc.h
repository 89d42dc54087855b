/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was seen of collections, of all targets: cycles, pauses, and what was
 * allocated in each 10 ms. All times kept are CLOCK_MONOTONIC.
 */
#ifndef ALLOCTAP_SESSION_GC_H
#define ALLOCTAP_SESSION_GC_H

#include <linux/types.h>

#include "alloctap.h"
#include "profile/builder.h"
#include "session/raw_counts.h"

struct gc_log;

/* NULL with errno ENOMEM. */
struct gc_log *gc_log_new(void);
void gc_log_free(struct gc_log *log);

/* Takes a record of the kernel side. 0 or -ENOMEM. */
int gc_log_event(struct gc_log *log, const struct gc_event *e);
/* Cycles and pauses left out because there were too many to keep. */
uint64_t gc_log_dropped(const struct gc_log *log);
/* What was allocated by target @target in the bin of time that holds @time_ns. 0 or -ENOMEM. */
int gc_log_bin(struct gc_log *log, uint32_t target, uint64_t time_ns, const struct alloc_bin *bin);

/*
 * Keeps the number of epochs in @raw within bounds, however many there were:
 * older ones are folded together, but for those before the longest pauses. @log
 * must stay as long as @raw is added to. 0 or -ENOMEM.
 */
int gc_log_fold(struct gc_log *log, struct raw_counts *raw);
/* Epochs up to this one were folded; 0: none were. */
uint32_t gc_log_folded(const struct gc_log *log);

/*
 * How ids of targets, and of stacks of one of the builder's targets, become the
 * builder's; what belongs to target PROFILE_NONE is left out.
 */
struct gc_names {
	uint32_t (*target)(void *ctx, uint32_t id);
	uint32_t (*stack)(void *ctx, uint32_t target, uint64_t stack);
	void *ctx;
};

/*
 * Gives all to @b; @started_ns is when the recording began. 0 or -ENOMEM.
 */
int gc_log_result(const struct gc_log *log, struct profile_builder *b, uint64_t started_ns,
		  const struct gc_names *names);

#endif
