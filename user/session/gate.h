/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Has probes put into programs before they begin: each that may become a target waits at its
 * exec until those of its files are in that nobody has mapped so far. The first process of
 * a program is then seen as whole as those that follow.
 */
#ifndef ALLOCTAP_SESSION_GATE_H
#define ALLOCTAP_SESSION_GATE_H

#include "session/emulators.h"

struct gate;

/*
 * Early: it forks, and what there is then is copied. NULL with errno ENOMEM; where nobody
 * can be held, that is said.
 */
struct gate *gate_new(struct tapper *t, struct emulators *emulators);
void gate_free(struct gate *g);
/* Holds from now on. 0 or -ENOMEM. */
int gate_open(struct gate *g);
/* Lets everybody go, for good. */
void gate_close(struct gate *g);
/* Readable when somebody waits; -1: never. */
int gate_fd(const struct gate *g);
/* Helps itself to a process: of no interest to anybody, and 0 where there is none. */
pid_t gate_keeper(const struct gate *g);
/* Serves those who wait. 0 or -ENOMEM. */
int gate_settle(struct gate *g);
/* A target runs that file: hold others of its file system too, as containers have their own. */
void gate_note_file(struct gate *g, const struct file *file);
struct profile_holds gate_holds(const struct gate *g);

#endif
