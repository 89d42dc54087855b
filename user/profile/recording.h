/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The recording file, .atap: the profile as it was taken, everything in it.
 *
 * Layout: 8 bytes magic "ALLOCTAP", u32 format version (little-endian), u32 0,
 * then one gzip stream (its CRC guards against damage) of one protobuf message
 * Recording (user/profile/recording.proto).
 */
#ifndef ALLOCTAP_PROFILE_RECORDING_H
#define ALLOCTAP_PROFILE_RECORDING_H

#include <stdio.h>

#include "profile/profile.h"

#define RECORDING_VERSION 1

/* 0 or -errno, reason printed by whoever owns the file. */
int recording_write(const struct profile *p, FILE *out);
/*
 * NULL with errno set: EBADMSG damaged or not a recording, ENOTSUP a newer
 * format, or what reading said; the reason is printed. Nothing in the file is
 * trusted: indices and sizes are checked, unpacked size is bounded.
 */
struct profile *recording_read(const char *path);
/* The same on bytes in memory; @name is for messages. The fuzzer's way in. */
struct profile *recording_parse(const char *name, const void *data, size_t len);

#endif
