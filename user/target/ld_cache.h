/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where the dynamic loader finds libraries by name: glibc's /etc/ld.so.cache. Pure: bytes in,
 * facts out, nothing in them trusted.
 */
#ifndef ALLOCTAP_TARGET_LD_CACHE_H
#define ALLOCTAP_TARGET_LD_CACHE_H

#include <stddef.h>

/* Library @name of this machine's kind lies at @path. Strings end with the call; not 0 ends it. */
typedef int (*ld_cache_fn)(void *ctx, const char *name, const char *path);

/*
 * Calls @fn for all entries, in the cache's order: variants for newer processors have
 * the same name. What @fn returned last, or -EBADMSG where it is none of glibc 2.2's or newer.
 */
int ld_cache_each(const void *data, size_t len, ld_cache_fn fn, void *ctx);

#endif
