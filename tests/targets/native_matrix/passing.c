/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * To be preloaded: an allocator that passes calls on to libc's, through pointers.
 *
 *	-DJUMPS		by jumps; nothing is left to do but to go on
 *	-DWORKS		by calls, some of them from functions between; work follows. What
 *			is 40 bytes long comes from a pool of its own, and never gets there.
 *	neither		exports nothing
 *
 * A table of its own comes from libc's malloc, by nobody's malloc but that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define TABLE     4321
#define POOLED    40
#define POOL_SIZE (8 << 20)

static void *(*real_malloc)(size_t);
void *passing_table, *passing_pages;

#if defined(JUMPS) || defined(WORKS)
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_memalign)(size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void (*real_free)(void *);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
#endif

static void find(void)
{
	real_malloc = dlsym(RTLD_NEXT, "malloc");
#if defined(JUMPS) || defined(WORKS)
	real_calloc = dlsym(RTLD_NEXT, "calloc");
	real_realloc = dlsym(RTLD_NEXT, "realloc");
	real_memalign = dlsym(RTLD_NEXT, "memalign");
	real_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
	real_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	real_free = dlsym(RTLD_NEXT, "free");
	real_mmap = dlsym(RTLD_NEXT, "mmap");
#endif
}

__attribute__((constructor)) static void begin(void)
{
	find();
	passing_table = real_malloc(TABLE);
	for (int i = 0; i < 3; i++)
		passing_pages = mmap(NULL, TABLE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#if defined(JUMPS) || defined(WORKS)
/* Others' constructors run first. */
#define NEED(real)   \
	if (!(real)) \
	find()
#endif

#ifdef JUMPS
void *malloc(size_t size)
{
	NEED(real_malloc);
	return real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	NEED(real_calloc);
	return real_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	NEED(real_realloc);
	return real_realloc(p, size);
}

void *memalign(size_t align, size_t size)
{
	return real_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return real_aligned_alloc(align, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	return real_posix_memalign(p, align, size);
}

void free(void *p)
{
	NEED(real_free);
	real_free(p);
}

void *mmap(void *at, size_t size, int rights, int flags, int fd, off_t offset)
{
	NEED(real_mmap);
	return real_mmap(at, size, rights, flags, fd, offset);
}
#endif

#ifdef WORKS
static unsigned long calls;
static char pool[POOL_SIZE];
static size_t pool_used;

static void count(void)
{
	__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
}

static int is_pooled(const void *p)
{
	return (const char *)p >= pool && (const char *)p < pool + POOL_SIZE;
}

static void *from_pool(void)
{
	size_t at = __atomic_fetch_add(&pool_used, 48, __ATOMIC_RELAXED);

	return at <= POOL_SIZE - 48 ? pool + at : NULL;
}

void *malloc(size_t size)
{
	void *p = size == POOLED ? from_pool() : NULL;

	NEED(real_malloc);
	if (!p)
		p = real_malloc(size);
	count();
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p;

	NEED(real_calloc);
	p = real_calloc(n, size);
	count();
	return p;
}

static __attribute__((noinline)) void *resize(void *p, size_t size)
{
	void *moved;

	if (!is_pooled(p)) {
		moved = real_realloc(p, size);
	} else {
		moved = size ? real_malloc(size) : NULL;
		if (moved)
			memcpy(moved, p, size < POOLED ? size : POOLED);
	}
	count();
	return moved;
}

void *realloc(void *p, size_t size)
{
	void *moved;

	NEED(real_realloc);
	moved = resize(p, size);
	count();
	return moved;
}

static __attribute__((noinline)) void *aligned(size_t align, size_t size)
{
	return real_memalign(align, size);
}

void *memalign(size_t align, size_t size)
{
	void *p = aligned(align, size);

	count();
	return p;
}

void *aligned_alloc(size_t align, size_t size)
{
	void *p = aligned(align, size);

	count();
	return p;
}

int posix_memalign(void **p, size_t align, size_t size)
{
	int err = real_posix_memalign(p, align, size);

	count();
	return err;
}

void free(void *p)
{
	NEED(real_free);
	if (!is_pooled(p))
		real_free(p);
	count();
}

void *mmap(void *at, size_t size, int rights, int flags, int fd, off_t offset)
{
	void *p;

	NEED(real_mmap);
	p = real_mmap(at, size, rights, flags, fd, offset);
	count();
	return p;
}
#endif
