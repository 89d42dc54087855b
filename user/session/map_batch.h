/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Reading a hash map of the kernel, many entries at a time. */
#ifndef ALLOCTAP_SESSION_MAP_BATCH_H
#define ALLOCTAP_SESSION_MAP_BATCH_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Room for entries, kept from one reading to the next. */
struct map_batch {
	void *keys, *values;
	size_t key_size, value_size;
	__u32 n;
};

/* 0 or -ENOMEM; to be freed in either case. */
int map_batch_init(struct map_batch *b, size_t key_size, size_t value_size);
void map_batch_free(struct map_batch *b);

/* Gets each entry; what it returns, if not 0, ends the reading. */
typedef int (*map_batch_fn)(void *ctx, const void *key, const void *value);

/*
 * Hands all entries of the hash map @fd to @take; with @empty they are taken out of
 * it. 0, what @take returned, or -errno.
 */
int map_batch_read(struct map_batch *b, int fd, bool empty, map_batch_fn take, void *ctx);

#endif
