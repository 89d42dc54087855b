/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* In words: what is tapped, by what probes, and what that will cost. */
#ifndef ALLOCTAP_SESSION_DESCRIBE_H
#define ALLOCTAP_SESSION_DESCRIBE_H

#include <stdio.h>

#include "session/tapper.h"

/* Every probe of every target, a line each: what --dry-run prints. */
void describe_plan(const struct tapper *t, FILE *out);

/*
 * "server (pid 123, go1.26.8), python3 (pid 124, CPython 3.11, glibc)"; of many, some.
 * The caller frees it; NULL when out of memory.
 */
char *describe_targets(const struct tapper *t);

/*
 * Tapping the whole machine costs all of it: says what, before it does. What an empty
 * probe costs is measured for it (a few ms); the programs must be loaded.
 */
void describe_cost(const struct tapper *t);

#endif
