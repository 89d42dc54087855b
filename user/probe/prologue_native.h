/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which instruction of a C, C++ or Rust function to put a probe on. */
#ifndef ALLOCTAP_PROBE_PROLOGUE_NATIVE_H
#define ALLOCTAP_PROBE_PROLOGUE_NATIVE_H

#include "probe/prologue.h"

/* Arguments in registers, by the C calling convention. */
#define NATIVE_ARGS 6
/* Where there is an argument by this number, it is the sum of two. */
#define NATIVE_SUM 7

struct native_wanted {
	unsigned int args; /* mask of 1 << n: must be known at the probe, n from 1 */
	/* Of two arguments among them the sum will do; 0, 0: it will not. */
	unsigned int summed[2];
	/*
	 * Where this argument is NULL nothing is to be counted: the probe may sit
	 * behind the function's test of it. 0: no such argument.
	 */
	unsigned int null_arg;
	bool nothing_pushed; /* [rsp] must be the return address: a return probe goes there too */
};

/*
 * Finds it in the first @len bytes of a function (all of it, if possible). False: there
 * is none. As a rule there is: the first instruction, stepped, in the worst case. But the
 * kernel takes no probe at one with a LOCK prefix, as programs have that count their calls.
 * @where[n] is the argument register, counted from 1, that holds argument n at
 * the probe: compilers copy them. @where[NATIVE_SUM] is not 0 where two of them are
 * there as their sum alone.
 */
bool native_point_find(const uint8_t *code, size_t len, const struct native_wanted *wanted,
		       struct probe_point *point, uint8_t where[NATIVE_SUM + 1]);

#endif
