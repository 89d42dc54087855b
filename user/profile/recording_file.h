/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the writer and the reader of recordings share; private to this room. */
#ifndef ALLOCTAP_PROFILE_RECORDING_FILE_H
#define ALLOCTAP_PROFILE_RECORDING_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

#define RECORDING_MAGIC                                \
	{                                              \
		'A', 'L', 'L', 'O', 'C', 'T', 'A', 'P' \
	}

struct recording_header {
	char magic[8];
	uint32_t version; /* little-endian, as is */
	uint32_t zero;
};

/*
 * Makes a profile of a packed Recording message, nothing in it trusted: every
 * index is in range afterwards, every location has a line and every stack a
 * location, tables of collections are in their order, no sum of counts or of
 * durations exceeds INT64_MAX and no cost is negative or NaN.
 * NULL with errno EBADMSG (the reason is printed, with @name in front) or
 * ENOMEM. Uses memory in proportion to @len.
 */
struct profile *recording_unpack(const char *name, const void *message, size_t len);

#endif
