// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Types prints, for every type it can reach from those in shapes.go, what reflect
// says of it and where the runtime keeps it: a JSON list on one line. Types that
// reflection makes follow on a second. For each line of its stdin it then allocates
// three objects of every type and says "done", until there are no more lines.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Offset   uint64 `json:"offset"`
	Size     uint64 `json:"size"`
	Align    int    `json:"align"`
	Padding  uint64 `json:"padding"`
	Pointers bool   `json:"pointers"`
	Embedded bool   `json:"embedded"`
}

type Map struct {
	KeySize      uint64 `json:"key_size"`
	ElemSize     uint64 `json:"elem_size"`
	KeyIndirect  bool   `json:"key_indirect"`
	ElemIndirect bool   `json:"elem_indirect"`
	Swiss        bool   `json:"swiss"`
	GroupSize    uint64 `json:"group_size"`
	SlotSize     uint64 `json:"slot_size"`
}

type Type struct {
	Address  uint64  `json:"address"`
	Name     string  `json:"name"`
	Package  string  `json:"package"`
	Kind     string  `json:"kind"`
	Size     uint64  `json:"size"`
	Align    int     `json:"align"`
	Pointers bool    `json:"pointers"`
	Elem     string  `json:"elem,omitempty"`
	Key      string  `json:"key,omitempty"`
	Len      int     `json:"len"`
	Fields   []Field `json:"fields"`
	// Of a struct: all padding, and its size with the fields in the best order,
	// found by trying every order; -1 where there are too many.
	Padding uint64 `json:"padding"`
	Optimal int64  `json:"optimal"`
	Map     *Map   `json:"map,omitempty"`
}

func address(t reflect.Type) uint64 {
	return uint64((*[2]uintptr)(unsafe.Pointer(&t))[1])
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Ptr, reflect.Slice,
		reflect.String, reflect.UnsafePointer:
		return true
	}
	return false
}

// packageOf is the package of a type or, where that has no name, of its element.
func packageOf(t reflect.Type) string {
	for t.Name() == "" {
		switch t.Kind() {
		case reflect.Ptr, reflect.Slice, reflect.Array, reflect.Chan:
			t = t.Elem()
		default:
			return ""
		}
	}
	return t.PkgPath()
}

const maxTried = 6

// bestSize is the least size of a struct of the same fields in any order.
func bestSize(t reflect.Type) int64 {
	n := t.NumField()
	if n > maxTried {
		return -1
	}
	fields := make([]reflect.StructField, n)
	for i := range fields {
		fields[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: t.Field(i).Type}
	}
	best := int64(-1)
	var try func(k int)
	try = func(k int) {
		if k == n {
			if size := int64(reflect.StructOf(fields).Size()); best < 0 || size < best {
				best = size
			}
			return
		}
		for i := k; i < n; i++ {
			fields[k], fields[i] = fields[i], fields[k]
			try(k + 1)
			fields[k], fields[i] = fields[i], fields[k]
		}
	}
	try(0)
	return best
}

func hasSwissMaps() bool {
	version := runtime.Version()
	minor, _ := strconv.Atoi(strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })[1])
	return minor >= 24 && !strings.Contains(version, "noswissmap")
}

func structOf(types ...reflect.Type) reflect.Type {
	fields := make([]reflect.StructField, len(types))
	for i, t := range types {
		fields[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: t}
	}
	return reflect.StructOf(fields)
}

func describeMap(t reflect.Type) *Map {
	key, elem := t.Key(), t.Elem()
	m := &Map{
		KeySize: uint64(key.Size()), ElemSize: uint64(elem.Size()),
		KeyIndirect: key.Size() > 128, ElemIndirect: elem.Size() > 128,
		Swiss: hasSwissMaps(),
	}
	if m.KeyIndirect {
		key = reflect.PtrTo(key)
	}
	if m.ElemIndirect {
		elem = reflect.PtrTo(elem)
	}
	word := reflect.TypeOf(uintptr(0))
	if m.Swiss {
		slot := structOf(key, elem)
		m.SlotSize = uint64(slot.Size())
		m.GroupSize = uint64(structOf(word, reflect.ArrayOf(8, slot)).Size())
	} else {
		m.SlotSize = uint64(key.Size() + elem.Size())
		m.GroupSize = uint64(structOf(word, reflect.ArrayOf(8, key), reflect.ArrayOf(8, elem), word).Size())
	}
	return m
}

func describe(t reflect.Type) Type {
	d := Type{
		Address: address(t), Name: t.String(), Package: packageOf(t), Kind: t.Kind().String(),
		Size: uint64(t.Size()), Align: t.Align(), Pointers: hasPointers(t), Optimal: -1,
		Fields: []Field{},
	}
	switch t.Kind() {
	case reflect.Array:
		d.Len = t.Len()
		d.Elem = t.Elem().String()
	case reflect.Chan, reflect.Ptr, reflect.Slice:
		d.Elem = t.Elem().String()
	case reflect.Map:
		d.Elem, d.Key = t.Elem().String(), t.Key().String()
		d.Map = describeMap(t)
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			next := uint64(t.Size())
			if i+1 < t.NumField() {
				next = uint64(t.Field(i + 1).Offset)
			}
			padding := next - uint64(f.Offset) - uint64(f.Type.Size())
			d.Fields = append(d.Fields, Field{
				Name: f.Name, Type: f.Type.String(), Offset: uint64(f.Offset),
				Size: uint64(f.Type.Size()), Align: f.Type.Align(), Padding: padding,
				Pointers: hasPointers(f.Type), Embedded: f.Anonymous,
			})
			d.Padding += padding
		}
		d.Optimal = bestSize(t)
	}
	return d
}

// reach adds the types that make up t.
func reach(t reflect.Type, seen map[reflect.Type]bool, all *[]reflect.Type) {
	if seen[t] {
		return
	}
	seen[t] = true
	*all = append(*all, t)
	switch t.Kind() {
	case reflect.Array, reflect.Chan, reflect.Ptr, reflect.Slice:
		reach(t.Elem(), seen, all)
	case reflect.Map:
		reach(t.Key(), seen, all)
		reach(t.Elem(), seen, all)
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			reach(t.Field(i).Type, seen, all)
		}
	case reflect.Func:
		for i := 0; i < t.NumIn(); i++ {
			reach(t.In(i), seen, all)
		}
		for i := 0; i < t.NumOut(); i++ {
			reach(t.Out(i), seen, all)
		}
	}
}

func made() []reflect.Type {
	user := reflect.TypeOf(User{})
	odd := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeOf(int8(0)), Tag: `json:"a"`},
		{Name: "User", Type: user, Anonymous: true},
		{Name: "C", Type: reflect.TypeOf(true)},
		{Name: "D", Type: reflect.TypeOf(struct{}{})},
	})
	return []reflect.Type{
		odd, reflect.PtrTo(odd), reflect.SliceOf(odd), reflect.ArrayOf(77, user),
		reflect.MapOf(user.Field(0).Type, odd), reflect.ChanOf(reflect.BothDir, odd),
		reflect.MapOf(reflect.ArrayOf(77, reflect.TypeOf(byte(0))), user),
		reflect.FuncOf([]reflect.Type{odd}, nil, false),
	}
}

func print(types []reflect.Type) {
	described := make([]Type, len(types))
	for i, t := range types {
		described[i] = describe(t)
	}
	out := bufio.NewWriter(os.Stdout)
	json.NewEncoder(out).Encode(described)
	out.Flush()
}

func main() {
	var all []reflect.Type
	seen := map[reflect.Type]bool{}
	for _, v := range shapes() {
		if v != nil {
			reach(reflect.TypeOf(v), seen, &all)
		}
	}
	print(all)
	ours := made()
	print(ours)
	all = append(all, ours...)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		for _, t := range all {
			for i := 0; i < 3; i++ {
				reflect.New(t)
			}
		}
		os.Stdout.WriteString("done\n")
	}
}
