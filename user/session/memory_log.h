/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The resident memory of targets over time: of those whose collector says too
 * little of the heap to see it grow.
 */
#ifndef ALLOCTAP_SESSION_MEMORY_LOG_H
#define ALLOCTAP_SESSION_MEMORY_LOG_H

#include "profile/builder.h"

struct memory_log;

/* NULL with errno ENOMEM. */
struct memory_log *memory_log_new(void);
void memory_log_free(struct memory_log *log);
/* Is it time to look again? If so, the next time is put off. */
bool memory_log_due(struct memory_log *log, uint64_t now_ns);
/* What was seen of @target, of the profile. 0 or -ENOMEM. */
int memory_log_note(struct memory_log *log, uint32_t target, uint64_t time_ns, uint64_t bytes);
/* @started_ns, and all times here: CLOCK_MONOTONIC. 0 or -ENOMEM. */
int memory_log_result(const struct memory_log *log, struct profile_builder *b, uint64_t started_ns);

#endif
