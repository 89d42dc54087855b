/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which processes -a, --comm and --cgroup mean, as the programs decide it (target.bpf.c). */
#ifndef ALLOCTAP_SESSION_SELECTION_H
#define ALLOCTAP_SESSION_SELECTION_H

#include "session/session.h"

/* Is process @pid, called @comm, among them? */
bool selection_has(const struct session_options *options, const char *comm, pid_t pid);

#endif
