/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Runtimes whose garbage collections are told by static probes, as one table:
 * which probes, what they mean, what their arguments are.
 */
#ifndef ALLOCTAP_PROBE_GC_RUNTIME_H
#define ALLOCTAP_PROBE_GC_RUNTIME_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usdt_event.h"

struct gc_runtime {
	const char *id;    /* "hotspot": what recordings call it */
	const char *label; /* "OpenJDK HotSpot" */
	/* How names of the file begin that has the collector in it. */
	const char *files[4];
	/* Where a program keeps that file, if it opens it only when it runs: from its own. */
	const char *beside;
	/* For people: who builds it with probes. */
	const char *remedy;
	/* Stops of the world have probes of their own; else a collection is a stop. */
	bool tells_stops;
};

/* What it means that a probe was passed. */
enum usdt_role {
	USDT_COLLECT_BEGIN, /* number: the generation, or whether it is a full collection */
	USDT_COLLECT_END,
	USDT_SWEEP_BEGIN, /* piecemeal, after the collection: also a stop */
	USDT_SWEEP_END,
	USDT_STOP,    /* the world is asked to stop */
	USDT_STOPPED, /* it stands; text 0: for which operation */
	USDT_RESUME,  /* it is let go */
	USDT_POOL,    /* a collection begins; text 0: the collector, 1: a pool; number: its bytes */
	USDT_POOL_DONE, /* it has ended; the same */
};

struct gc_probe {
	const struct gc_runtime *runtime;
	const char *provider, *name;
	enum usdt_role role;
	/* Arguments, counted from 1; 0: none. A text's length is the argument after it. */
	const char *reason; /* to stand still, where the runtime does not say; number goes behind */
	uint8_t number;
	uint8_t text[USDT_TEXTS];
};

extern const struct gc_probe gc_probes[];
extern const size_t n_gc_probes;

/* NULL where we do not know such a probe. */
const struct gc_probe *gc_probe_find(const char *provider, const char *name);
/* The runtime whose collector a file of that name holds, or NULL. */
const struct gc_runtime *gc_runtime_of_file(const char *path);
/* All of them in turn; NULL past the last. */
const struct gc_runtime *gc_runtime_at(size_t i);

#endif
