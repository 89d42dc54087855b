/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Reading the kernel side's bins of allocation over time. */
#ifndef ALLOCTAP_SESSION_ALLOC_BINS_H
#define ALLOCTAP_SESSION_ALLOC_BINS_H

#include "session/gc.h"

struct alloc_bins;

/*
 * @fd is the map with ALLOC_BINS for each of @n_places; times in it count from
 * @origin_ns. NULL with errno set.
 */
struct alloc_bins *alloc_bins_new(int fd, size_t n_places, uint64_t origin_ns);
void alloc_bins_free(struct alloc_bins *b);
/* What is added at @place from now on is target @target's; else it is @place's own number. */
void alloc_bins_set_owner(struct alloc_bins *b, uint32_t place, uint32_t target);
/*
 * Moves what was added since the last time into @log. To be called more often than
 * the bins come round (ALLOC_BINS * ALLOC_BIN_NS): later, nothing is lost, but
 * counts as having happened later. 0 or -errno.
 */
int alloc_bins_take(struct alloc_bins *b, struct gc_log *log);

#endif
