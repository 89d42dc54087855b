/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A bounds-checked reader over bytes we do not trust.
 *
 * The first read past the end makes the cursor fail for good: that read and all
 * later ones return 0 (or NULL), so a parser may read a whole record and ask
 * cursor_ok() once. Little-endian only: so are all targets we read.
 */
#ifndef ALLOCTAP_BASE_CURSOR_H
#define ALLOCTAP_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *base;
	size_t len;
	size_t pos;
	bool failed;
};

struct cursor cursor_make(const void *base, size_t len);
/* A cursor over [off, off+len) of @c's bytes; failed when that leaves them. */
struct cursor cursor_sub(const struct cursor *c, size_t off, size_t len);

bool cursor_ok(const struct cursor *c);
size_t cursor_left(const struct cursor *c);
void cursor_seek(struct cursor *c, size_t pos);
void cursor_skip(struct cursor *c, size_t n);

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
int32_t cursor_i32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
/* Unsigned LEB128, as Go's uvarint and DWARF write it; over 64 bits fails. */
uint64_t cursor_uvarint(struct cursor *c);
/* Signed LEB128, as DWARF writes it; over 64 bits fails. */
int64_t cursor_sleb(struct cursor *c);
/* @n bytes in place, or NULL. */
const void *cursor_bytes(struct cursor *c, size_t n);
/* A NUL-terminated string in place, or NULL where no NUL is left. */
const char *cursor_cstr(struct cursor *c);

#endif
