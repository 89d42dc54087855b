/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One process being tapped: its binary, the plan for it, the files it has mapped. */
#ifndef ALLOCTAP_SESSION_TAP_H
#define ALLOCTAP_SESSION_TAP_H

#include "probe/plan.h"
#include "profile/symbolize.h"
#include "target/process.h"

struct tap;

/*
 * Looks at the program and plans its probes. Takes @process over, also on
 * failure. NULL with errno set, the reason printed.
 */
struct tap *tap_new(struct process *process, unsigned int kinds);
void tap_free(struct tap *t);

const struct process *tap_process(const struct tap *t);
const struct probe_plan *tap_plan(const struct tap *t);
/* "pid 4242 (server)": how messages call it. */
const char *tap_name(const struct tap *t);
const char *tap_version(const struct tap *t);

/*
 * Opens the files mapped executable now, so that they can be read when the
 * process has gone. A process that has become another program must not be
 * asked. 0 or -errno, nothing printed.
 */
int tap_note_mappings(struct tap *t);
/* Gives all mappings noted to @s. 0 or -errno. */
int tap_add_mappings(const struct tap *t, struct symbolizer *s, uint32_t target);

#endif
