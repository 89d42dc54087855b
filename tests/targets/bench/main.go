// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// What make bench traces: answers each line "N\n" on stdin with the nanoseconds one
// of N allocations of 64 bytes took, 16 frames deep.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

type object struct {
	data [64]byte
}

var sink *object

func main() {
	runtime.GOMAXPROCS(1)
	// What is measured is the allocation; the GC would only add noise.
	debug.SetGCPercent(400)
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, _ := strconv.Atoi(strings.TrimSpace(lines.Text()))
		start := time.Now()
		// runtime.mallocgc and newobject, 11 of descend, main and the runtime's two
		// below it: 16 frames.
		descend(10, n)
		fmt.Printf("%.1f\n", float64(time.Since(start).Nanoseconds())/float64(n))
	}
}

//go:noinline
func descend(depth, n int) int {
	if depth > 0 {
		return descend(depth-1, n) + 1
	}
	for i := 0; i < n; i++ {
		sink = new(object)
	}
	return n
}
