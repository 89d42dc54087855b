/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Calls every function of the C allocator, in every way they can end, from several
 * threads that free each other's blocks, and counts what it did by itself.
 *
 *	matrix THREADS ROUNDS
 *
 * Says "ready", waits for a line, works, prints its counts as JSON, waits for another
 * line. From "ready" on nothing but the counted calls allocates.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 64
#define SLOTS       4096

/* Through these, so that the compiler makes nothing of what it knows of the functions. */
static void *(*volatile do_malloc)(size_t) = malloc;
static void *(*volatile do_calloc)(size_t, size_t) = calloc;
static void *(*volatile do_realloc)(void *, size_t) = realloc;
static void (*volatile do_free)(void *) = free;
static void *(*volatile do_memalign)(size_t, size_t) = memalign;
static void *(*volatile do_aligned_alloc)(size_t, size_t) = aligned_alloc;
static int (*volatile do_posix_memalign)(void **, size_t, size_t) = posix_memalign;

struct counts {
	unsigned long allocs, bytes;
	unsigned long frees, freed_bytes;
	/* What was asked for in vain, but looked as if it could be had. */
	unsigned long refused, refused_bytes;
	/* Of the allocations, those where an allocator took realloc(p, 0) for one. */
	unsigned long emptied;
};

struct block {
	void *p;
	size_t size;
};

static struct block slots[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t begin, end;
static struct counts counts[THREADS_MAX];
static int rounds;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct block swap_slot(uint64_t i, struct block b)
{
	struct block old;

	pthread_mutex_lock(&lock);
	old = slots[i % SLOTS];
	slots[i % SLOTS] = b;
	pthread_mutex_unlock(&lock);
	return old;
}

static void count_alloc(struct counts *c, size_t size)
{
	c->allocs++;
	c->bytes += size;
}

static void count_free(struct counts *c, size_t size)
{
	c->frees++;
	c->freed_bytes += size;
}

static void refuse(struct counts *c, size_t size)
{
	c->refused++;
	c->refused_bytes += size;
}

/* What it holds must be what was put there. */
static void fill(struct block b)
{
	if (b.p)
		memset(b.p, (int)(b.size & 0xff), b.size);
}

static void check(struct block b)
{
	const unsigned char *bytes = b.p;

	if (b.size && (bytes[0] != (b.size & 0xff) || bytes[b.size - 1] != (b.size & 0xff)))
		abort();
}

static struct block resize(struct counts *c, struct block b, size_t size)
{
	struct block now;
	void *p;

	check(b);
	p = do_realloc(b.p, size);

	if (!p && size)
		return b; /* over PTRDIFF_MAX: nobody takes it for an allocation */
	if (b.p)
		count_free(c, b.size);
	if (p)
		count_alloc(c, size);
	c->emptied += b.p && p && !size;
	now = (struct block){p, p ? size : 0};
	fill(now);
	return now;
}

static struct block allocate(struct counts *c, uint64_t r)
{
	size_t size = r >> 8 & 511, align = 16ul << (r >> 20 & 7);
	void *p = NULL;

	switch (r % 10) {
	case 0:
	case 1:
		p = do_malloc(size);
		break;
	case 2:
		size = 3 * size;
		p = do_calloc(3, size / 3);
		break;
	case 3:
		if (do_calloc(SIZE_MAX / 2, 4)) /* the product has no room in a word */
			abort();
		return (struct block){0};
	case 4:
		return resize(c, (struct block){0}, size);
	case 5:
		p = do_memalign(align, size);
		break;
	case 6:
		size = (size | 1) * align;
		p = do_aligned_alloc(align, size);
		break;
	case 7:
		if (do_posix_memalign(&p, align, size))
			abort();
		break;
	case 8:
		if (do_posix_memalign(&p, 24, size) != EINVAL) /* no power of two */
			abort();
		refuse(c, size);
		return (struct block){0};
	default:
		if (do_malloc(SIZE_MAX - size))
			abort();
		return (struct block){0};
	}
	if (!p)
		abort();
	count_alloc(c, size);
	fill((struct block){p, size});
	return (struct block){p, size};
}

static void release(struct counts *c, struct block b)
{
	check(b);
	do_free(b.p);
	if (b.p)
		count_free(c, b.size);
}

static void *work(void *arg)
{
	struct counts *c = arg;
	uint64_t state = 88172645463325252ull + (uint64_t)(c - counts) * 7919;

	pthread_barrier_wait(&begin);
	for (int i = 0; i < rounds; i++) {
		uint64_t r = next_random(&state), where = next_random(&state);
		struct block b = swap_slot(where, allocate(c, r));

		switch (where >> 32 & 7) {
		case 0:
			b = resize(c, b, r >> 40 & 4095); /* grows, shrinks, in place or not */
			break;
		case 1:
			if (b.p)
				b = resize(c, b, 0);
			break;
		case 2:
			if (b.p)
				b = resize(c, b, SIZE_MAX - 4096);
			break;
		}
		release(c, b);
	}
	pthread_barrier_wait(&end);
	return NULL;
}

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		abort();
}

static void wait_for_line(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0;
	struct counts sum = {0};
	unsigned long live = 0, live_bytes = 0;
	pthread_t threads[THREADS_MAX];
	char text[512];

	if (n < 1 || n > THREADS_MAX) {
		fprintf(stderr, "usage: matrix THREADS ROUNDS\n");
		return 2;
	}
	rounds = atoi(argv[2]);
	pthread_barrier_init(&begin, NULL, (unsigned int)n + 1);
	pthread_barrier_init(&end, NULL, (unsigned int)n + 1);
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, work, &counts[i]);
	say("ready\n");
	wait_for_line();
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);
	for (int i = 0; i < n; i++) {
		sum.allocs += counts[i].allocs;
		sum.bytes += counts[i].bytes;
		sum.frees += counts[i].frees;
		sum.freed_bytes += counts[i].freed_bytes;
		sum.refused += counts[i].refused;
		sum.refused_bytes += counts[i].refused_bytes;
		sum.emptied += counts[i].emptied;
	}
	for (int i = 0; i < SLOTS; i++) {
		live += slots[i].p != NULL;
		live_bytes += slots[i].size;
	}
	snprintf(text, sizeof(text),
		 "{\"allocs\": %lu, \"bytes\": %lu, \"frees\": %lu, \"freed_bytes\": %lu, "
		 "\"refused\": %lu, \"refused_bytes\": %lu, \"emptied\": %lu, \"live\": %lu, "
		 "\"live_bytes\": %lu}\n",
		 sum.allocs, sum.bytes, sum.frees, sum.freed_bytes, sum.refused, sum.refused_bytes,
		 sum.emptied, live, live_bytes);
	say(text);
	wait_for_line();
	return 0;
}
