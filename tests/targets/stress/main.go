// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A Go program in a bad place: eight goroutines on two threads allocate, grow
// their stacks and insert into maps while the GC runs all the time, and every
// round checks its own sums. A tracer that bends a register, a return address or
// an instruction shows up as a crash or as "bad".
//
//	stress	answers each byte on stdin with one line
//			{"ops":N,"bad":N,"gcs":N}
//		and at end of input stops, prints the last one and exits 0, or 1 if bad
package main

import (
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
)

const workers = 8

var ops, bad, stop, stopped uint64

func main() {
	runtime.GOMAXPROCS(2)
	for w := uint64(1); w <= workers; w++ {
		go worker(w)
	}
	go func() {
		for atomic.LoadUint64(&stop) == 0 {
			runtime.GC()
		}
	}()
	var request [1]byte
	for {
		n, err := syscall.Read(0, request[:])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			break
		}
		answer()
	}
	atomic.StoreUint64(&stop, 1)
	for atomic.LoadUint64(&stopped) < workers {
		runtime.Gosched()
	}
	answer()
	if atomic.LoadUint64(&bad) != 0 {
		syscall.Exit(1)
	}
}

func answer() {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	buf := append([]byte(nil), `{"ops":`...)
	buf = strconv.AppendUint(buf, atomic.LoadUint64(&ops), 10)
	buf = append(buf, `,"bad":`...)
	buf = strconv.AppendUint(buf, atomic.LoadUint64(&bad), 10)
	buf = append(buf, `,"gcs":`...)
	buf = strconv.AppendUint(buf, uint64(stats.NumGC), 10)
	buf = append(buf, "}\n"...)
	syscall.Write(1, buf)
}

func worker(seed uint64) {
	for round := seed; atomic.LoadUint64(&stop) == 0; round += workers {
		// A new goroutine each round: its small stack has to grow.
		sum := make(chan uint64)
		go func() { sum <- treeSum(grow(round, 12, 0)) + mapSum(round) }()
		if <-sum != expectedTree(round, 12)+expectedMap(round) {
			atomic.AddUint64(&bad, 1)
		}
		atomic.AddUint64(&ops, 1)
	}
	atomic.AddUint64(&stopped, 1)
}

type tree struct {
	left, right *tree
	value       uint64
	text        string
}

// grow builds a lopsided tree on a stack that gets deep: the frame is large.
//
//go:noinline
func grow(value uint64, depth int, pad uint64) *tree {
	var frame [64]uint64
	frame[depth] = value
	t := &tree{value: mix(value), text: strconv.FormatUint(value, 10)}
	if depth > 0 {
		t.left = grow(value+1, depth-1, frame[depth/2])
	}
	if depth > 3 {
		t.right = grow(value+2, depth-4, frame[depth/3])
	}
	if frame[depth] != value {
		atomic.AddUint64(&bad, 1)
	}
	return t
}

func treeSum(t *tree) uint64 {
	if t == nil {
		return 0
	}
	return t.value + uint64(len(t.text)) + treeSum(t.left) + treeSum(t.right)
}

// expectedTree is treeSum(grow(value, depth)) without a heap.
func expectedTree(value uint64, depth int) uint64 {
	sum := mix(value) + digits(value)
	if depth > 0 {
		sum += expectedTree(value+1, depth-1)
	}
	if depth > 3 {
		sum += expectedTree(value+2, depth-4)
	}
	return sum
}

//go:noinline
func mapSum(seed uint64) uint64 {
	m := make(map[uint64][]byte)
	for i := uint64(0); i < 200; i++ {
		key := mix(seed+i) % 128
		m[key] = append(m[key], byte(i))
	}
	sum := uint64(0)
	for _, bytes := range m {
		for _, b := range bytes {
			sum += uint64(b) + 1
		}
	}
	return sum
}

func expectedMap(seed uint64) uint64 {
	sum := uint64(0)
	for i := uint64(0); i < 200; i++ {
		sum += i + 1
	}
	return sum
}

func digits(n uint64) uint64 {
	count := uint64(1)
	for ; n >= 10; n /= 10 {
		count++
	}
	return count
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
