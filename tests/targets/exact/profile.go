// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

import (
	"os"
	"reflect"
	"runtime"
	"strconv"
	"syscall"
)

// The deterministic program whose heap profile is compared stack by stack. Every
// stack of it has main.profileWork at or near its root and is under 32 frames
// deep, which is where runtime.MemProfile cuts.

func init() {
	runtime.MemProfileRate = 1
	if len(os.Args) < 2 || os.Args[1] != "profile" {
		runtime.MemProfileRate = 0 // not measured: do not pay for it
	}
}

var recordsBefore, recordsAfter [4096]runtime.MemProfileRecord

func profileMode() {
	nBefore := snapshot(recordsBefore[:])
	waitForByte()
	profileWork()
	nAfter := snapshot(recordsAfter[:])
	// The tracer stops before the second byte; from here on we may allocate.
	waitForByte()
	writeProfile(recordsBefore[:nBefore], recordsAfter[:nAfter])
	syscall.Exit(0)
}

// snapshot reads the heap profile, which lags up to two GC cycles behind.
func snapshot(records []runtime.MemProfileRecord) int {
	for i := 0; i < 4; i++ {
		runtime.GC()
	}
	n, ok := runtime.MemProfile(records, true)
	if !ok {
		syscall.Exit(4)
	}
	return n
}

type stackKey [32]uintptr

// writeProfile prints after - before as JSON, one record per stack and size.
func writeProfile(before, after []runtime.MemProfileRecord) {
	type counts struct{ objects, bytes int64 }
	seen := make(map[stackKey]counts)
	for sign, records := range [][]runtime.MemProfileRecord{before, after} {
		for i := range records {
			r := &records[i]
			c := seen[stackKey(r.Stack0)]
			c.objects += r.AllocObjects * int64(2*sign-1)
			c.bytes += r.AllocBytes * int64(2*sign-1)
			seen[stackKey(r.Stack0)] = c
		}
	}
	buf := []byte(`{"stacks":[`)
	first := true
	for key, c := range seen {
		if c.objects == 0 {
			continue
		}
		if !first {
			buf = append(buf, ',')
		}
		first = false
		buf = append(buf, `{"objects":`...)
		buf = strconv.AppendInt(buf, c.objects, 10)
		buf = append(buf, `,"bytes":`...)
		buf = strconv.AppendInt(buf, c.bytes, 10)
		buf = append(buf, `,"frames":[`...)
		buf = appendFrames(buf, key)
		buf = append(buf, "]}"...)
	}
	buf = append(buf, "],\"tiny_objects\":"...)
	buf = strconv.AppendInt(buf, profileTinyObjects, 10)
	buf = append(buf, "}\n"...)
	for len(buf) > 0 {
		n, err := syscall.Write(1, buf)
		if err != nil {
			syscall.Exit(5)
		}
		buf = buf[n:]
	}
}

// appendFrames writes "function file:line" strings, leaf first, inlined ones too.
func appendFrames(buf []byte, key stackKey) []byte {
	n := 0
	for n < len(key) && key[n] != 0 {
		n++
	}
	frames := runtime.CallersFrames(key[:n])
	for i := 0; ; i++ {
		frame, more := frames.Next()
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = strconv.AppendQuote(buf, frame.Function+" "+frame.File+":"+strconv.Itoa(frame.Line))
		if !more {
			return buf
		}
	}
}

const profileTinyObjects = 3000

//go:noinline
func profileWork() {
	s := &sinks[0]
	for i := 0; i < 50; i++ {
		inlinedTwice(s)
		s.pointer = generic[node](i)
		s.pointer = generic[[10]uint64](i)
		callThroughInterface(s, shapes[i%len(shapes)])
		method := s.keep
		method(i)
		viaDefer(s)
	}
	recurse(s, 9)
	reflect.ValueOf(viaReflect).Call([]reflect.Value{reflect.ValueOf(s)})
	done := make(chan bool)
	go func() {
		profileElsewhere(s)
		done <- true
	}()
	<-done
	profileTiny(s)
}

// Small enough to be inlined, two deep.
func inlinedTwice(s *sink) {
	inlinedOnce(s)
	s.nodes = &node{value: 2}
}

func inlinedOnce(s *sink) {
	s.wide = &wide{value: 1}
}

func generic[T any](i int) *T {
	p := new(T)
	spare[i%2] = make([]T, 3+i%2)
	return p
}

var spare [2]interface{}

type shape interface{ grow(s *sink) }

type square struct{ side int }

type circle struct{ radius, pad uint64 }

func (q square) grow(s *sink)  { s.pointers = make([]*node, 8) }
func (c *circle) grow(s *sink) { s.bytes = make([]byte, 48) }

var shapes = [...]shape{square{3}, &circle{}, &square{4}}

//go:noinline
func callThroughInterface(s *sink, sh shape) { sh.grow(s) }

//go:noinline
func (s *sink) keep(i int) { s.bytes = make([]byte, 64+i) }

//go:noinline
func viaDefer(s *sink) {
	defer func() { s.nodes = &node{} }()
}

//go:noinline
func viaReflect(s *sink) { s.large = make([]byte, 40<<10) }

//go:noinline
func recurse(s *sink, n int) {
	s.nodes = &node{left: s.nodes}
	if n > 0 {
		recurse(s, n-1)
		recurse(s, n-1)
	}
}

//go:noinline
func profileElsewhere(s *sink) {
	largeObjects(s, 1)
	slicesGrow(s, 1)
	stringsGrow(s, 1)
	insertStructKey(s, 100)
	insertPointer(s, 100)
	insertString(s, 100)
	insertLargeValue(s, 100)
	reflection(s, 1)
}

// profileTiny: an object that fits into the current 16-byte block is not in the
// heap profile at all; one that opens a block is there with 16 bytes.
//
//go:noinline
func profileTiny(s *sink) {
	for i := 0; i < profileTinyObjects; i++ {
		s.bytes = make([]byte, 1+i%15)
	}
}
