/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the heap of a target's Go version gives for a request. */
#ifndef ALLOCTAP_REPORT_GO_HEAP_H
#define ALLOCTAP_REPORT_GO_HEAP_H

#include "profile/profile.h"

struct go_heap {
	int minor; /* 26 of go1.26.8; 0: not known, requests are given as they are */
	uint64_t header_above, small_max; /* struct go_layout's */
};

struct go_heap go_heap_of(const struct profile *p, uint32_t target);
/*
 * Bytes of the slot or pages for an object of @size bytes, as bpf/go.bpf.c counts
 * them, but for tiny objects: these are given the 16 bytes of a block of their own.
 */
uint64_t go_heap_bytes(const struct go_heap *h, uint64_t size, bool pointers);

#endif
