/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What make(map, n) would have spared of the tables that Swiss maps split: see map_growth.c. */
#ifndef ALLOCTAP_REPORT_MAP_SPLITS_H
#define ALLOCTAP_REPORT_MAP_SPLITS_H

#include "report/map_private.h"

struct map_splits;

/* Groups of rows must be numbered. NULL with errno ENOMEM. */
struct map_splits *map_splits_new(const struct map_work *w);
void map_splits_free(struct map_splits *s);
/* Bytes, for a growth that is a split. */
double map_splits_spared(const struct map_splits *s, const struct map_grown *grown);

#endif
