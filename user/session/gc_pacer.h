/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What Go's pacer knew when a cycle began. Pure: words in, facts out. */
#ifndef ALLOCTAP_SESSION_GC_PACER_H
#define ALLOCTAP_SESSION_GC_PACER_H

#include <linux/types.h>
#include <stdint.h>

#include "alloctap.h"

/* Bytes; 0: not known, or none. */
struct pacer {
	uint64_t live, goal, limit;
	int32_t percent; /* GOGC; -1: off */
};

/* @words by enum pacer_word; all 0 where they could not be read. */
struct pacer pacer_read(const __u64 words[PACER_MAX]);

#endif
