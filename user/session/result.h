/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* From raw counts to a profile: names, losses with their reasons, cost. */
#ifndef ALLOCTAP_SESSION_RESULT_H
#define ALLOCTAP_SESSION_RESULT_H

#include "profile/profile.h"
#include "session/gc.h"
#include "session/memory_log.h"
#include "session/raw_counts.h"
#include "session/live.h"
#include "session/targets.h"

struct result_input {
	/* Has the types that were read while the processes lived; emptied. */
	struct profile_builder *builder;
	const struct targets *targets;
	const struct raw_counts *raw;
	struct tap_stats stats;
	struct profile_holds holds;
	uint64_t losses[LOST_MAX];
	const struct gc_log *gc;
	const struct live *live; /* NULL: blocks were not followed */
	const struct memory_log *memory;
	uint64_t usdt_lost; /* events of static probes */
	uint64_t start_unix_ns, duration_ns;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	double trap_ns;      /* below 0: not measured */
	bool has_types;      /* counts are kept apart by them */
	struct image_options names;
};

/* NULL with errno set, the reason printed. */
struct profile *result_profile(const struct result_input *in);

#endif
