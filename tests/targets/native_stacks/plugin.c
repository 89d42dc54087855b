// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A library that stacks.c loads while it is tapped. */
#include "stacks.h"

__attribute__((noinline)) static void go_down(int depth, int rest, void (*on)(int))
{
	volatile char frame[40];

	frame[0] = (char)depth;
	if (depth)
		go_down(depth - 1, rest, on);
	else
		on(rest);
	frame[1] = frame[0];
}

void plugin_descend(int depth, void (*on)(int rest))
{
	go_down(depth / 2, depth - depth / 2, on);
}
