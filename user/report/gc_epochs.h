/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was allocated between the beginnings of two collections, by call site: the
 * cause of the later one. In memory in proportion to the samples, however many
 * epochs and sites there are.
 */
#ifndef ALLOCTAP_REPORT_GC_EPOCHS_H
#define ALLOCTAP_REPORT_GC_EPOCHS_H

#include "profile/profile.h"

struct gc_epoch_site {
	uint32_t site; /* in gc_epochs.lines */
	uint64_t bytes, objects;
};

struct gc_epoch {
	uint32_t target, epoch;
	uint64_t bytes, objects;
	size_t first_site, n_sites; /* in gc_epochs.sites, by bytes */
};

struct gc_epochs {
	struct gc_epoch *rows; /* by target, then epoch; of those in which anything was allocated */
	struct gc_epoch_site *sites;
	struct profile_line *lines; /* call sites of all samples, of any kind */
	uint32_t *site_of_stack;    /* in lines; PROFILE_NONE for stacks of no sample */
	size_t n, n_sites, n_lines;
};

/* NULL with errno ENOMEM. */
struct gc_epochs *gc_epochs_new(const struct profile *p);
void gc_epochs_free(struct gc_epochs *e);

/* The row of @epoch, the folded one if it is in there; PROFILE_NONE: nothing was allocated. */
uint32_t gc_epochs_find(const struct gc_epochs *e, const struct profile *p, uint32_t target,
			uint32_t epoch);
/* The row of what led to cycle @cycle, the same; PROFILE_NONE also where that is not known. */
uint32_t gc_epochs_cause(const struct gc_epochs *e, const struct profile *p, uint32_t target,
			 uint32_t cycle);

#endif
