// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "session/map_batch.h"

/* Entries asked for at a time; grown when one hash bucket holds more. */
#define BATCH_START 1024

static int batch_resize(struct map_batch *b, __u32 n)
{
	void *keys = reallocarray(b->keys, n, b->key_size);
	void *values;

	if (!keys)
		return -ENOMEM;
	b->keys = keys;
	values = reallocarray(b->values, n, b->value_size);
	if (!values)
		return -ENOMEM;
	b->values = values;
	b->n = n;
	return 0;
}

int map_batch_init(struct map_batch *b, size_t key_size, size_t value_size)
{
	*b = (struct map_batch){.key_size = key_size, .value_size = value_size};
	return batch_resize(b, BATCH_START);
}

void map_batch_free(struct map_batch *b)
{
	free(b->keys);
	free(b->values);
	*b = (struct map_batch){0};
}

static int lookup(const struct map_batch *b, int fd, bool empty, void *in, __u32 *position,
		  __u32 *n)
{
	if (empty)
		return bpf_map_lookup_and_delete_batch(fd, in, position, b->keys, b->values, n,
						       NULL);
	return bpf_map_lookup_batch(fd, in, position, b->keys, b->values, n, NULL);
}

int map_batch_read(struct map_batch *b, int fd, bool empty, map_batch_fn take, void *ctx)
{
	__u32 position, n;
	void *in = NULL;
	int err;

	do {
		n = b->n;
		err = lookup(b, fd, empty, in, &position, &n);
		if (err == -ENOSPC) {
			/* The next bucket holds more than the batch; nothing was taken. */
			n = 0;
			err = batch_resize(b, b->n * 2);
		}
		if (err && err != -ENOENT)
			return err;
		for (__u32 i = 0; i < n; i++) {
			int taken = take(ctx, (char *)b->keys + i * b->key_size,
					 (char *)b->values + i * b->value_size);

			if (taken)
				return taken;
		}
		in = &position;
	} while (err != -ENOENT);
	return 0;
}
