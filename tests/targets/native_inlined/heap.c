// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* An allocator as one that is linked in: main.c has copies of it if built with -flto. */
#include <stdlib.h>

#include "heap.h"

#define BYTES (1 << 20)

static char heap[BYTES];
static size_t used;

void *mi_malloc(size_t size)
{
	char *p = heap + used;

	used += (size + 15) & ~15ul;
	return used > BYTES ? NULL : p;
}

/* Copies of it are no loss: they call one that is tapped. */
void *mi_zalloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}
