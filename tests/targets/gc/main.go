// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A program that collects in a known way and keeps the runtime's own books:
//
//	gc heap N	allocate until N cycles were started by the heap, with assists
//	gc forced N	call runtime.GC() N times
//	gc timer N	do nothing, until the runtime's timer has started N cycles
//	gc alternate N	two allocators take turns, one GC cycle each
//	gc many N	the same types from 256 places, N times, one GC cycle each
//
// It says "ready" and waits for a byte, does it, prints its books as JSON, says
// "ready" and waits for another.
//
//	gc serve N	N goroutines do what a server does, until end of input; answers
//			each byte with the requests served so far
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type books struct {
	NumGC       uint32   `json:"num_gc"`
	Forced      uint32   `json:"forced"`
	TotalAlloc  uint64   `json:"total_alloc"`
	PauseNs     []uint64 `json:"pause_ns"` // of the last cycles, oldest first; at most 256
	Work        uint64   `json:"work"`
	ElapsedNs   int64    `json:"elapsed_ns"`
	HeapGoal    uint64   `json:"next_gc"` // of the last cycle
	AllocatedBy [2]int   `json:"allocated_by"`
}

type node struct {
	left, right *node
	payload     [6]uint64
}

var (
	live  *node
	sinks [16]*node
	chunk [2][]byte
	work  uint64
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gc heap|forced|timer|alternate|many|serve N")
		os.Exit(2)
	}
	n, _ := strconv.Atoi(os.Args[2])
	prepare(os.Args[1])
	if os.Args[1] == "serve" {
		serve(n)
		return
	}
	waitForByte()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	b := run(os.Args[1], n, before.NumGC)
	b.ElapsedNs = time.Since(start).Nanoseconds()
	runtime.ReadMemStats(&after)
	b.NumGC = after.NumGC - before.NumGC
	b.Forced = after.NumForcedGC - before.NumForcedGC
	b.TotalAlloc = after.TotalAlloc - before.TotalAlloc
	b.HeapGoal = after.NextGC
	b.Work = atomic.LoadUint64(&work)
	for i := uint32(0); i < b.NumGC && i < 256; i++ {
		cycle := after.NumGC - b.NumGC + i
		if b.NumGC > 256 {
			cycle = after.NumGC - 256 + i
		}
		b.PauseNs = append(b.PauseNs, after.PauseNs[cycle%256])
	}
	json.NewEncoder(os.Stdout).Encode(b)
	waitForByte()
}

func prepare(mode string) {
	switch mode {
	case "heap", "serve":
		live = tree(17)
	case "alternate":
		debug.SetGCPercent(-1)
	}
	runtime.GC()
}

func run(mode string, n int, cycles uint32) (b books) {
	switch mode {
	case "heap":
		churn(func() bool { return numGC()-cycles >= uint32(n) })
		runtime.GC() // so that none is under way when the books are read
	case "forced":
		for i := 0; i < n; i++ {
			sinks[0] = &node{}
			callGC()
		}
	case "timer":
		for numGC()-cycles < uint32(n) {
			time.Sleep(10 * time.Millisecond)
		}
	case "alternate":
		for i := 0; i < n; i++ {
			for k := 0; k < 64; k++ {
				if i%2 == 0 {
					first()
				} else {
					second()
				}
				b.AllocatedBy[i%2] += 64 << 10
			}
			callGC()
		}
	case "many":
		for i := 0; i < n; i++ {
			for depth := 0; depth < 32; depth++ {
				descend(depth)
			}
			callGC()
		}
	}
	return b
}

type (
	node1 struct{ a [1]*node }
	node2 struct{ a [2]*node }
	node3 struct{ a [3]*node }
	node4 struct{ a [4]*node }
)

var nodes struct {
	a *node1
	b *node2
	c *node3
	d *node4
	e *[5]int
	f *[6]*int
	g *node
	h []string
}

// descend allocates objects of 8 types, each with a stack of its own for every depth.
//
//go:noinline
func descend(depth int) {
	if depth > 0 {
		descend(depth - 1)
		return
	}
	nodes.a, nodes.b, nodes.c, nodes.d = new(node1), new(node2), new(node3), new(node4)
	nodes.e, nodes.f, nodes.g = new([5]int), new([6]*int), new(node)
	nodes.h = make([]string, 3)
}

// The number of cycles ended, without stopping the world as ReadMemStats does.
func numGC() uint32 {
	var s debug.GCStats
	debug.ReadGCStats(&s)
	return uint32(s.NumGC)
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

// churn allocates on several goroutines until one of them, which looks at times, finds
// that it is done.
func churn(done func() bool) {
	var stop uint32
	var wg sync.WaitGroup
	for w := 0; w < 4; w++ {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			for atomic.LoadUint32(&stop) == 0 {
				for i := 0; i < 1000; i++ {
					allocate(w)
				}
				atomic.AddUint64(&work, 1000)
				if w == 0 && done() {
					atomic.StoreUint32(&stop, 1)
				}
			}
		}(w)
	}
	wg.Wait()
}

//go:noinline
func allocate(w int) {
	sinks[w] = &node{left: sinks[w+4]}
	if sinks[w].payload[0]++; sinks[w].payload[0]%16 == 0 {
		sinks[w+4] = sinks[w]
	}
}

type order struct {
	ID    int            `json:"id"`
	User  string         `json:"user"`
	Items []item         `json:"items"`
	Tags  map[string]int `json:"tags"`
}

type item struct {
	Name  string  `json:"name"`
	Price float64 `json:"price"`
	Count int     `json:"count"`
}

// serve takes orders as JSON and answers with JSON, as fast as it can.
func serve(n int) {
	request, _ := json.Marshal(order{ID: 7, User: "gopher", Tags: map[string]int{"a": 1, "b": 2},
		Items: []item{{"nut", 0.1, 5}, {"bolt", 0.2, 7}, {"washer", 0.05, 12}}})
	for i := 0; i < n; i++ {
		go func() {
			for {
				var o order
				if json.Unmarshal(request, &o) != nil {
					os.Exit(4)
				}
				o.Items = append(o.Items, item{"screw", 0.3, 1})
				if reply, err := json.Marshal(o); err != nil || len(reply) < len(request) {
					os.Exit(4)
				}
				atomic.AddUint64(&work, 1)
			}
		}()
	}
	os.Stdout.WriteString("ready\n")
	var b [1]byte
	for {
		if k, _ := os.Stdin.Read(b[:]); k != 1 {
			return
		}
		fmt.Printf("%d %d\n", atomic.LoadUint64(&work), time.Now().UnixNano())
	}
}

//go:noinline
func callGC() {
	runtime.GC()
}

//go:noinline
func first() {
	chunk[0] = make([]byte, 64<<10)
}

//go:noinline
func second() {
	chunk[1] = make([]byte, 64<<10)
}

func waitForByte() {
	var b [1]byte
	os.Stdout.WriteString("ready\n")
	if n, _ := os.Stdin.Read(b[:]); n != 1 {
		os.Exit(3)
	}
}
