/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Emptying the kernel's double buffer without losing an increment. */
#ifndef ALLOCTAP_SESSION_DRAIN_H
#define ALLOCTAP_SESSION_DRAIN_H

#include "session/raw_counts.h"

struct alloctap_bpf;
struct drain;

/* For a loaded skeleton, which must outlive it. NULL with errno set. */
struct drain *drain_new(struct alloctap_bpf *skel);
void drain_free(struct drain *d);
/* Flips the sides and moves what the old one held into @r. 0 or -errno, printed. */
int drain_flip(struct drain *d, struct raw_counts *r);

#endif
