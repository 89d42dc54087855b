/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which instruction of a function to put a probe on.
 *
 * The kernel emulates a few instructions under a probe; any other is
 * single-stepped, which costs eight to ten times as much (facts/kernel-bpf.md
 * A.3). So the first instruction of a function is rarely the right one.
 */
#ifndef ALLOCTAP_PROBE_PROLOGUE_H
#define ALLOCTAP_PROBE_PROLOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_point {
	uint16_t offset;  /* from the function's first byte */
	uint8_t cfa_off;  /* bytes pushed until here: [rsp + cfa_off] is the return address */
	bool stack_check; /* on Go's stack-check branch: drop the hit if it is taken */
	bool stepped;     /* the kernel cannot emulate it */
	const char *instruction; /* for people: "jbe" */
};

/*
 * Finds it in the first @len bytes of an x86-64 function; every point found is
 * emulated. 0, or -ENOENT where the code has none we understand.
 */
int probe_point_find(const uint8_t *code, size_t len, struct probe_point *point);

#endif
