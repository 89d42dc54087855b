// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

import (
	"reflect"
	"sync/atomic"
)

// Enough to make a fresh goroutine's stack grow several times.
const recursion = 200

// What outlives a function, so that the compiler cannot keep it on the stack.
type sink struct {
	pointer  interface{}
	bytes    []byte
	text     string
	closure  func() int
	channel  chan int
	nodes    *node
	pointers []*node
	wide     *wide
	large    []byte
	zero     *struct{}
	runes    []rune
	values   []interface{}
}

var (
	sinks    [workers]sink
	checksum uint64

	// What sizedBytes asked for, by its own count.
	sizedObjects, sizedRequested uint64
)

type node struct {
	left, right *node
	value       uint64
}

// wide has pointers and is over 512 bytes: with a malloc header from Go 1.22 on.
type wide struct {
	links [70]*node
	value uint64
}

type small struct {
	p *node
	n int32
}

func allKinds(w, round int) {
	s := &sinks[w]
	depth(s, recursion, round)
	sizedBytes(s, round)
	pointerful(s, round)
	largeObjects(s, round)
	slicesGrow(s, round)
	stringsGrow(s, round)
	closuresAndChannels(s, round)
	interfaces(s, round)
	reflection(s, round)
	zeroSized(s)
	if tiny {
		tinyObjects(s, round)
	}
	allInserts(s, round)
	// A goroutine with a new, small stack that has to grow while it allocates.
	done := make(chan uint64)
	go func() { done <- depth(new(sink), recursion, round) }()
	atomic.AddUint64(&checksum, <-done)
}

// depth recurses with a frame of a few hundred bytes, allocating on the way down.
//
//go:noinline
func depth(s *sink, n, round int) uint64 {
	var frame [24]uint64
	frame[n%24] = uint64(n)
	s.nodes = &node{value: uint64(round)}
	if n == 0 {
		return frame[0]
	}
	return depth(s, n-1, round) + frame[n%24]
}

// sizedBytes asks for every kind of pointer-free size and keeps its own count.
//
//go:noinline
func sizedBytes(s *sink, round int) {
	objects, requested := uint64(0), uint64(0)
	for size := 16; size <= 64<<10; size += 1 + size/9 {
		s.bytes = make([]byte, size+round%3)
		objects++
		requested += uint64(len(s.bytes))
	}
	atomic.AddUint64(&sizedObjects, objects)
	atomic.AddUint64(&sizedRequested, requested)
}

//go:noinline
func pointerful(s *sink, round int) {
	for i := 0; i < 400; i++ {
		s.nodes = &node{left: s.nodes, value: uint64(i)}
		if i%16 == 0 {
			s.nodes = nil
			s.wide = &wide{value: uint64(round)}
		}
		s.pointer = &small{p: s.nodes}
	}
	for n := 1; n < 3000; n += 1 + n/3 {
		s.pointers = make([]*node, n)
	}
}

//go:noinline
func largeObjects(s *sink, round int) {
	for _, size := range []int{32<<10 - 8, 32 << 10, 32<<10 + 1, 100 << 10, 1 << 20} {
		s.large = make([]byte, size+8*round)
		s.pointers = make([]*node, (size+8*round)/8)
	}
}

//go:noinline
func slicesGrow(s *sink, round int) {
	ints := make([]uint64, 0, 2) // its first growth from nothing would be tiny
	var nodes []*node
	var strings []string
	for i := 0; i < 700+round; i++ {
		ints = append(ints, uint64(i))
		nodes = append(nodes, s.nodes)
		strings = append(strings, s.text)
	}
	s.pointers = nodes
	s.pointer = &strings
	copied := append([]uint64(nil), ints...)
	s.pointer = &copied
}

//go:noinline
func stringsGrow(s *sink, round int) {
	text := "sixteen bytes at"
	for i := 0; i < 60; i++ {
		text += " least, please: " + words[(i+round)%len(words)]
	}
	s.text = text
	s.bytes = []byte(text)
	s.runes = []rune(text)
	s.text = string(s.runes)
	s.text = string(s.bytes)
}

var words = [...]string{"seventeen letters", "is what it is all about", "for a while now"}

//go:noinline
func closuresAndChannels(s *sink, round int) {
	for i := 0; i < 100; i++ {
		// Captured by value: a variable of its own on the heap would be tiny.
		a, b, c := i, round, s.nodes
		s.closure = func() int {
			if c != nil {
				return a
			}
			return b
		}
		s.channel = make(chan int, 4)
		structs := make(chan small, 2+i%3)
		structs <- small{}
		s.pointer = structs
	}
}

//go:noinline
func interfaces(s *sink, round int) {
	for i := 0; i < 100; i++ {
		s.pointer = small{n: int32(i)}
		s.pointer = [3]uint64{uint64(i), uint64(round)}
		s.pointer = words[i%len(words)]
		s.pointer = s.pointers
	}
	s.values = make([]interface{}, 50+round)
}

//go:noinline
func reflection(s *sink, round int) {
	for i := 0; i < 30; i++ {
		s.pointer = reflect.New(reflect.TypeOf(wide{})).Interface()
		s.pointer = reflect.MakeSlice(reflect.TypeOf(s.pointers), 40+round, 64+i).Interface()
	}
}

// zeroSized objects cost nothing and are in no book.
//
//go:noinline
func zeroSized(s *sink) {
	for i := 0; i < 20; i++ {
		s.zero = new(struct{})
		s.bytes = make([]byte, i-i)
	}
}

//go:noinline
func tinyObjects(s *sink, round int) {
	for i := 0; i < 2000; i++ {
		size := 1 + (i*7+round)%15
		s.bytes = make([]byte, size)
		s.pointer = uint64(i) + 1000
		s.pointer = int32(i) + 1000
		flag := new(bool)
		s.pointer = flag
	}
	text := ""
	for i := 0; i < 14; i++ {
		text += "x"
	}
	s.text = text
}
