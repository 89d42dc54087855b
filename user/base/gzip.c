// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/gzip.h"

/* zlib.h, deflateInit2(): 15 bits of window, + 16 for a gzip header and trailer. */
#define GZIP_WINDOW_BITS (15 + 16)
#define GZIP_CHUNK       (64 << 10)

/*
 * protobuf-c appends a message field by field, a few bytes at a time; deflate()
 * costs too much per call for that, so the bytes are gathered first.
 */
struct gzip_stream {
	ProtobufCBuffer base;
	z_stream z;
	FILE *out;
	size_t n;
	uint8_t gathered[GZIP_CHUNK];
	uint8_t packed[GZIP_CHUNK];
};

static void deflate_gathered(struct gzip_stream *s, int flush)
{
	s->z.next_in = s->gathered;
	s->z.avail_in = (uInt)s->n;
	do {
		s->z.next_out = s->packed;
		s->z.avail_out = GZIP_CHUNK;
		deflate(&s->z, flush);
		fwrite(s->packed, 1, GZIP_CHUNK - s->z.avail_out, s->out);
	} while (!s->z.avail_out);
	s->n = 0;
}

static void gzip_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
	struct gzip_stream *s = (struct gzip_stream *)buffer;

	while (len) {
		size_t n = len < GZIP_CHUNK - s->n ? len : GZIP_CHUNK - s->n;

		memcpy(s->gathered + s->n, data, n);
		s->n += n;
		data += n;
		len -= n;
		if (s->n == GZIP_CHUNK)
			deflate_gathered(s, Z_NO_FLUSH);
	}
}

struct gzip_stream *gzip_stream_new(FILE *out)
{
	struct gzip_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base.append = gzip_append;
	s->out = out;
	if (deflateInit2(&s->z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
			 Z_DEFAULT_STRATEGY) == Z_OK)
		return s;
	free(s);
	return NULL;
}

void gzip_stream_message(struct gzip_stream *s, const ProtobufCMessage *message)
{
	protobuf_c_message_pack_to_buffer(message, &s->base);
}

void gzip_stream_finish(struct gzip_stream *s)
{
	deflate_gathered(s, Z_FINISH);
	deflateEnd(&s->z);
	free(s);
}

/* Inflates until the stream or the room for it ends. */
static int inflate_all(z_stream *z, size_t max, uint8_t **out, size_t *out_len)
{
	size_t cap = 0, n = 0;

	for (;;) {
		size_t room;
		int status;

		if (n == cap) {
			uint8_t *bigger;

			/* One byte more than allowed, to tell a full buffer from one too small. */
			cap = cap ? cap * 2 : GZIP_CHUNK;
			cap = cap <= max ? cap : max + 1;
			bigger = realloc(*out, cap);
			if (!bigger)
				return -ENOMEM;
			*out = bigger;
		}
		room = cap - n < GZIP_CHUNK ? cap - n : GZIP_CHUNK;
		z->next_out = *out + n;
		z->avail_out = (uInt)room;
		status = inflate(z, Z_NO_FLUSH);
		n += room - z->avail_out;
		if (n > max)
			return -EFBIG;
		if (status == Z_STREAM_END) {
			*out_len = n;
			return z->avail_in ? -EBADMSG : 0;
		}
		/* Z_OK without progress cannot be: Z_BUF_ERROR says that the input ended. */
		if (status != Z_OK)
			return status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	}
}

int gzip_unpack(const void *data, size_t len, size_t max, uint8_t **out, size_t *out_len)
{
	z_stream z = {.next_in = (Bytef *)data};
	int err;

	*out = NULL;
	*out_len = 0;
	if (len > UINT32_MAX)
		return -EFBIG;
	z.avail_in = (uInt)len;
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	err = inflate_all(&z, max, out, out_len);
	inflateEnd(&z);
	if (err) {
		free(*out);
		*out = NULL;
	}
	return err;
}
