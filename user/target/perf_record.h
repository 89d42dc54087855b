/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel's records of what processes map and run, as perf_event_open(2) hands
 * them over (include/uapi/linux/perf_event.h, PERF_RECORD_*). Pure: bytes in, facts out.
 */
#ifndef ALLOCTAP_TARGET_PERF_RECORD_H
#define ALLOCTAP_TARGET_PERF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "target/maps.h"

enum perf_record_kind {
	PERF_RECORD_OTHER, /* nothing we want */
	PERF_RECORD_MAPPED,
	PERF_RECORD_EXECED, /* the process runs another program: what was mapped is gone */
	PERF_RECORD_MISSED, /* records found no room */
};

struct perf_record {
	enum perf_record_kind kind;
	uint32_t pid; /* in the namespace of whoever opened the event; 0: not in it */
	uint64_t time_ns;
	uint64_t missed;       /* PERF_RECORD_MISSED: how many */
	struct memory_map map; /* PERF_RECORD_MAPPED; the path lies in the record */
};

/*
 * The record at @data, of no more than @len bytes. Its size, 0 where that cannot be: then
 * nothing behind it can be read either.
 */
size_t perf_record_parse(const void *data, size_t len, struct perf_record *record);

#endif
