/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The string table of a finished profile; private to this room. Strings lie one
 * after the other in the pool, each with its NUL: exactly what a recording
 * keeps. Everybody else asks profile_str().
 */
#ifndef ALLOCTAP_PROFILE_PROFILE_STRINGS_H
#define ALLOCTAP_PROFILE_PROFILE_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct profile_strings {
	char *pool;
	size_t pool_len;
	uint32_t *offsets; /* profile.n_strings of them, ascending */
};

#endif
