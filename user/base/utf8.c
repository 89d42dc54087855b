// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool in_range(uint8_t b, uint8_t low, uint8_t high)
{
	return b >= low && b <= high;
}

size_t utf8_sequence(const char *s, size_t len)
{
	const uint8_t *b = (const uint8_t *)s;
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (!len)
		return 0;
	if (b[0] < 0x80)
		return 1;
	if (in_range(b[0], 0xc2, 0xdf))
		n = 2;
	else if (in_range(b[0], 0xe0, 0xef))
		n = 3;
	else if (in_range(b[0], 0xf0, 0xf4))
		n = 4;
	else
		return 0;
	/* The second byte is what rules out overlong forms, surrogates and > U+10FFFF. */
	if (b[0] == 0xe0)
		low = 0xa0;
	else if (b[0] == 0xed)
		high = 0x9f;
	else if (b[0] == 0xf0)
		low = 0x90;
	else if (b[0] == 0xf4)
		high = 0x8f;
	if (len < n || !in_range(b[1], low, high))
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (!in_range(b[i], 0x80, 0xbf))
			return 0;
	}
	return n;
}

bool utf8_valid(const char *s)
{
	size_t left = strlen(s);

	while (left) {
		size_t n = utf8_sequence(s, left);

		if (!n)
			return false;
		s += n;
		left -= n;
	}
	return true;
}

static bool is_control(const char *s, size_t n)
{
	const uint8_t *b = (const uint8_t *)s;

	return n == 1 ? b[0] < 0x20 || b[0] == 0x7f : n == 2 && b[0] == 0xc2 && b[1] < 0xa0;
}

char *utf8_clean(const char *s, char control)
{
	size_t left = strlen(s);
	/* The worst case is three bytes for one. */
	char *clean = malloc(left * strlen(UTF8_REPLACEMENT) + 1);
	char *out = clean;

	if (!clean)
		return NULL;
	while (left) {
		size_t n = utf8_sequence(s, left);

		if (!n) {
			out = stpcpy(out, UTF8_REPLACEMENT);
			n = 1;
		} else if (control && is_control(s, n)) {
			*out++ = control;
		} else {
			out = mempcpy(out, s, n);
		}
		s += n;
		left -= n;
	}
	*out = 0;
	return clean;
}

size_t utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}
