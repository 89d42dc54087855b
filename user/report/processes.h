/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What each process allocated, and whether all of it was seen. */
#ifndef ALLOCTAP_REPORT_PROCESSES_H
#define ALLOCTAP_REPORT_PROCESSES_H

#include "profile/profile.h"

struct process_row {
	uint32_t target;
	uint64_t objects, bytes, inserts;
};

struct process_table {
	struct process_row *rows;
	size_t n;
	size_t n_partial; /* of targets with untapped_ns */
};

/* By target, so that row i is target i's. NULL with errno ENOMEM. */
struct process_table *process_table_new(const struct profile *p);
/* Most bytes first. */
void process_table_sort(struct process_table *t);
void process_table_free(struct process_table *t);

#endif
