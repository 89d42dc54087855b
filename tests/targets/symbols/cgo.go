// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

//go:build cgo

package main

/*
static int fibonacci(int n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
*/
import "C"

func foreign(n int) int { return int(C.fibonacci(C.int(n))) }
