// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

//go:build !cgo

package main

func foreign(n int) int { return n }
