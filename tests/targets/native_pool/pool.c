// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A home-made allocator, as postgres has one: blocks by malloc, cut into pieces for
 * others. Says how often it was asked and for how much; "wait": then waits for a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 65536

struct pool {
	char *block;
	size_t used;
	unsigned long blocks;
};

void *pool_alloc(struct pool *pool, size_t size);
void *x_alloc(size_t size);

__attribute__((noinline)) void *pool_alloc(struct pool *pool, size_t size)
{
	void *piece;

	if (!pool->block || BLOCK - pool->used < size) {
		pool->block = malloc(BLOCK);
		pool->used = 0;
		pool->blocks++;
		if (!pool->block)
			abort();
	}
	piece = pool->block + pool->used;
	pool->used += (size + 15) & ~15ul;
	return piece;
}

/* Only passes on. */
__attribute__((noinline)) void *x_alloc(size_t size)
{
	void *p = malloc(size);

	if (!p)
		abort();
	return p;
}

int main(int argc, char **argv)
{
	struct pool pool = {0};
	unsigned long pieces = 0, bytes = 0, others = 0;

	for (unsigned int i = 1; i <= 3001; i++) {
		memset(pool_alloc(&pool, i % 97 + 1), 1, i % 97 + 1);
		pieces++;
		bytes += i % 97 + 1;
	}
	for (unsigned int i = 0; i < 11; i++) {
		free(x_alloc(7));
		others++;
	}
	printf("{\"pieces\":%lu,\"bytes\":%lu,\"blocks\":%lu,\"others\":%lu}\n", pieces, bytes,
	       pool.blocks, others);
	fflush(stdout);
	if (argc > 1 && !strcmp(argv[1], "wait"))
		getchar();
	return 0;
}
