// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// What make bench traces.
//
//	bench deep	answers each line "N\n" on stdin with the nanoseconds one of N
//			allocations of 64 bytes took, 16 frames deep
//	bench stacks	answers each line with "done" after allocating once from each
//			of 20000 distinct stacks
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
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, _ := strconv.Atoi(strings.TrimSpace(lines.Text()))
		switch mode {
		case "deep":
			start := time.Now()
			// runtime.mallocgc and newobject, 11 of descend, main and the
			// runtime's two below it: 16 frames.
			descend(10, n)
			fmt.Printf("%.1f\n", float64(time.Since(start).Nanoseconds())/float64(n))
		case "stacks":
			for path := 0; path < distinctStacks; path++ {
				branch(path, branchLevels)
			}
			fmt.Println("done")
		}
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

const (
	distinctStacks = 20000
	branchLevels   = 15 // 2^15 > distinctStacks
)

// branch turns the bits of path into calls from one line or another.
//
//go:noinline
func branch(path, level int) int {
	if level == 0 {
		sink = new(object)
		return 0
	}
	if path&1 == 0 {
		return branch(path>>1, level-1) + 1
	}
	return branch(path>>1, level-1) + 2
}
