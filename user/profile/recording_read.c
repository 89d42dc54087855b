// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/vec.h"
#include "profile/recording.h"
#include "profile/recording_file.h"

/*
 * How large a recording may be, packed and unpacked. A million stacks of 100
 * frames unpack to some 300 MiB. What packs better than 1:200 is no profile but
 * a bomb, unless it is small anyway.
 */
#define FILE_MAX           ((size_t)1 << 30)
#define UNPACKED_MAX       ((size_t)1 << 30)
#define UNPACKED_ALWAYS_OK ((size_t)16 << 20)
#define PACKED_RATIO_MAX   200

static struct profile *fail(int err)
{
	errno = err;
	return NULL;
}

static struct profile *fail_damaged(const char *name, const char *what)
{
	log_error("%s: damaged recording: %s", name, what);
	return fail(EBADMSG);
}

static size_t unpacked_max(size_t packed)
{
	if (packed <= UNPACKED_ALWAYS_OK / PACKED_RATIO_MAX)
		return UNPACKED_ALWAYS_OK;
	return packed <= UNPACKED_MAX / PACKED_RATIO_MAX ? packed * PACKED_RATIO_MAX : UNPACKED_MAX;
}

static struct profile *fail_unpacking(const char *name, int err)
{
	switch (err) {
	case -EBADMSG:
		return fail_damaged(name, "the data ends early or was changed");
	case -EFBIG:
		return fail_damaged(name, "it unpacks to far more than a profile");
	default:
		log_error("%s: out of memory", name);
		return fail(-err);
	}
}

struct profile *recording_parse(const char *name, const void *data, size_t len)
{
	struct recording_header expected = {.magic = RECORDING_MAGIC}, header;
	const uint8_t *packed = (const uint8_t *)data + sizeof(header);
	__auto_free uint8_t *message = NULL;
	size_t packed_len, message_len;
	uint32_t version;
	int err;

	if (len < sizeof(header.magic) || memcmp(data, expected.magic, sizeof(expected.magic))) {
		log_error("%s: not an alloctap recording", name);
		return fail(EBADMSG);
	}
	if (len < sizeof(header))
		return fail_damaged(name, "the file ends early");
	memcpy(&header, data, sizeof(header));
	packed_len = len - sizeof(header);
	version = le32toh(header.version);
	if (version > RECORDING_VERSION) {
		log_error("%s: recording format %u is newer than this alloctap (%u): use a newer "
			  "alloctap",
			  name, version, RECORDING_VERSION);
		return fail(ENOTSUP);
	}
	if (!version || header.zero)
		return fail_damaged(name, "no such header");
	err = gzip_unpack(packed, packed_len, unpacked_max(packed_len), &message, &message_len);
	if (err)
		return fail_unpacking(name, err);
	return recording_unpack(name, message, message_len);
}

/* The whole file, or NULL with errno set and the reason printed. */
static uint8_t *read_file(const char *path, size_t *len)
{
	__auto_file FILE *f = fopen(path, "re");
	VEC(uint8_t) bytes = {0};
	int err = 0;

	if (!f) {
		err = errno;
		log_error("%s: cannot be read: %s", path, strerror(err));
		errno = err;
		return NULL;
	}
	while (!err && !feof(f)) {
		errno = 0;
		err = bytes.n >= FILE_MAX ? EFBIG : -vec_reserve(&bytes, bytes.n + (64 << 10));
		if (!err)
			bytes.n += fread(bytes.data + bytes.n, 1, bytes.cap - bytes.n, f);
		if (ferror(f))
			err = errno ? errno : EIO;
	}
	*len = bytes.n;
	if (!err)
		return bytes.data;
	log_error("%s: cannot be read: %s", path, strerror(err));
	vec_free(&bytes);
	errno = err;
	return NULL;
}

struct profile *recording_read(const char *path)
{
	size_t len;
	__auto_free uint8_t *data = read_file(path, &len);

	return data ? recording_parse(path, data, len) : NULL;
}
