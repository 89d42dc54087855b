// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Go calls C calls Go: what a stack looks like across that boundary.
//
//	cgo	prints "ready", waits for a byte, makes C call back callbacks times,
//		prints how often that was, waits for another byte, exits
package main

// typedef void (*callback)(void *, int);
// void goCallback(void *, int);
// static void callsBack(int n)
// {
// 	for (int i = 0; i < n; i++)
// 		goCallback(0, i);
// }
import "C"

import (
	"strconv"
	"syscall"
	"unsafe"
)

const callbacks = 1000

type payload struct {
	next *payload
	data [56]byte
}

var kept *payload

//export goCallback
func goCallback(_ unsafe.Pointer, i C.int) {
	allocateInCallback(int(i))
}

//go:noinline
func allocateInCallback(i int) {
	kept = &payload{}
	kept.data[0] = byte(i)
}

//go:noinline
func intoC() {
	C.callsBack(callbacks)
}

func main() {
	say("ready")
	intoC()
	say(strconv.Itoa(callbacks))
}

func say(text string) {
	var b [1]byte
	syscall.Write(1, []byte(text+"\n"))
	syscall.Read(0, b[:])
}
