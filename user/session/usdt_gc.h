/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Collections and pauses of runtimes other than Go, from the static probes they pass. */
#ifndef ALLOCTAP_SESSION_USDT_GC_H
#define ALLOCTAP_SESSION_USDT_GC_H

#include "probe/gc_runtime.h"
#include "profile/builder.h"

struct usdt_gc;

/* Adds what it makes of events to @b, which must outlive it. NULL with errno ENOMEM. */
struct usdt_gc *usdt_gc_new(struct profile_builder *b);
void usdt_gc_free(struct usdt_gc *g);
/* Times are counted from here: CLOCK_MONOTONIC. */
void usdt_gc_start(struct usdt_gc *g, uint64_t started_ns);
/* Target @id is the profile's @target. 0 or -ENOMEM. */
int usdt_gc_add_target(struct usdt_gc *g, uint32_t id, uint32_t target);
/* In the order they happened; those of unknown processes are passed over. */
void usdt_gc_take(struct usdt_gc *g, const struct usdt_event *e);
/* No more events will come: adds the collections that have not ended. */
void usdt_gc_finish(struct usdt_gc *g);

uint64_t usdt_gc_n_cycles(const struct usdt_gc *g);
uint64_t usdt_gc_n_pauses(const struct usdt_gc *g);
/* Collections and pauses left out because there were too many to keep. */
uint64_t usdt_gc_dropped(const struct usdt_gc *g);

#endif
