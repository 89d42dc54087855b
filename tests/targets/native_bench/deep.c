// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * For each number it is sent: allocates that often, 20 frames deep without a
 * frame pointer in any, and says how many ns one took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEPTH 18 /* and main and its caller */

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static __attribute__((noinline)) double allocate(long n)
{
	double start = now_ns();

	for (long i = 0; i < n; i++) {
		void *p = malloc(64);

		/* Else the compiler sees that nobody needs it. */
		__asm__ volatile("" : "+r"(p) : : "memory");
		free(p);
	}
	return (now_ns() - start) / (double)n;
}

static __attribute__((noinline)) double descend(int depth, long n)
{
	volatile char frame[48];
	double ns;

	frame[depth] = 0;
	ns = depth ? descend(depth - 1, n) : allocate(n);
	return ns + frame[depth];
}

int main(void)
{
	long n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (scanf("%ld", &n) == 1)
		printf("%.2f\n", descend(DEPTH - 2, n));
	return 0;
}
