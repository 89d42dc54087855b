// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

import (
	"math"
	"unsafe"
)

// internal/abi.Type and the tails of a struct, an array and a map: what no program
// should forge. The allocator itself looks at size and ptrBytes alone.
type fakeType struct {
	size, ptrBytes    uint64
	hash              uint32
	flags, align      uint8
	fieldAlign, kind  uint8
	equal, gc         uint64
	name, ptrToThis   int32
	tail              [11]uint64
	fieldName, fieldT uint64
	offset            uint64
}

const (
	kindArray  = 17
	kindMap    = 21
	kindStruct = 25
)

//go:linkname mallocgc runtime.mallocgc
func mallocgc(size uintptr, typ unsafe.Pointer, needzero bool) unsafe.Pointer

var fakes []*fakeType // alive as long as anybody may read them

func fake(kind uint8) *fakeType {
	t := &fakeType{size: 64, hash: 1, align: 8, fieldAlign: 8, kind: kind}
	fakes = append(fakes, t)
	return t
}

func address(p *fakeType) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// structOf makes t a struct of n fields that lie behind it, or nowhere.
func structOf(t *fakeType, n uint64) *fakeType {
	t.tail[1] = uint64(uintptr(unsafe.Pointer(&t.fieldName)))
	t.tail[2], t.tail[3] = n, n
	return t
}

// manyFields makes a struct of n fields of the type at @of.
func manyFields(n int, of func(i int) uint64, name uint64) *fakeType {
	t := fake(kindStruct)
	fields := make([][3]uint64, n)
	for i := range fields {
		fields[i] = [3]uint64{name, of(i), 0}
	}
	keepFields = append(keepFields, fields)
	t.tail[1] = uint64(uintptr(unsafe.Pointer(&fields[0])))
	t.tail[2], t.tail[3] = uint64(n), uint64(n)
	return t
}

var keepFields [][][3]uint64

//go:noinline
func forged(t *fakeType) {
	sink = mallocgc(64, unsafe.Pointer(t), true)
}

// Each level has 64 fields, all of the level below.
const fakeLevels, fakeFields = 40, 64

func hostile() {
	name := []byte{0, 3, 'a', 'b', 'c'}
	keepBytes = name
	nameAt := uint64(uintptr(unsafe.Pointer(&name[0])))
	huge := []byte{0, 0x80, 0x80, 0x80, 0x80, 4, 'x'} // a name of 1 GB
	sink = huge
	hugeAt := uint64(uintptr(unsafe.Pointer(&huge[0])))

	garbage := fake(0xff)
	for i := range garbage.tail {
		garbage.tail[i] = math.MaxUint64
	}
	garbage.align, garbage.name = 7, -1
	forged(garbage)

	cycle := structOf(fake(kindStruct), 1)
	cycle.fieldName, cycle.fieldT = nameAt, address(cycle)
	forged(cycle)

	long := structOf(fake(kindStruct), 1<<60)
	forged(long)

	named := structOf(fake(kindStruct), 1)
	named.fieldName, named.fieldT = hugeAt, address(garbage)
	forged(named)

	array := fake(kindArray)
	array.tail[0], array.tail[2] = address(array), 1<<62
	forged(array)

	dict := fake(kindMap)
	for i := range dict.tail {
		dict.tail[i] = address(dict)
	}
	forged(dict)

	forged(manyFields(4096, func(int) uint64 { return address(cycle) }, nameAt))

	below := address(cycle)
	for level := 0; level < fakeLevels; level++ {
		at := below
		t := manyFields(fakeFields, func(int) uint64 { return at }, nameAt)
		below = address(t)
	}
	forged(fakes[len(fakes)-1])

	// A wide tree of types of their own: 4096 structs of 4096 fields each.
	leaves := make([]uint64, 4096)
	for i := range leaves {
		leaf := i
		leaves[i] = address(manyFields(4096, func(int) uint64 { return address(fakes[leaf%8]) }, nameAt))
	}
	forged(manyFields(4096, func(i int) uint64 { return leaves[i] }, nameAt))

	books.Entries = append(books.Entries, Entry{"main.forged", "", 9})
}
