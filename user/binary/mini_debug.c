// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "binary/mini_debug.h"

/* xz -9 asks for 65 MB; a file that asks for more wants our memory, not to be read. */
#define MAX_DECODER (128ull << 20)
#define FIRST_SIZE  (256u << 10)

static int grow(lzma_stream *s, uint8_t **bytes, size_t *size)
{
	size_t used = *bytes ? (size_t)(s->next_out - *bytes) : 0;
	size_t larger = *size ? 2 * *size : FIRST_SIZE;
	uint8_t *moved;

	if (*size >= MINI_DEBUG_MAX)
		return -EFBIG;
	moved = realloc(*bytes, larger);
	if (!moved)
		return -ENOMEM;
	*bytes = moved;
	*size = larger;
	s->next_out = moved + used;
	s->avail_out = larger - used;
	return 0;
}

static int status_of(lzma_ret ret)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_STREAM_END:
		return 0;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

int mini_debug_unpack(const void *data, size_t len, uint8_t **out, size_t *out_len)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret ret = LZMA_OK;
	uint8_t *bytes = NULL;
	size_t size = 0;
	int err;

	if (len > MINI_DEBUG_MAX)
		return -EFBIG;
	err = status_of(lzma_stream_decoder(&s, MAX_DECODER, 0));
	s.next_in = data;
	s.avail_in = len;
	while (!err && ret != LZMA_STREAM_END) {
		if (!s.avail_out)
			err = grow(&s, &bytes, &size);
		if (!err) {
			/* All of the input is here: no progress means that it was cut short. */
			ret = lzma_code(&s, LZMA_FINISH);
			err = status_of(ret);
		}
	}
	*out_len = s.total_out;
	lzma_end(&s);
	if (err) {
		free(bytes);
		return err;
	}
	*out = bytes;
	return 0;
}
