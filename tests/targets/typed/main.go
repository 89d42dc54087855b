// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Allocates a known number of objects of known types, each in a function of its
// own, and says so: a JSON list of {function, type, objects} on a line.
//
//	typed			print "ready", wait for a byte, work, print the books
//				and "ready", wait for a byte
//	typed launch		work at once, print the books, live on for a moment
//	typed hostile		as without a word, but hand the allocator types that
//				are none
//
// The tests set GOGC=off: what the collector allocates is nobody's type here.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"
)

type User struct {
	Name  string
	Admin bool
	ID    int64
	Next  *User
	Tags  [3]Tag
}

type Tag struct {
	Key   uint16
	Value uint64
}

type Flat struct{ A, B, C uint64 }

type Entry struct {
	Function string `json:"function"`
	Type     string `json:"type"`
	Objects  int    `json:"objects"`
}

type Books struct {
	Entries []Entry `json:"entries"`
	// Inserts and the size of the map of each function that inserts.
	Inserts map[string][2]int `json:"inserts"`
}

var (
	sink  interface{}
	books = Books{Inserts: map[string][2]int{}}
)

func count(function, name string, objects int) {
	books.Entries = append(books.Entries, Entry{"main." + function, name, objects})
}

//go:noinline
func users(n int) {
	for i := 0; i < n; i++ {
		sink = new(User)
	}
	count("users", "main.User", n)
}

//go:noinline
func flats(n int) {
	for i := 0; i < n; i++ {
		sink = &Flat{uint64(i), 1, 2}
	}
	count("flats", "main.Flat", n)
}

var size = 10 // not a constant: the array would be a type of its own

//go:noinline
func userSlices(n int) {
	for i := 0; i < n; i++ {
		s := make([]User, size)
		keepUsers = s
	}
	count("userSlices", "[]main.User", n)
}

//go:noinline
func pointerSlices(n int) {
	for i := 0; i < n; i++ {
		keepPointers = make([]*User, size)
	}
	count("pointerSlices", "[]*main.User", n)
}

//go:noinline
func grownPointers(n int) {
	grown, cap0 := 0, 0
	keepPointers = nil // a local one might begin on the stack
	for i := 0; i < n; i++ {
		keepPointers = append(keepPointers, nil)
		if cap(keepPointers) != cap0 {
			cap0 = cap(keepPointers)
			grown++
		}
	}
	count("grownPointers", "[]*main.User", grown)
}

//go:noinline
func grownNumbers(n int) {
	grown, cap0 := 0, 0
	keepNumbers = nil // a local one might begin on the stack
	for i := 0; i < n; i++ {
		keepNumbers = append(keepNumbers, int32(i))
		if cap(keepNumbers) != cap0 {
			cap0 = cap(keepNumbers)
			grown++
		}
	}
	count("grownNumbers", "[slice of pointer-free elements]", grown)
}

var (
	keepUsers    []User
	keepPointers []*User
	keepNumbers  []int32
	keepString   string
	keepBytes    []byte
	keepRunes    []rune
	keepChannel  chan int
	keepInt      *int32
	keepShort    *int16
	text         = strings.Repeat("text that is no tiny object. ", 3)
	textBytes    = []byte(text)
)

// copied: the compiler turns the two into one call of the allocator.
//
//go:noinline
func copied(n int) {
	source := make([]int32, size)
	for i := 0; i < n; i++ {
		s := make([]int32, len(source))
		copy(s, source)
		keepNumbers = s
	}
	count("copied", "[slice of pointer-free elements]", n)
}

//go:noinline
func joined(n int) {
	for i := 0; i < n; i++ {
		keepString = text + keepSuffix
	}
	count("joined", "[string bytes]", n)
}

var keepSuffix = "suffix"

//go:noinline
func converted(n int) {
	for i := 0; i < n; i++ {
		keepString = string(textBytes)
		keepBytes = []byte(text)
		keepRunes = []rune(text)
	}
	count("converted", "[string bytes]", n)
	count("converted", "[]byte", n)
	count("converted", "[]rune", n)
}

// built: strings.Builder asks for bytes, from Go 1.21 on without a type.
//
//go:noinline
func built(n int, name string) {
	for i := 0; i < n; i++ {
		var b strings.Builder
		b.Grow(100)
		b.WriteString(text)
		keepString = b.String()
	}
	count("built", name, n)
}

//go:noinline
func channels(n int) {
	for i := 0; i < n; i++ {
		keepChannel = make(chan int, size)
	}
	count("channels", "[channel buffer]", n)
}

//go:noinline
func boxed(n int) {
	for i := 0; i < n; i++ {
		sink = Flat{uint64(i), 1, 2}
		sink = text[i%10:]
	}
	count("boxed", "main.Flat", n)
	count("boxed", "[string in an interface]", n)
}

// merged: since Go 1.25 the two may share an object without a type.
//
//go:noinline
func merged(n int, one bool) {
	for i := 0; i < n; i++ {
		var a int32
		var b int16
		keepInt, keepShort = &a, &b
	}
	if one {
		count("merged", "[merged small variables]", n)
		return
	}
	count("merged", "int32", n)
	count("merged", "int16", n)
}

//go:noinline
func reflected(n int) {
	made := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeOf("")},
		{Name: "B", Type: reflect.TypeOf(User{})},
		{Name: "C", Type: reflect.ArrayOf(5, reflect.TypeOf(uint64(0)))},
	})
	reflectedNew(made, n)
	count("reflectedNew", "[reflect struct, "+strconv.Itoa(int(made.Size()))+" bytes]", n)
}

//go:noinline
func reflectedNew(t reflect.Type, n int) {
	for i := 0; i < n; i++ {
		sink = reflect.New(t).Interface()
	}
}

// inserted: the map doubles from one group or bucket (level 3) to 1024 slots.
//
//go:noinline
func inserted(n int) {
	m := make(map[uint64]Tag)
	for i := 0; i < n; i++ {
		m[uint64(i)] = Tag{}
	}
	sink = m
	books.Inserts["main.inserted"] = [2]int{n, len(m)}
}

func minor() int {
	n, _ := strconv.Atoi(strings.FieldsFunc(runtime.Version(), func(r rune) bool { return r < '0' || r > '9' })[1])
	return n
}

func work() {
	users(101)
	flats(102)
	userSlices(103)
	pointerSlices(104)
	grownPointers(1005)
	grownNumbers(1006)
	copied(114)
	joined(107)
	converted(108)
	if minor() >= 21 {
		built(109, "[string bytes]")
	} else {
		built(109, "[]uint8")
	}
	channels(110)
	boxed(111)
	merged(112, minor() >= 25)
	reflected(113)
	inserted(800)
}

var oneByte [1]byte

func wait() {
	os.Stdout.WriteString("ready\n")
	os.Stdin.Read(oneByte[:])
}

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	if mode != "launch" {
		wait()
	}
	if mode == "hostile" {
		hostile()
	} else {
		work()
	}
	json.NewEncoder(os.Stdout).Encode(books)
	if mode == "launch" {
		time.Sleep(200 * time.Millisecond)
		return
	}
	wait()
}
