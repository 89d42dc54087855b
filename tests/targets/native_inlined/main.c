// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Allocates from heap.c and from a home-made allocator that is inlined; "wait": waits for a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

static char pool[4096];
static size_t used;

static inline __attribute__((always_inline)) void *pool_alloc(size_t size)
{
	char *p = pool + used;

	used += (size + 15) & ~15ul;
	return p;
}

__attribute__((noinline)) static void *first(size_t size)
{
	return pool_alloc(size);
}

__attribute__((noinline)) static void *second(size_t size)
{
	void **p = pool_alloc(size);

	*p = pool_alloc(size / 2);
	return p;
}

__attribute__((flatten, noinline)) static void *third(size_t size)
{
	return mi_malloc(size);
}

__attribute__((flatten, noinline)) static void *fourth(size_t size)
{
	return mi_zalloc(size);
}

int main(int argc, char **argv)
{
	/* Called by address, it is there by itself too. */
	void *(*volatile by_address)(size_t) = mi_malloc;
	void *all[] = {first(10), second(20), third(30), fourth(40), by_address(50)};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		memset(all[i], 1, 8);
	puts("ready");
	fflush(stdout);
	if (argc > 1 && !strcmp(argv[1], "wait"))
		getchar();
	return 0;
}
