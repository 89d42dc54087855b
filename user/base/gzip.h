/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Protobuf messages into gzip streams, and gzip streams back into bytes. */
#ifndef ALLOCTAP_BASE_GZIP_H
#define ALLOCTAP_BASE_GZIP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

struct gzip_stream;

/* One gzip stream onto @out, which carries no time: same bytes in, same bytes out. */
struct gzip_stream *gzip_stream_new(FILE *out);
/*
 * Packs @message straight into the stream. Messages of one type one after the
 * other are, to whoever unpacks them, the one message they add up to: large ones
 * need never be in memory as a whole. Errors of the file are left on it.
 */
void gzip_stream_message(struct gzip_stream *s, const ProtobufCMessage *message);
/* Writes the end of the stream and frees @s. */
void gzip_stream_finish(struct gzip_stream *s);

/*
 * Unpacks @len bytes that must be exactly one gzip stream, to at most @max
 * bytes. *@out is the caller's to free. 0, -EBADMSG (damaged, cut short, or
 * something behind it), -EFBIG (more than @max) or -ENOMEM.
 */
int gzip_unpack(const void *data, size_t len, size_t max, uint8_t **out, size_t *out_len);

#endif
