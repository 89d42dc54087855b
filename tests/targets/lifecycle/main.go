// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A process that comes and goes in the ways processes do. All of its own
// allocations are main.allocate's: one object of 64 bytes each.
//
//	lifecycle exit CODE		1000 objects, then exits with CODE
//	lifecycle signal NUMBER		1000 objects, then dies of that signal
//	lifecycle exec PROGRAM ARG...	1000 objects, then becomes PROGRAM
//	lifecycle threads N		says "ready", waits for a byte, then starts N
//					threads of 1000 objects each, says "done",
//					waits for a byte, exits 0
//	lifecycle loop			one object every 100 us until killed
package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const objects = 1000

type object struct {
	next *object
	data [56]byte
}

var sinks [64]*object

//go:noinline
func allocate(slot, n int) {
	for i := 0; i < n; i++ {
		sinks[slot] = new(object)
	}
}

func number(i int) int {
	if len(os.Args) <= i {
		usage()
	}
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		usage()
	}
	return n
}

func usage() {
	println("usage: lifecycle exit CODE|signal NUMBER|exec PROGRAM ARG...|threads N|loop")
	os.Exit(2)
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	switch os.Args[1] {
	case "exit":
		allocate(0, objects)
		os.Exit(number(2))
	case "signal":
		allocate(0, objects)
		syscall.Kill(os.Getpid(), syscall.Signal(number(2)))
		select {}
	case "exec":
		if len(os.Args) < 3 {
			usage()
		}
		allocate(0, objects)
		println("exec failed:", syscall.Exec(os.Args[2], os.Args[2:], os.Environ()).Error())
		os.Exit(1)
	case "threads":
		threads(number(2))
	case "loop":
		for {
			allocate(0, 1)
			time.Sleep(100 * time.Microsecond)
		}
	default:
		usage()
	}
}

func threads(n int) {
	say("ready")
	var done sync.WaitGroup
	for i := 0; i < n; i++ {
		done.Add(1)
		go func(slot int) {
			// For good: each is a thread of its own, and stays.
			runtime.LockOSThread()
			allocate(slot, objects)
			done.Done()
			select {}
		}(i)
	}
	done.Wait()
	say("done")
}

func say(text string) {
	var b [1]byte
	os.Stdout.WriteString(text + "\n")
	os.Stdin.Read(b[:])
}
