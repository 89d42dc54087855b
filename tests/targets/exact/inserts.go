// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

import (
	"reflect"
	"sync/atomic"
)

// One way of inserting into a map, and how often it was done. The compiler picks
// the runtime's function by the key: mapassign, _fast32, _fast64, _fast64ptr,
// _faststr; reflect has its own doors to them.
type insertKind struct {
	function string
	insert   func(s *sink, n int)
	done     uint64
}

var insertKinds = [...]insertKind{
	{function: "main.insertStructKey", insert: insertStructKey},
	{function: "main.insertInt32", insert: insertInt32},
	{function: "main.insertInt64", insert: insertInt64},
	{function: "main.insertPointer", insert: insertPointer},
	{function: "main.insertString", insert: insertString},
	{function: "main.insertLargeValue", insert: insertLargeValue},
	{function: "main.insertReflect", insert: insertReflect},
	{function: "main.insertAgain", insert: insertAgain},
}

func allInserts(s *sink, round int) {
	for i := range insertKinds {
		n := 150 + 37*i + round
		insertKinds[i].insert(s, n)
		atomic.AddUint64(&insertKinds[i].done, uint64(n))
	}
}

type pair struct{ a, b uint32 }

type record struct {
	fields [20]uint64
	next   *record
}

//go:noinline
func insertStructKey(s *sink, n int) {
	m := make(map[[3]uint64]pair)
	for i := 0; i < n; i++ {
		m[[3]uint64{uint64(i), 1, 2}] = pair{uint32(i), 1}
	}
	s.pointer = m
}

//go:noinline
func insertInt32(s *sink, n int) {
	m := make(map[uint32]uint64)
	for i := 0; i < n; i++ {
		m[uint32(i)] = uint64(i)
	}
	s.pointer = m
}

//go:noinline
func insertInt64(s *sink, n int) {
	m := make(map[uint64]*node, n/2)
	for i := 0; i < n; i++ {
		m[uint64(i)] = s.nodes
	}
	s.pointer = m
}

//go:noinline
func insertPointer(s *sink, n int) {
	m := make(map[*node]int)
	for i := 0; i < n; i++ {
		m[&node{value: uint64(i)}] = i
	}
	s.pointer = m
}

//go:noinline
func insertString(s *sink, n int) {
	m := make(map[string]int)
	key := make([]byte, 24)
	for i := 0; i < n; i++ {
		key[0], key[1] = byte(i), byte(i>>8)
		m[string(key)] = i
	}
	s.pointer = m
}

// insertLargeValue: values over 128 bytes live outside the map, one object each.
//
//go:noinline
func insertLargeValue(s *sink, n int) {
	m := make(map[uint64]record)
	for i := 0; i < n; i++ {
		m[uint64(i)] = record{}
	}
	s.pointer = m
}

//go:noinline
func insertReflect(s *sink, n int) {
	m := make(map[string]uint64, n)
	v := reflect.ValueOf(m)
	value := reflect.ValueOf(uint64(1) << 40)
	key := make([]byte, 24)
	for i := 0; i < n; i++ {
		key[0], key[1] = byte(i), byte(i>>8)
		v.SetMapIndex(reflect.ValueOf(string(key)), value)
	}
	s.pointer = m
}

// insertAgain overwrites: an insert is an assignment, not a new key.
//
//go:noinline
func insertAgain(s *sink, n int) {
	m := make(map[uint64]uint64)
	for i := 0; i < n; i++ {
		m[uint64(i%8)] += uint64(i)
	}
	s.pointer = m
}
