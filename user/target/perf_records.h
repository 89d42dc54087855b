/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A feed of what every process of the machine maps executable, as it happens. It needs
 * CAP_PERFMON. In a PID namespace it tells of that namespace's processes.
 */
#ifndef ALLOCTAP_TARGET_PERF_RECORDS_H
#define ALLOCTAP_TARGET_PERF_RECORDS_H

#include "target/perf_record.h"

struct perf_records;

/* NULL with errno set, nothing printed. */
struct perf_records *perf_records_new(void);
void perf_records_free(struct perf_records *r);
/* Readable when there are records. */
int perf_records_fd(const struct perf_records *r);

/* 0 to go on, or -errno. What @record points at is gone afterwards. */
typedef int (*perf_record_fn)(void *ctx, const struct perf_record *record);
/*
 * Takes all records there are: those of a CPU in order, CPUs one after the other. 0 or
 * what @fn failed with.
 */
int perf_records_take(struct perf_records *r, perf_record_fn fn, void *ctx);

#endif
