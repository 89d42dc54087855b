// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Escapes puts single objects on the heap in all the ways there are, each in a
// function of its own, -n times. What it puts there in other ways must not be
// taken for such. It says how often each line did: a JSON object of line and count,
// found by the comments below, which name the objects that one call makes.
package main

import (
	_ "embed"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
)

//go:embed main.go
var source string

type node struct {
	left, right *node
	value       [3]int
}

type small struct {
	value int32
}

var (
	nodes     *node
	smalls    *small
	numbers   [3]*int
	function  func() int
	array     *[4]*int
	ints      []int
	bytes     []byte
	anything  any
	texts     []string
	entries   map[int]int
	character chan int
)

//go:noinline
func newNode() *node {
	return &node{} // heap: 1
}

//go:noinline
func newKeyword() *node {
	return new(node) // heap: 1
}

// Inlined into its caller: the line is still this one.
func inlined() *small {
	return &small{7} // heap: 1
}

//go:noinline
func moved() *int {
	x := 3 // heap: 1
	return &x
}

//go:noinline
func twoMoved() (*int, *int) {
	x, y := 3, 4 // heap: 2, or 1 where the compiler merges them
	return &x, &y
}

//go:noinline
func closure(n int) func() int { // heap: 1
	return func() int { // heap: 1
		n++
		return n
	}
}

//go:noinline
func generic[T any](v T) *T { // heap: 1
	return &v
}

//go:noinline
func arrayLiteral() *[4]*int {
	return &[4]*int{} // heap: 1
}

//go:noinline
func sliceLiteral() []int {
	return []int{1, 2, 3} // heap: 1
}

//go:noinline
func goroutine(n int) {
	done := make(chan int)
	go func() { // heap: 1
		done <- n
	}()
	<-done
}

// None of these makes a single object that the program asked for.

//go:noinline
func makes(n int) {
	ints = make([]int, n)
	bytes = append(bytes[:0:0], source[:n]...)
	entries = map[int]int{n: n}
	character = make(chan int, n)
}

//go:noinline
func copies(from []int) {
	to := make([]int, len(from))
	copy(to, from)
	ints = to
}

//go:noinline
func strs(n int) {
	var b strings.Builder
	b.WriteString(source[:n])
	texts = append(texts[:0:0], b.String()+source[:n], string(bytes))
}

//go:noinline
func boxes(n int) {
	anything = strconv.Itoa(n)
}

func run(n int) {
	for i := 0; i < n; i++ {
		nodes = newNode()
		nodes = newKeyword()
		smalls = inlined()
		numbers[0] = moved()
		numbers[0], numbers[1] = twoMoved()
		function = closure(i)
		numbers[2] = generic(i)
		array = arrayLiteral()
		ints = sliceLiteral()
		goroutine(i)
		makes(100)
		copies(ints)
		strs(40)
		boxes(100000 + i)
	}
}

func merges() bool {
	version := strings.Split(runtime.Version(), ".")
	minor, _ := strconv.Atoi(version[1])
	return minor >= 25
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	expected := map[int]int{}
	for i, line := range strings.Split(source, "\n") {
		_, comment, found := strings.Cut(line, "// heap: ")
		if !found || comment[0] < '1' || comment[0] > '9' {
			continue
		}
		count := int(comment[0] - '0')
		if merges() && strings.Contains(comment, "or 1") {
			count = 1
		}
		expected[i+1] = count * n
	}
	json.NewEncoder(os.Stdout).Encode(expected)
	os.Stdin.Read(make([]byte, 1))
	run(n)
	os.Stdout.WriteString("done\n")
	os.Stdin.Read(make([]byte, 1))
}
