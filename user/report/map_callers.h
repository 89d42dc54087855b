/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What else the functions allocate that insert into maps: the strings a key is
 * built from, the objects a value points to.
 */
#ifndef ALLOCTAP_REPORT_MAP_CALLERS_H
#define ALLOCTAP_REPORT_MAP_CALLERS_H

#include "report/map_private.h"

struct map_callers;

/* NULL with errno ENOMEM. */
struct map_callers *map_callers_new(const struct map_work *w);
void map_callers_free(struct map_callers *c);

/* Objects of @type that @function allocated outside of inserts, itself or through helpers. */
struct map_cause_sum map_callers_sum(const struct map_callers *c, uint32_t function, uint32_t type);
/* Bytes of strings. */
struct map_cause_sum map_callers_strings(const struct map_callers *c, uint32_t function);
/* The type that pointers of type @pointer point to; 0: nobody has allocated such. */
uint32_t map_callers_pointee(const struct map_callers *c, uint32_t pointer);

#endif
