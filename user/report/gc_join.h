/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Charges cycles, pauses and assists to call sites and types; private to this room. */
#ifndef ALLOCTAP_REPORT_GC_JOIN_H
#define ALLOCTAP_REPORT_GC_JOIN_H

#include "report/gc.h"
#include "report/gc_epochs.h"

/* Fills @r's sites, types, total_bytes and pause_unattributed_ns. 0 or -ENOMEM. */
int gc_join(const struct profile *p, const struct gc_epochs *e, struct gc_report *r);

#endif
