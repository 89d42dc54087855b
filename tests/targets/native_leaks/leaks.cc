// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Loses memory on purpose, in known numbers (primes, so that no sum of some looks
 * like another), among ten times as much that it gives back. Says "ready" and
 * loses a round of it for each line it is sent; then frees what is only cached.
 */
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#define NOINLINE __attribute__((noinline))

/* Volatile itself: else the compiler sees that nobody wants the blocks. */
static void *volatile sink;

NOINLINE void leak_malloc(void)
{
	for (int i = 0; i < 101; i++)
		sink = malloc(211);
}

NOINLINE void leak_calloc(void)
{
	for (int i = 0; i < 103; i++)
		sink = calloc(7, 31);
}

/* Each chain ends with one block of the last size. */
NOINLINE void leak_realloc(void)
{
	for (int i = 0; i < 53; i++) {
		void *p = nullptr;

		for (size_t size = 13; size < 5000; size *= 3)
			p = realloc(p, size);
		sink = realloc(p, 4999);
	}
}

NOINLINE void leak_aligned(void)
{
	for (int i = 0; i < 47; i++) {
		void *p;

		if (posix_memalign(&p, 64, 83) == 0)
			sink = p;
		sink = aligned_alloc(128, 256);
	}
}

NOINLINE void leak_new_array(void)
{
	for (int i = 0; i < 61; i++)
		sink = new char[307];
}

struct Node {
	Node *next;
	char text[43];
};

NOINLINE void leak_list(void)
{
	Node *head = nullptr;

	for (int i = 0; i < 59; i++)
		head = new Node{head, {}};
	sink = head;
}

NOINLINE void leak_in_thread(void)
{
	for (int i = 0; i < 67; i++)
		sink = malloc(401);
}

NOINLINE void leak_in_threads(void)
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 3; i++)
		threads.emplace_back(leak_in_thread);
	for (std::thread &t : threads)
		t.join();
}

NOINLINE void no_leak(void)
{
	std::vector<void *> blocks;

	for (int i = 0; i < 5000; i++)
		blocks.push_back(malloc(static_cast<size_t>(i % 700) + 1));
	for (void *p : blocks)
		free(p);
	for (int i = 0; i < 1000; i++) {
		void *p = realloc(malloc(100), static_cast<size_t>(i) + 1);

		/* Fails, and leaves the old block. */
		void *q = realloc(p, static_cast<size_t>(-1) / 2);

		free(q ? q : p);
		delete[] new int[17];
	}
}

/* Made in one thread, given back by another. */
NOINLINE void no_leak_across_threads(void)
{
	std::vector<void *> blocks;

	std::thread maker([&] {
		for (int i = 0; i < 3000; i++)
			blocks.push_back(malloc(71));
	});
	maker.join();
	std::thread freer([&] {
		for (void *p : blocks)
			free(p);
	});
	freer.join();
}

int main()
{
	char line[16];

	setvbuf(stdout, nullptr, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		leak_malloc();
		leak_calloc();
		leak_realloc();
		leak_aligned();
		leak_new_array();
		leak_list();
		leak_in_threads();
		no_leak();
		no_leak_across_threads();
		puts("round");
	}
	return 0;
}
