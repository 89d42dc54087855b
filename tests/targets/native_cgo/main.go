// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Go calls C, which calls Go, which calls C: and C allocates.
//
//	native_cgo	prints "ready"; for each line it is sent, allocates some levels
//			down in C, directly and through a callback, and prints for each of
//			the two its size and what backtrace() says of C's frames, leaf first
package main

// #cgo CFLAGS: -O2 -fomit-frame-pointer
// #include <execinfo.h>
// #include <stdio.h>
// #include <stdlib.h>
//
// void goBack(int);
//
// static __attribute__((noinline)) void allocate(size_t size)
// {
// 	void *frames[64];
// 	int n = backtrace(frames, 64);
// 	void *p = malloc(size);
//
// 	__asm__ volatile("" : "+r"(p) : : "memory");
// 	free(p);
// 	printf("%zu", size);
// 	for (int i = 0; i < n; i++)
// 		printf(" %lx", (unsigned long)frames[i]);
// 	putchar('\n');
// 	fflush(stdout);
// }
//
// static __attribute__((noinline)) void descend(int depth, size_t size, int back)
// {
// 	volatile char frame[40];
//
// 	frame[0] = (char)depth;
// 	if (depth)
// 		descend(depth - 1, size, back);
// 	else if (back)
// 		goBack((int)size);
// 	else
// 		allocate(size);
// 	frame[1] = frame[0];
// }
import "C"

import (
	"bufio"
	"fmt"
	"os"
)

const levels = 12

//go:noinline
func intoC(size int, back C.int) {
	C.descend(levels, C.size_t(size), back)
}

//export goBack
func goBack(size C.int) {
	inCallback(int(size))
}

//go:noinline
func inCallback(size int) {
	intoC(size, 0)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	// As a library that C's backtrace() loads would be, before anybody looks.
	C.descend(0, 1, 0)
	fmt.Println("ready")
	for lines.Scan() {
		intoC(1000003, 0)
		intoC(1000033, 1)
	}
}
