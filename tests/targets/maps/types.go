// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

import "reflect"

type pair struct{ a, b uint64 }

// order has 120 bytes: kept in the map's own table.
type order struct {
	id       uint64
	customer string
	street   string
	city     string
	items    [6]uint32
	prices   [4]uint64
	paid     bool
}

// wide has 200: a map makes an object for each.
type wide struct {
	fields [24]uint64
	next   *wide
}

type wideKey [20]uint64

// A map keeps values of up to 128 bytes in its table.
type (
	muchOver  struct{ fields [31]uint64 } // 248
	justOver  struct{ fields [17]uint64 } // 136
	justUnder struct{ fields [16]uint64 } // 128
)

// padded has 320 bytes, of which 140 are padding; ordered the same fields in 184.
type padded struct {
	f0  bool
	n0  uint64
	f1  bool
	n1  uint64
	f2  bool
	n2  uint64
	f3  bool
	n3  uint64
	f4  bool
	n4  uint64
	f5  bool
	n5  uint64
	f6  bool
	n6  uint64
	f7  bool
	n7  uint64
	f8  bool
	n8  uint64
	f9  bool
	n9  uint64
	f10 bool
	n10 uint64
	f11 bool
	n11 uint64
	f12 bool
	n12 uint64
	f13 bool
	n13 uint64
	f14 bool
	n14 uint64
	f15 bool
	n15 uint64
	f16 bool
	n16 uint64
	f17 bool
	n17 uint64
	f18 bool
	n18 uint64
	f19 bool
	n19 uint64
}

type ordered struct {
	n0, n1, n2, n3, n4, n5, n6, n7, n8, n9           uint64
	n10, n11, n12, n13, n14, n15, n16, n17, n18, n19 uint64
	f0, f1, f2, f3, f4, f5, f6, f7, f8, f9           bool
	f10, f11, f12, f13, f14, f15, f16, f17, f18, f19 bool
}

// Small enough to be kept in the table: 48 bytes, and the same fields in 32.
type paddedSmall struct {
	f0 bool
	n0 uint64
	f1 bool
	n1 uint64
	f2 bool
	n2 uint64
}

type orderedSmall struct {
	n0, n1, n2 uint64
	f0, f1, f2 bool
}

// What outlives a phase's function, so that the compiler keeps nothing on the stack.
var kept interface{}

// What is there before a phase begins.
var (
	names  [8000]string
	values [3000]wide
	value  pair

	static    map[uint64]order
	staticKey = reflect.New(reflect.TypeOf(static).Key()).Elem()
	staticVal = reflect.New(reflect.TypeOf(static).Elem()).Elem()
	made      = reflect.MapOf(reflect.TypeOf(uint32(0)), reflect.TypeOf([5]uint16{}))
	madeMap   = reflect.New(made).Elem()
	madeKey   = reflect.New(made.Key()).Elem()
	madeVal   = reflect.New(made.Elem()).Elem()
)

func init() {
	for i := range names {
		names[i] = string(digits(i, make([]byte, 24)))
	}
}

func digits(i int, text []byte) []byte {
	for at := range text {
		text[len(text)-1-at] = byte('0' + i%10)
		i /= 10
	}
	return text
}

func phases() []*phase {
	return []*phase{
		{Name: "unsizedSmall", run: unsizedSmall},
		{Name: "presizedSmall", run: presizedSmall},
		{Name: "unsizedMid", run: unsizedMid},
		{Name: "presizedMid", run: presizedMid},
		{Name: "unsizedLarge", run: unsizedLarge},
		{Name: "presizedLarge", run: presizedLarge},
		{Name: "unsizedBelow", run: unsizedBelow},
		{Name: "presizedBelow", run: presizedBelow},
		{Name: "unsizedAbove", run: unsizedAbove},
		{Name: "presizedAbove", run: presizedAbove},
		{Name: "full", run: full},
		{Name: "fullPointers", run: fullPointers},
		{Name: "boxed", run: boxed},
		{Name: "unboxed", run: unboxed},
		{Name: "boxedGrowing", run: boxedGrowing},
		{Name: "boxedKeys", run: boxedKeys},
		{Name: "boxedReplaced", run: boxedReplaced},
		{Name: "overBoxLimit", run: overBoxLimit},
		{Name: "justOverBoxLimit", run: justOverBoxLimit},
		{Name: "underBoxLimit", run: underBoxLimit},
		{Name: "paddedBoxed", run: paddedBoxed},
		{Name: "orderedBoxed", run: orderedBoxed},
		{Name: "paddedInline", run: paddedInline},
		{Name: "orderedInline", run: orderedInline},
		{Name: "stringKeys", run: stringKeys},
		{Name: "sharedKeys", run: sharedKeys},
		{Name: "integerKeys", run: integerKeys},
		{Name: "tiny", run: tiny},
		{Name: "churn", run: churn},
		{Name: "overwrite", run: overwrite},
		{Name: "reflected", run: reflected},
		{Name: "reflectMade", run: reflectMade},
		{Name: "genericNumbers", run: genericNumbers},
		{Name: "genericPairs", run: genericPairs},
		{Name: "genericPointers", run: genericPointers},
	}
}
