// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The dynamic loader's cache: names and paths end within it. */
#include <stdint.h>
#include <string.h>

#include "target/ld_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static int take(void *ctx, const char *name, const char *path)
{
	const struct bytes *b = ctx;
	const char *first = (const char *)b->data, *end = first + b->size;

	if (name < first || path < first || name + strlen(name) >= end ||
	    path + strlen(path) >= end)
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};

	ld_cache_each(data, size, take, &b);
	return 0;
}
