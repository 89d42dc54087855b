/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The types of one target: from the address of a runtime type to a type of the
 * profile, with all it consists of.
 *
 * Types in the program's file can be asked for at any time. What reflection (or a
 * plugin) brought must be asked for while the process lives: what was asked for
 * once is known from then on.
 */
#ifndef ALLOCTAP_SESSION_TYPES_H
#define ALLOCTAP_SESSION_TYPES_H

#include "binary/go_types.h"
#include "profile/builder.h"

struct target_types;

/*
 * Takes over @go. @memory is the process's /proc/PID/mem, or -1, and stays the
 * caller's. Types are added to @b; both must outlive the result. NULL with errno
 * ENOMEM, @go freed.
 */
struct target_types *target_types_new(struct go_types *go, int memory, struct profile_builder *b);
void target_types_free(struct target_types *t);
/* The process has gone: its memory will not be read again. */
void target_types_forget_memory(struct target_types *t);

/* What types are called whose process ended before they could be read. */
#define TYPE_GONE "[type gone with its process]"
/* ... and those beyond what we keep of one process. */
#define TYPE_TOO_MANY "[too many types]"

/*
 * The type of the profile for the runtime type at @address, 0 for address 0. What
 * cannot be read gets a type whose name says so: TYPE_GONE, or GO_TYPE_BAD.
 * PROFILE_NONE when out of memory.
 */
uint32_t target_types_get(struct target_types *t, uint64_t address);
/* The same for the array of a slice that has elements of the type at @address. */
uint32_t target_types_slice(struct target_types *t, uint64_t address);

#endif
