/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A block of NUL-terminated strings that other tables refer to by offset: ELF
 * string tables, Go's function and file names. Cutting the block behind its last
 * NUL once makes every offset inside it a terminated string, so that a lookup
 * costs a comparison and a million references to one endless string cost no more.
 */
#ifndef ALLOCTAP_BINARY_NAME_TABLE_H
#define ALLOCTAP_BINARY_NAME_TABLE_H

#include <string.h>

#include "base/cursor.h"

struct name_table {
	const char *data;
	size_t len;
};

/* All of @c's bytes, whatever its position; empty if @c has failed. */
static inline struct name_table name_table_make(const struct cursor *c)
{
	const char *data = (const char *)c->base;
	const char *last = cursor_ok(c) && c->len ? memrchr(data, 0, c->len) : NULL;

	return (struct name_table){data, last ? (size_t)(last - data) + 1 : 0};
}

/* NULL where @offset is outside. */
static inline const char *name_table_at(const struct name_table *t, uint64_t offset)
{
	return offset < t->len ? t->data + offset : NULL;
}

#endif
