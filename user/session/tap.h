/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One process being tapped: its binary, the plan for it, the files it has mapped. */
#ifndef ALLOCTAP_SESSION_TAP_H
#define ALLOCTAP_SESSION_TAP_H

#include "probe/plan.h"
#include "probe/usdt_plan.h"
#include "profile/symbolize.h"
#include "session/types.h"
#include "target/process.h"

struct tap;

/*
 * Looks at the program and plans its probes. Takes @process over, also on
 * failure. NULL with errno set, the reason printed.
 */
struct tap *tap_new(struct process *process, unsigned int kinds);
void tap_free(struct tap *t);

const struct process *tap_process(const struct tap *t);
/* Empty where tap_usdt_plan() has one. */
const struct probe_plan *tap_plan(const struct tap *t);
/* Of a runtime other than Go, whose collections are told by static probes; else NULL. */
const struct usdt_plan *tap_usdt_plan(const struct tap *t);
/* The file that has them, owned by @t, and what the process calls it. */
int tap_usdt_fd(const struct tap *t);
const char *tap_usdt_file(const struct tap *t);
/* "pid 4242 (server)": how messages call it. */
const char *tap_name(const struct tap *t);
/* What outputs call its runtime: "go", "hotspot"; and for people: "go1.26.8", "CPython 3.11". */
const char *tap_runtime(const struct tap *t);
const char *tap_version(const struct tap *t);
/* Address of runtime.gcController in the process; 0: not known. */
uint64_t tap_gc_controller(const struct tap *t);
/* 0 where it is not Go. */
int tap_go_minor(const struct tap *t);

/*
 * Opens the files mapped executable now, so that they can be read when the
 * process has gone. A process that has become another program must not be
 * asked. 0 or -errno, nothing printed.
 */
int tap_note_mappings(struct tap *t);
/*
 * Where the types of the program's file lie in the process; an empty range where
 * that is not known. Any other type must be asked for while the process lives.
 */
struct type_range tap_type_range(const struct tap *t);
bool tap_is_in_file(const struct tap *t, uint64_t type);
/*
 * The types of the process, made when first asked for and then always added to
 * @b. NULL where the program's types cannot be found or out of memory.
 */
struct target_types *tap_types(struct tap *t, struct profile_builder *b);
/* Gives all mappings noted to @s. 0 or -errno. */
int tap_add_mappings(const struct tap *t, struct symbolizer *s, uint32_t target);

#endif
