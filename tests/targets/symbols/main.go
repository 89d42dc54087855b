// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Code whose symbols are hard to get right: chains of inlined calls over two
// packages, generics, closures, method values, interface wrappers, deferred
// calls, and (with cgo) C functions in the same text segment.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"

	"alloctap.test/symbols/leaf"
)

type number interface {
	~int | ~int64 | ~float64
}

//go:noinline
func sum[T number](values []T) T {
	var total T
	for _, v := range values {
		total = leaf.Add(total, v)
	}
	return total
}

//go:noinline
func mapped[K comparable, V any](keys []K, value func(K) V) map[K]V {
	m := make(map[K]V)
	for _, k := range keys {
		m[k] = value(k)
	}
	return m
}

type shape interface {
	area() float64
}

type point struct{ x, y float64 }

type rect struct {
	point
	corner point
}

func (p point) dx(q point) float64 { return q.x - p.x }
func (p point) dy(q point) float64 { return q.y - p.y }

func (r *rect) area() float64 { return r.dx(r.corner) * r.dy(r.corner) }

type square struct{ *rect }

// Four calls deep, all of them inlined into the caller.
func first(n int) []byte  { return second(n + 1) }
func second(n int) []byte { return third(n + 1) }
func third(n int) []byte  { return leaf.Bytes(n + 1) }

//go:noinline
func chain(n int) (out [][]byte) {
	for i := 0; i < n; i++ {
		out = append(out, first(i))
	}
	return out
}

func guarded(names []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	sort.Slice(names, func(i, j int) bool { return strings.ToLower(names[i]) < strings.ToLower(names[j]) })
	if len(names) == 0 {
		return errors.New("no names")
	}
	return nil
}

func main() {
	area := square{&rect{corner: point{3, 4}}}.area
	shapes := []shape{&rect{corner: point{1, 2}}, square{&rect{}}}
	for _, s := range shapes {
		fmt.Fprintln(os.Stderr, s.area())
	}
	lengths := mapped([]string{"a", "bb"}, func(s string) int { return len(s) })
	text, _ := json.Marshal(lengths)
	fmt.Println(area(), sum([]int{1, 2, 3}), sum([]float64{1.5}), len(chain(8)), string(text),
		guarded(os.Args), foreign(20))
}
