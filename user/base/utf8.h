/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names come out of other people's binaries and may hold any bytes. What we
 * write is UTF-8, and what we print moves no cursor.
 */
#ifndef ALLOCTAP_BASE_UTF8_H
#define ALLOCTAP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* What stands in for a byte that is no UTF-8: U+FFFD. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * Bytes of the well-formed sequence that @s (@len bytes) begins with: 1 to 4,
 * or 0 where it begins with none (Unicode 15, table 3-7: no overlong forms, no
 * surrogates, nothing above U+10FFFF).
 */
size_t utf8_sequence(const char *s, size_t len);

/* Is all of @s UTF-8? */
bool utf8_valid(const char *s);

/*
 * A copy of @s in which each byte that is no UTF-8 is U+FFFD and, unless
 * @control is 0, each control character (C0, DEL, C1) is @control. The
 * caller's to free; NULL when out of memory.
 */
char *utf8_clean(const char *s, char control);

/* Characters in @s, which is UTF-8: its width where no character is wide. */
size_t utf8_length(const char *s);

#endif
