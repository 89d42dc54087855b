/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The emulators that run (target/emulator.h), of targets or not. Where probes are for
 * everybody, none is in as long as there is one.
 */
#ifndef ALLOCTAP_SESSION_EMULATORS_H
#define ALLOCTAP_SESSION_EMULATORS_H

#include "session/tapper.h"

struct emulators;

/* Only where t->everywhere there is something to do. NULL with errno set. */
struct emulators *emulators_new(struct tapper *t);
void emulators_free(struct emulators *e);
/* Process @pid runs one, called @name, or is about to. When it returns no probe is in. 0 or -ENOMEM. */
int emulators_note(struct emulators *e, pid_t pid, const char *name);
/* Notes those that run already. 0 or -errno. */
int emulators_scan(struct emulators *e);
/* Puts the probes in again once the last has ended. 0 or -errno. */
int emulators_settle(struct emulators *e);
/* Readable when one has ended. */
int emulators_fd(const struct emulators *e);

#endif
