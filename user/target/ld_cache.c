// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * glibc 2.2 and newer (sysdeps/generic/dl-cache.h), all little-endian here:
 *
 *	00  "glibc-ld.so.cache" "1.1"	20 bytes; a cache that older loaders read, too,
 *					has theirs before it (magic "ld.so-1.7.0")
 *	20  entries, 24 bytes of strings, flags, 3 unused, offset of extensions, 3 unused words
 *	48  entries of 24 bytes: what it is for; name and path, as offsets from the
 *	    magic; OS version; processor
 */
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "target/ld_cache.h"

#define MAGIC     "glibc-ld.so.cache1.1"
#define OLD_MAGIC "ld.so-1.7.0"
#define HEADER    48
#define ENTRY     24
/* Of the old form: magic, padding, number of entries; 12 bytes an entry. */
#define OLD_HEADER 16
#define OLD_ENTRY  12

/* FLAG_ELF_LIBC6 with FLAG_X8664_LIB64, FLAG_AARCH64_LIB64. */
#if defined(__x86_64__)
#define OURS 0x0303
#elif defined(__aarch64__)
#define OURS 0x0a03
#endif

/* The new form may stand behind the old one, at the next multiple of 8. */
static struct cursor find_cache(const void *data, size_t len)
{
	struct cursor c = cursor_make(data, len);
	const void *magic = cursor_bytes(&c, sizeof(OLD_MAGIC) - 1);
	size_t at = 0;

	if (magic && !memcmp(magic, OLD_MAGIC, sizeof(OLD_MAGIC) - 1)) {
		cursor_seek(&c, OLD_HEADER - 4);
		at = OLD_HEADER + (size_t)cursor_u32(&c) * OLD_ENTRY;
		at = (at + 7) & ~(size_t)7;
	}
	c = cursor_make(data, len);
	return at <= len ? cursor_sub(&c, at, len - at) : cursor_make(data, 0);
}

static const char *string_at(const struct cursor *cache, uint32_t offset)
{
	struct cursor c = *cache;

	cursor_seek(&c, offset);
	return cursor_cstr(&c);
}

int ld_cache_each(const void *data, size_t len, ld_cache_fn fn, void *ctx)
{
	struct cursor cache = find_cache(data, len), c = cache;
	const void *magic = cursor_bytes(&c, sizeof(MAGIC) - 1);
	uint32_t n = cursor_u32(&c);
	int err = 0;

	if (!cursor_ok(&c) || memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0 || n > cache.len / ENTRY)
		return -EBADMSG;
	for (uint32_t i = 0; i < n && !err; i++) {
		const char *name, *path;
		uint32_t flags;

		cursor_seek(&c, HEADER + (size_t)i * ENTRY);
		flags = cursor_u32(&c);
		name = string_at(&cache, cursor_u32(&c));
		path = string_at(&cache, cursor_u32(&c));
		if (!cursor_ok(&c) || !name || !path)
			return -EBADMSG;
		if (flags == OURS)
			err = fn(ctx, name, path);
	}
	return err;
}
