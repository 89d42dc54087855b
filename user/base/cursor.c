// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <endian.h>
#include <string.h>

#include "base/cursor.h"

struct cursor cursor_make(const void *base, size_t len)
{
	return (struct cursor){.base = base, .len = len};
}

struct cursor cursor_sub(const struct cursor *c, size_t off, size_t len)
{
	if (c->failed || off > c->len || len > c->len - off)
		return (struct cursor){.failed = true};
	return cursor_make(c->base + off, len);
}

bool cursor_ok(const struct cursor *c)
{
	return !c->failed;
}

size_t cursor_left(const struct cursor *c)
{
	return c->failed ? 0 : c->len - c->pos;
}

void cursor_seek(struct cursor *c, size_t pos)
{
	if (pos > c->len)
		c->failed = true;
	else
		c->pos = pos;
}

void cursor_skip(struct cursor *c, size_t n)
{
	cursor_bytes(c, n);
}

const void *cursor_bytes(struct cursor *c, size_t n)
{
	const uint8_t *p;

	if (n > cursor_left(c) || c->failed || !c->base) {
		c->failed = true;
		return NULL;
	}
	p = c->base + c->pos;
	c->pos += n;
	return p;
}

uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 1);

	return p ? *p : 0;
}

uint16_t cursor_u16(struct cursor *c)
{
	const void *p = cursor_bytes(c, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

uint32_t cursor_u32(struct cursor *c)
{
	const void *p = cursor_bytes(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

int32_t cursor_i32(struct cursor *c)
{
	return (int32_t)cursor_u32(c);
}

uint64_t cursor_u64(struct cursor *c)
{
	const void *p = cursor_bytes(c, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

uint64_t cursor_uvarint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t b = cursor_u8(c);

		if (c->failed)
			return 0;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	c->failed = true;
	return 0;
}

int64_t cursor_sleb(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t b = cursor_u8(c);

		if (c->failed)
			return 0;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b & 0x80)
			continue;
		if (b & 0x40 && shift < 57)
			v |= UINT64_MAX << (shift + 7);
		return (int64_t)v;
	}
	c->failed = true;
	return 0;
}

const char *cursor_cstr(struct cursor *c)
{
	const uint8_t *p = cursor_left(c) ? c->base + c->pos : NULL;
	const uint8_t *nul = p ? memchr(p, 0, cursor_left(c)) : NULL;

	if (!nul) {
		c->failed = true;
		return NULL;
	}
	c->pos += (size_t)(nul - p) + 1;
	return (const char *)p;
}
