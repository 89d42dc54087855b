/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Pauses joined to the allocations that caused them. The model: a cycle was
 * caused by what was allocated since the cycle before began; each site has the
 * share of the cycle, of its pauses and of its assists that it has of those bytes.
 * Assist time is also known by the stack that paid it, which is measured.
 */
#ifndef ALLOCTAP_REPORT_GC_H
#define ALLOCTAP_REPORT_GC_H

#include "profile/profile.h"

/* What a call site, or a type, has to do with the collections. */
struct gc_share {
	struct profile_line line; /* of a site */
	uint32_t type;            /* of a type: in profile.types */
	uint64_t bytes, objects;  /* allocated in all epochs */
	double cycles_caused;     /* sum over cycles of its share of the bytes before each */
	double pause_ns;          /* sum over pauses of its share */
	double worst_pause_ns;    /* the same for the worst 5 % of pauses only */
	double assist_ns;         /* its share of each cycle's assist time */
	uint64_t assist_paid_ns;  /* measured: assists whose stack this site is; types: 0 */
	uint64_t inserts;         /* map inserts at this site; into maps of this type */
};

struct gc_pause_group {
	str_id reason;
	bool gc;
	uint64_t count, total_ns, p50_ns, p95_ns, max_ns; /* stopping and stopped together */
};

enum gc_pattern_kind {
	GC_PATTERN_STORM,       /* allocation rate before pauses far above the median */
	GC_PATTERN_LONG_PAUSES, /* pauses out of proportion to the heap */
	GC_PATTERN_TIMER,       /* forced two-minute cycles: an idle program */
	GC_PATTERN_FORCED,      /* runtime.GC() called, by whom */
	GC_PATTERN_ASSISTS,     /* goroutines that spend their time helping the GC */
	GC_PATTERN_LIMIT,       /* cycle after cycle at the memory limit */
	GC_PATTERN_STOPS,       /* the world stopped, but not by the GC: by whom */
	GC_PATTERN_MAX
};

struct gc_pattern {
	enum gc_pattern_kind kind;
	char *evidence; /* a sentence or two with numbers and file:line */
	char *remedy;
};

struct gc_report {
	uint64_t cycles, by_trigger[PROFILE_GC_TRIGGER_MAX];
	double cycles_per_second;
	uint64_t pauses, pause_total_ns, pause_p50_ns, pause_p95_ns, pause_max_ns;
	double stopped_share; /* of the wall time of the targets that have pauses, 0..1 */
	/* Of GC pauses: what no site has a share of; its cause is not in the recording. */
	uint64_t pause_unattributed_ns;
	uint64_t assists, assist_ns;
	/* Of those cycles whose sweeping is known from its beginning to its end. */
	uint64_t sweeps, sweep_total_ns, sweep_p50_ns, sweep_max_ns;
	struct gc_pause_group *groups; /* by total time */
	size_t n_groups;
	struct gc_share *sites, *types; /* by pause time, then bytes, then name */
	size_t n_sites, n_types;
	struct gc_pattern *patterns;
	size_t n_patterns;
	uint64_t total_bytes;
};

/* NULL with errno ENOMEM. */
struct gc_report *gc_report_new(const struct profile *p);
void gc_report_free(struct gc_report *r);

const char *gc_trigger_name(enum profile_gc_trigger t); /* "heap", "time", "forced", "unknown" */
const char *gc_pattern_name(enum gc_pattern_kind k);    /* "storm", ...: the key in JSON */

#endif
