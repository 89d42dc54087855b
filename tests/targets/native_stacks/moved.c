/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A page of the stack that cannot be read for a moment, as one that the kernel moves:
 * one allocation is made then, and then as many as are asked for, by the same callers.
 *
 *	moved N
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096

__attribute__((noinline)) static void allocate(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile block = malloc(32);

		free(block);
	}
}

__attribute__((noinline)) static int work(int n)
{
	/* Callers' frames alone lie there: what is called from here lies below. */
	char *page = (char *)(((uintptr_t)__builtin_frame_address(0) + 1024 + PAGE) & -PAGE);

	if (mprotect(page, PAGE, PROT_NONE))
		return 1;
	allocate(1);
	if (mprotect(page, PAGE, PROT_READ | PROT_WRITE))
		return 1;
	allocate(n);
	return 0;
}

__attribute__((noinline)) static int down(int level, int n)
{
	volatile char frame[64];
	int result;

	frame[level % 64] = 1;
	result = level ? down(level - 1, n) : work(n);
	return frame[level % 64] ? result : 1;
}

int main(int argc, char **argv)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (argc != 2 || sched_setaffinity(0, sizeof(one), &one))
		return 2;
	for (int levels = 60; levels <= 100; levels += 4) {
		if (down(levels, atoi(argv[1])))
			return 1;
	}
	return 0;
}
