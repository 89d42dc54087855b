/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Recordings in memory: made, spoilt, and refused. */
#ifndef ALLOCTAP_TESTS_RECORDING_LAB_H
#define ALLOCTAP_TESTS_RECORDING_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <endian.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/gzip.h"
#include "capture.h"
#include "fixture.h"
#include "fixture_gc.h"
#include "fixture_native.h"
#include "profile/recording.h"
#include "profile/recording.pb-c.h"
#include "profile/recording_file.h"

struct bytes {
	char *data;
	size_t len;
};

static inline struct bytes record(const struct profile *p)
{
	struct bytes b;
	FILE *out = open_memstream(&b.data, &b.len);

	assert_non_null(out);
	assert_int_equal(recording_write(p, out), 0);
	assert_int_equal(fclose(out), 0);
	return b;
}

static inline struct profile *parse_quietly(const void *data, size_t len, int *err, char *said,
					    size_t size)
{
	struct capture c = capture_begin();
	struct profile *p;

	errno = 0;
	p = recording_parse("x.atap", data, len);
	*err = errno;
	capture_end(&c, said, size);
	return p;
}

static inline size_t lines_in(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Reading fails with @expected as errno, saying one line that has @words. */
static inline void check_refused(const void *data, size_t len, int expected, const char *words)
{
	char said[512];
	int err;

	assert_null(parse_quietly(data, len, &err, said, sizeof(said)));
	assert_int_equal(err, expected);
	if (lines_in(said) != 1 || !strstr(said, words))
		fail_msg("said \"%s\", not \"%s\"", said, words);
}

/* A recording of any message, with a good header and checksum. */
static inline struct bytes wrap(const ProtobufCMessage *m)
{
	struct recording_header header = {.magic = RECORDING_MAGIC, .version = htole32(1)};
	struct bytes b;
	FILE *out = open_memstream(&b.data, &b.len);
	struct gzip_stream *s = gzip_stream_new(out);

	fwrite(&header, sizeof(header), 1, out);
	/* The header must come first: the stream writes when it ends. */
	gzip_stream_message(s, m);
	gzip_stream_finish(s);
	fclose(out);
	return b;
}

/* A fixture as a message to be spoilt. */
static inline Alloctap__Recording *message_of(struct profile *p)
{
	struct bytes b = record(p);
	size_t skip = sizeof(struct recording_header), len;
	Alloctap__Recording *m;
	uint8_t *unpacked;

	assert_int_equal(gzip_unpack(b.data + skip, b.len - skip, 1 << 20, &unpacked, &len), 0);
	m = alloctap__recording__unpack(NULL, len, unpacked);
	assert_non_null(m);
	free(unpacked);
	free(b.data);
	profile_free(p);
	return m;
}

#endif
