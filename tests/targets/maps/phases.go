// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

import "reflect"

//go:noinline
func unsizedSmall(p *phase) {
	const maps, n = 300, 20
	p.begin(map[uint64]pair(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]pair)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = pair{k, k}
		}
		p.mapDone()
	}
	p.end(maps * n)
}

//go:noinline
func presizedSmall(p *phase) {
	const maps, n = 300, 20
	p.begin(map[uint64]pair(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]pair, n)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = pair{k, k}
		}
		p.mapDone()
	}
	p.end(maps * n)
}

const midMaps = 20

//go:noinline
func unsizedMid(p *phase) {
	p.begin(map[string]uint64(nil), midMaps, midN)
	for i := 0; i < midMaps; i++ {
		m := make(map[string]uint64)
		kept = m
		for k := 0; k < midN; k++ {
			m[names[k]] = uint64(k)
		}
		p.mapDone()
	}
	p.end(midMaps * midN)
}

//go:noinline
func presizedMid(p *phase) {
	p.begin(map[string]uint64(nil), midMaps, midN)
	for i := 0; i < midMaps; i++ {
		m := make(map[string]uint64, midN)
		kept = m
		for k := 0; k < midN; k++ {
			m[names[k]] = uint64(k)
		}
		p.mapDone()
	}
	p.end(midMaps * midN)
}

const largeMaps = 4

//go:noinline
func unsizedLarge(p *phase) {
	var o order
	p.begin(map[uint64]order(nil), largeMaps, largeN)
	for i := 0; i < largeMaps; i++ {
		m := make(map[uint64]order)
		kept = m
		for k := 0; k < largeN; k++ {
			m[uint64(k)] = o
		}
		p.mapDone()
	}
	p.end(largeMaps * largeN)
}

//go:noinline
func presizedLarge(p *phase) {
	var o order
	p.begin(map[uint64]order(nil), largeMaps, largeN)
	for i := 0; i < largeMaps; i++ {
		m := make(map[uint64]order, largeN)
		kept = m
		for k := 0; k < largeN; k++ {
			m[uint64(k)] = o
		}
		p.mapDone()
	}
	p.end(largeMaps * largeN)
}

const edgeMaps = 40

//go:noinline
func unsizedBelow(p *phase) {
	p.begin(map[uint32]uint32(nil), edgeMaps, belowN)
	for i := 0; i < edgeMaps; i++ {
		m := make(map[uint32]uint32)
		kept = m
		for k := 0; k < belowN; k++ {
			m[uint32(k)] = 1
		}
		p.mapDone()
	}
	p.end(edgeMaps * belowN)
}

//go:noinline
func presizedBelow(p *phase) {
	p.begin(map[uint32]uint32(nil), edgeMaps, belowN)
	for i := 0; i < edgeMaps; i++ {
		m := make(map[uint32]uint32, belowN)
		kept = m
		for k := 0; k < belowN; k++ {
			m[uint32(k)] = 1
		}
		p.mapDone()
	}
	p.end(edgeMaps * belowN)
}

//go:noinline
func unsizedAbove(p *phase) {
	p.begin(map[uint32]uint32(nil), edgeMaps, aboveN)
	for i := 0; i < edgeMaps; i++ {
		m := make(map[uint32]uint32)
		kept = m
		for k := 0; k < aboveN; k++ {
			m[uint32(k)] = 1
		}
		p.mapDone()
	}
	p.end(edgeMaps * aboveN)
}

//go:noinline
func presizedAbove(p *phase) {
	p.begin(map[uint32]uint32(nil), edgeMaps, aboveN)
	for i := 0; i < edgeMaps; i++ {
		m := make(map[uint32]uint32, aboveN)
		kept = m
		for k := 0; k < aboveN; k++ {
			m[uint32(k)] = 1
		}
		p.mapDone()
	}
	p.end(edgeMaps * aboveN)
}

// full: made for as many as come, but the eight classic buckets do not take them
// evenly, and a full one gets another chained to it.
//
//go:noinline
func full(p *phase) {
	const maps, n = 300, 52
	p.begin(map[uint64]uint64(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]uint64, n)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = k
		}
	}
	p.end(maps * n)
}

//go:noinline
func fullPointers(p *phase) {
	const maps, n = 300, 52
	p.begin(map[uint64]*pair(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]*pair, n)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = &value
		}
	}
	p.end(maps * n)
}

// Made once, stored in the map by value: a copy of each on the heap.
//
//go:noinline
func boxed(p *phase) {
	const n = 3000
	p.begin(map[uint64]wide(nil), 1, n)
	m := make(map[uint64]wide, n)
	kept = m
	for i := 0; i < n; i++ {
		m[uint64(i)] = values[i]
	}
	p.end(n)
}

//go:noinline
func unboxed(p *phase) {
	const n = 3000
	p.begin(map[uint64]*wide(nil), 1, n)
	m := make(map[uint64]*wide, n)
	kept = m
	for i := 0; i < n; i++ {
		m[uint64(i)] = &values[i]
	}
	p.end(n)
}

//go:noinline
func boxedGrowing(p *phase) {
	const n = 3000
	p.begin(map[uint64]wide(nil), 1, n)
	m := make(map[uint64]wide)
	kept = m
	for i := 0; i < n; i++ {
		m[uint64(i)] = wide{}
	}
	p.end(n)
}

//go:noinline
func boxedKeys(p *phase) {
	const n = 2000
	p.begin(map[wideKey]uint64(nil), 1, n)
	m := make(map[wideKey]uint64, n)
	kept = m
	for i := uint64(0); i < n; i++ {
		m[wideKey{i}] = i
	}
	p.end(n)
}

// Entries that are taken out and put in again, a new object for each.
//
//go:noinline
func boxedReplaced(p *phase) {
	const n, rounds = 60, 100
	p.begin(map[uint64]wide(nil), 1, n)
	m := make(map[uint64]wide, n)
	kept = m
	for i := uint64(0); i < n*rounds; i++ {
		delete(m, i%n)
		m[i%n] = wide{}
	}
	p.end(n * rounds)
}

// Smaller values would do without the objects, and take more room in the table.
//
//go:noinline
func overBoxLimit(p *phase) {
	const maps, n = 16, 1400
	p.begin(map[uint64]muchOver(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]muchOver, n)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = muchOver{}
		}
		p.mapDone()
	}
	p.end(maps * n)
}

// ... of which they would take more than they save.
//
//go:noinline
func justOverBoxLimit(p *phase) {
	const n = 1400
	p.begin(map[uint64]justOver(nil), 1, n)
	m := make(map[uint64]justOver, n)
	kept = m
	for i := uint64(0); i < n; i++ {
		m[i] = justOver{}
	}
	p.end(n)
}

//go:noinline
func underBoxLimit(p *phase) {
	const maps, n = 16, 1400
	p.begin(map[uint64]justUnder(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]justUnder, n)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = justUnder{}
		}
		p.mapDone()
	}
	p.end(maps * n)
}

//go:noinline
func paddedBoxed(p *phase) {
	const n = 2000
	p.begin(map[uint64]padded(nil), 1, n)
	m := make(map[uint64]padded, n)
	kept = m
	for i := uint64(0); i < n; i++ {
		m[i] = padded{n19: i}
	}
	p.end(n)
}

//go:noinline
func orderedBoxed(p *phase) {
	const n = 2000
	p.begin(map[uint64]ordered(nil), 1, n)
	m := make(map[uint64]ordered, n)
	kept = m
	for i := uint64(0); i < n; i++ {
		m[i] = ordered{n19: i}
	}
	p.end(n)
}

//go:noinline
func paddedInline(p *phase) {
	const maps, n = 8, 3000
	p.begin(map[uint64]paddedSmall(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]paddedSmall)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = paddedSmall{n2: k}
		}
		p.mapDone()
	}
	p.end(maps * n)
}

//go:noinline
func orderedInline(p *phase) {
	const maps, n = 8, 3000
	p.begin(map[uint64]orderedSmall(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint64]orderedSmall)
		kept = m
		for k := uint64(0); k < n; k++ {
			m[k] = orderedSmall{n2: k}
		}
		p.mapDone()
	}
	p.end(maps * n)
}

// A string made for each insert, of a number.
//
//go:noinline
func stringKeys(p *phase) {
	const n = 3000
	text := make([]byte, 24)
	p.begin(map[string]uint64(nil), 1, n)
	m := make(map[string]uint64, n)
	kept = m
	for i := 0; i < n; i++ {
		key := string(digits(i, text))
		m[key] = uint64(i)
	}
	p.end(n)
}

//go:noinline
func integerKeys(p *phase) {
	const n = 3000
	p.begin(map[uint64]uint64(nil), 1, n)
	m := make(map[uint64]uint64, n)
	kept = m
	for i := uint64(0); i < n; i++ {
		m[i] = i
	}
	p.end(n)
}

// Strings that were there before.
//
//go:noinline
func sharedKeys(p *phase) {
	const n = 3000
	p.begin(map[string]uint64(nil), 1, n)
	m := make(map[string]uint64, n)
	kept = m
	for i := 0; i < n; i++ {
		m[names[i]] = uint64(i)
	}
	p.end(n)
}

//go:noinline
func tiny(p *phase) {
	const maps, n = 2000, 3
	p.begin(map[uint32]pair(nil), maps, n)
	for i := 0; i < maps; i++ {
		m := make(map[uint32]pair)
		kept = m
		for k := uint32(0); k < n; k++ {
			m[k] = pair{}
		}
	}
	p.end(maps * n)
}

// A window of live entries over ever new keys.
//
//go:noinline
func churn(p *phase) {
	const window, n = 700, 30000
	p.begin(map[uint64]uint64(nil), 1, window)
	m := make(map[uint64]uint64, window)
	kept = m
	for i := uint64(0); i < n; i++ {
		if i >= window {
			delete(m, i-window)
		}
		m[i] = i
	}
	p.end(n)
}

//go:noinline
func overwrite(p *phase) {
	const n, inserts = 8, 20000
	p.begin(map[uint64]uint64(nil), 1, n)
	m := make(map[uint64]uint64)
	kept = m
	for i := uint64(0); i < inserts; i++ {
		m[i%n] += i
	}
	p.end(inserts)
}

// Through reflect, into a map of a type the program has.
//
//go:noinline
func reflected(p *phase) {
	const n = 1000
	p.begin(static, 1, n)
	static = make(map[uint64]order)
	m := reflect.ValueOf(static)
	for i := uint64(0); i < n; i++ {
		staticKey.SetUint(i)
		m.SetMapIndex(staticKey, staticVal)
	}
	p.end(n)
}

// ... and of one that it only has since it started.
//
//go:noinline
func reflectMade(p *phase) {
	const n = 1000
	p.begin(madeMap.Interface(), 1, n)
	madeMap.Set(reflect.MakeMap(made))
	for i := uint64(0); i < n; i++ {
		madeKey.SetUint(i)
		madeMap.SetMapIndex(madeKey, madeVal)
	}
	p.end(n)
}

// put: one line, many types of map.
//
//go:noinline
func put[K comparable, V any](m map[K]V, key K, value V) {
	m[key] = value
}

//go:noinline
func genericNumbers(p *phase) {
	const n = 500
	p.begin(map[uint64]uint32(nil), 1, n)
	m := make(map[uint64]uint32)
	kept = m
	for i := uint64(0); i < n; i++ {
		put(m, i, 1)
	}
	p.end(n)
}

//go:noinline
func genericPairs(p *phase) {
	const n = 600
	p.begin(map[string]pair(nil), 1, n)
	m := make(map[string]pair)
	kept = m
	for i := 0; i < n; i++ {
		put(m, names[i], pair{})
	}
	p.end(n)
}

//go:noinline
func genericPointers(p *phase) {
	const n = 700
	p.begin(map[int32]*pair(nil), 1, n)
	m := make(map[int32]*pair)
	kept = m
	for i := int32(0); i < n; i++ {
		put(m, i, &value)
	}
	p.end(n)
}
