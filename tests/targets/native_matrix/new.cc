// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Calls operator new and delete in all their forms, from several threads that free each
 * other's blocks, and counts what it did by itself.
 *
 *	new THREADS ROUNDS
 *
 * Says "ready", waits for a line, works, prints its counts as JSON, waits for another
 * line. From "ready" on nothing but the counted calls allocates.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <pthread.h>
#include <unistd.h>

namespace
{

constexpr int THREADS_MAX = 64;
constexpr int SLOTS = 4096;
constexpr auto ALIGN = std::align_val_t(64);
constexpr auto NOTHROW = std::nothrow;

using allocate_fn = void *(*)(size_t);
using release_fn = void (*)(void *, size_t);

/* What was allocated by one way may be freed by any of the same row. */
struct form {
	allocate_fn allocate[2];
	release_fn release[3];
};

const form forms[] = {
	{{[](size_t n) { return operator new(n); },
	  [](size_t n) { return operator new(n, NOTHROW); }},
	 {[](void *p, size_t) { operator delete(p); },
	  [](void *p, size_t n) { operator delete(p, n); },
	  [](void *p, size_t) { operator delete(p, NOTHROW); }}},
	{{[](size_t n) { return operator new[](n); },
	  [](size_t n) { return operator new[](n, NOTHROW); }},
	 {[](void *p, size_t) { operator delete[](p); },
	  [](void *p, size_t n) { operator delete[](p, n); },
	  [](void *p, size_t) { operator delete[](p, NOTHROW); }}},
	{{[](size_t n) { return operator new(n, ALIGN); },
	  [](size_t n) { return operator new(n, ALIGN, NOTHROW); }},
	 {[](void *p, size_t) { operator delete(p, ALIGN); },
	  [](void *p, size_t n) { operator delete(p, n, ALIGN); },
	  [](void *p, size_t) { operator delete(p, ALIGN, NOTHROW); }}},
	{{[](size_t n) { return operator new[](n, ALIGN); },
	  [](size_t n) { return operator new[](n, ALIGN, NOTHROW); }},
	 {[](void *p, size_t) { operator delete[](p, ALIGN); },
	  [](void *p, size_t n) { operator delete[](p, n, ALIGN); },
	  [](void *p, size_t) { operator delete[](p, ALIGN, NOTHROW); }}},
};

struct block {
	void *p;
	size_t size;
	unsigned int form;
};

struct counts {
	unsigned long allocs, bytes, frees, freed_bytes;
};

block slots[SLOTS];
std::mutex lock;
pthread_barrier_t begin, end;
counts all[THREADS_MAX];
int rounds;

uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

block allocate(counts *c, uint64_t r)
{
	/* Small ones for the most part, some that an allocator gives pages of their own. */
	size_t size = r >> 8 & (r >> 40 & 63 ? 1023 : 0xfffff);
	block b = {nullptr, size, static_cast<unsigned int>(r & 3)};

	/* libstdc++ asks malloc for a byte where nobody wants any, and for whole alignments. */
	b.size = size = b.form < 2 ? size | 1 : ((size | 1) + 63) & ~63ul;
	b.p = forms[b.form].allocate[r >> 2 & 1](size);
	if (!b.p)
		abort();
	c->allocs++;
	c->bytes += size;
	*static_cast<volatile char *>(b.p) = 1;
	return b;
}

void release(counts *c, const block &b, uint64_t r)
{
	forms[b.form].release[r % 3](b.p, b.size);
	if (!b.p)
		return;
	c->frees++;
	c->freed_bytes += b.size;
}

void *work(void *arg)
{
	auto *c = static_cast<counts *>(arg);
	uint64_t state = 88172645463325252ull + static_cast<uint64_t>(c - all) * 7919;

	pthread_barrier_wait(&begin);
	for (int i = 0; i < rounds; i++) {
		uint64_t where = next_random(&state);
		block b = allocate(c, next_random(&state));

		lock.lock();
		std::swap(b, slots[where % SLOTS]);
		lock.unlock();
		release(c, b, where >> 32);
	}
	pthread_barrier_wait(&end);
	return nullptr;
}

void wait_for_line()
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}

} // namespace

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0;
	unsigned long live = 0, live_bytes = 0;
	pthread_t threads[THREADS_MAX];
	counts sum = {};

	if (n < 1 || n > THREADS_MAX)
		return 2;
	rounds = atoi(argv[2]);
	setvbuf(stdout, nullptr, _IONBF, 0);
	pthread_barrier_init(&begin, nullptr, static_cast<unsigned int>(n) + 1);
	pthread_barrier_init(&end, nullptr, static_cast<unsigned int>(n) + 1);
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], nullptr, work, &all[i]);
	puts("ready");
	wait_for_line();
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);
	for (int i = 0; i < n; i++) {
		sum.allocs += all[i].allocs;
		sum.bytes += all[i].bytes;
		sum.frees += all[i].frees;
		sum.freed_bytes += all[i].freed_bytes;
	}
	for (const block &b : slots) {
		live += b.p != nullptr;
		live_bytes += b.p ? b.size : 0;
	}
	printf("{\"allocs\": %lu, \"bytes\": %lu, \"frees\": %lu, \"freed_bytes\": %lu, "
	       "\"live\": %lu, \"live_bytes\": %lu}\n",
	       sum.allocs, sum.bytes, sum.frees, sum.freed_bytes, live, live_bytes);
	wait_for_line();
	return 0;
}
