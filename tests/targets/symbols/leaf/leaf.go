// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Package leaf holds small functions that are inlined into another package.
package leaf

func Add[T ~int | ~int64 | ~float64](a, b T) T { return a + b }

func Bytes(n int) []byte { return grow(n * 2) }

func grow(n int) []byte { return make([]byte, n, n+16) }
