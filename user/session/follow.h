/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keeps up with what processes do: those that become targets, run other programs, end;
 * and what they map meanwhile.
 */
#ifndef ALLOCTAP_SESSION_FOLLOW_H
#define ALLOCTAP_SESSION_FOLLOW_H

#include "session/gate.h"

struct follow;

/*
 * @gate is told of targets' files. NULL with errno ENOMEM. Where the kernel's records cannot
 * be had, that is said.
 */
struct follow *follow_new(struct tapper *t, struct gate *gate, struct emulators *emulators);
void follow_free(struct follow *f);
/* Readable when something was mapped; -1: never. */
int follow_fd(const struct follow *f);

/*
 * Makes targets of all processes that run now and that the options select; probes are
 * not put in yet. 0 or -errno, printed.
 */
int follow_scan(struct follow *f);
/* Notes an event of the kernel side, for follow_settle(). 0 or -ENOMEM. */
int follow_event(struct follow *f, const struct event *e);
/* Does what events and records call for. 0 or -errno, printed. */
int follow_settle(struct follow *f);
/*
 * Target @id was counted for: where nothing was ever told of it, makes one that is called
 * "unknown". 0 or -ENOMEM.
 */
int follow_find(struct follow *f, uint32_t id);

#endif
