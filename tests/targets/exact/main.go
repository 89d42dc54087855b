// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// The exactness oracle: a program that allocates in every way Go has and then
// says, from the runtime's own books, how much that was.
//
//	exact launch  [WORD...]	work, print what MemStats says since the process began, exit
//	exact bracket [WORD...]	wait for a byte, work, print the MemStats difference,
//				wait for a byte, exit
//	exact profile		the same, single-threaded, and prints the heap profile
//				at MemProfileRate=1 instead
//
// A tracer attaches before the first instruction (launch) or while the program
// waits for its first byte, and stops at its end or before the second byte.
// Between the reading of MemStats and that moment nothing may allocate: the
// result is formatted into a static buffer and written with a bare syscall, and
// the runtime is kept from running anything else, see closeBooks.
//
// The word "notiny" leaves out objects below 16 bytes without pointers. The runtime packs
// those into shared 16-byte blocks; whether one opens a new block is decided
// after the point a probe sits on, see tests/e2e/test_exact.py.
//
// The word "small": a twelfth of the work, for emulated machines.
//
// The word "slow": it lives a second longer, in which it does nothing.
//
// GC runs as GOGC says; the tests set GOGC=20.
package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"unsafe"
)

const workers = 8

var (
	tiny   = true // false with "notiny"
	rounds = 12   // 1 with "small"
)

var (
	pause         = syscall.Timespec{Sec: 1, Nsec: 200_000_000}
	before, after runtime.MemStats
	line          [16 << 10]byte
	oneByte       [1]byte
	joined        sync.WaitGroup // global: on the heap it would be a tiny object
)

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	for _, arg := range os.Args[1:] {
		switch arg {
		case "notiny":
			tiny = false
		case "small":
			rounds = 1
		case "slow":
			syscall.Nanosleep(&pause, nil)
		}
	}
	runtime.GOMAXPROCS(2)
	switch mode {
	case "launch":
		spareThreads()
		work()
		closeBooks()
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	case "bracket":
		spareThreads()
		waitForByte()
		runtime.ReadMemStats(&before)
		work()
		closeBooks()
		rawWrite(readyLine)
		syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&oneByte[0])), 1)
		syscall.Exit(0)
	case "profile":
		// One P, one tiny block: a goroutine that is put aside finds it again.
		runtime.GOMAXPROCS(1)
		spareThreads()
		profileMode()
	default:
		println("usage: exact launch|bracket|profile [notiny]")
		os.Exit(2)
	}
}

// work runs all kinds of allocation on all workers at once and joins them.
func work() {
	for w := 0; w < workers; w++ {
		joined.Add(1)
		go func(w int) {
			defer joined.Done()
			for round := 0; round < rounds; round++ {
				allKinds(w, round)
			}
		}(w)
	}
	joined.Wait()
	runtime.GC()
}

// spareThreads makes the runtime start more threads than it will need, so that
// it never has to start (and allocate) one after MemStats was read.
func spareThreads() {
	var wg, running sync.WaitGroup
	release := make(chan struct{})
	for i := 0; i < 2*workers; i++ {
		wg.Add(1)
		running.Add(1)
		go func() {
			runtime.LockOSThread()
			running.Done()
			<-release
			runtime.UnlockOSThread()
			wg.Done()
		}()
	}
	running.Wait()
	close(release)
	wg.Wait()
	runtime.GC()
}

// waitForByte says that it waits, and does so outside the scheduler's sight.
func waitForByte() {
	syscall.Write(1, readyLine)
	if n, _ := syscall.Read(0, oneByte[:]); n != 1 {
		syscall.Exit(3)
	}
}

var readyLine = []byte("ready\n")

// closeBooks reads MemStats and prints the result. From then on the runtime must not
// allocate either, which it does when it moves a timer of its own (the scavenger has
// one, and runs after a GC): so there is one P left, and the caller keeps it for good.
// Raw system calls do not hand it over.
func closeBooks() {
	runtime.GOMAXPROCS(1)
	runtime.ReadMemStats(&after)
	buf := line[:0]
	buf = append(buf, `{"mallocs":`...)
	buf = strconv.AppendUint(buf, after.Mallocs-before.Mallocs, 10)
	buf = append(buf, `,"total_alloc":`...)
	buf = strconv.AppendUint(buf, after.TotalAlloc-before.TotalAlloc, 10)
	buf = append(buf, `,"num_gc":`...)
	buf = strconv.AppendUint(buf, uint64(after.NumGC-before.NumGC), 10)
	buf = append(buf, `,"checksum":`...)
	buf = strconv.AppendUint(buf, checksum, 10)
	buf = append(buf, `,"sized":{"objects":`...)
	buf = strconv.AppendUint(buf, sizedObjects, 10)
	buf = append(buf, `,"requested":`...)
	buf = strconv.AppendUint(buf, sizedRequested, 10)
	buf = append(buf, `},"inserts":{`...)
	for i := range insertKinds {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, '"')
		buf = append(buf, insertKinds[i].function...)
		buf = append(buf, `":`...)
		buf = strconv.AppendUint(buf, insertKinds[i].done, 10)
	}
	rawWrite(append(buf, "}}\n"...))
}

func rawWrite(text []byte) {
	syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
}
