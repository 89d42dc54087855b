/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What an empty probe costs on this machine, now. */
#ifndef ALLOCTAP_SESSION_CALIBRATE_H
#define ALLOCTAP_SESSION_CALIBRATE_H

#include "probe/attach.h"

/*
 * Attaches @nothing, a loaded program that does nothing, to a function of our own
 * and calls that with and without it. ns per hit, or -errno as a negative number.
 */
double calibrate_trap_ns(enum link_kind kind, struct bpf_program *nothing);

#endif
