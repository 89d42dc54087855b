// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Dwarftypes prints the types in the debug information of a Go program that the
// runtime describes as well: its address there, size (-1 where not told), kind and
// name, with tabs between. It reads with debug/dwarf, as the Go tools do.
//
//	dwarftypes FILE
package main

import (
	"bufio"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"log"
	"os"
)

// cmd/internal/dwarf/dwarf.go. The second is an offset from runtime.types.
const (
	attrGoKind        dwarf.Attr = 0x2900
	attrGoRuntimeType dwarf.Attr = 0x2904
)

// symbols returns the values of the two.
func symbols(f *elf.File, first, second string) (uint64, uint64) {
	values := map[string]uint64{}
	all, err := f.Symbols()
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range all {
		values[s.Name] = s.Value
	}
	if values[first] == 0 || values[second] == 0 {
		log.Fatalf("no symbols %s and %s", first, second)
	}
	return values[first], values[second]
}

func main() {
	f, err := elf.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	data, err := f.DWARF()
	if err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	types, end := symbols(f, "runtime.types", "runtime.etypes")
	r := data.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			log.Fatal(err)
		}
		if e == nil {
			return
		}
		if e.Tag == dwarf.TagSubprogram || e.Tag == dwarf.TagStructType {
			r.SkipChildren()
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		size, sized := e.Val(dwarf.AttrByteSize).(int64)
		if !sized {
			size = -1
		}
		kind, _ := e.Val(attrGoKind).(int64)
		// Before Go 1.23 uintptr has an offset even where the program has no such type.
		if offset, ok := e.Val(attrGoRuntimeType).(uint64); ok && offset != 0 && types+offset < end {
			fmt.Fprintf(out, "%x\t%d\t%d\t%s\n", types+offset, size, kind, name)
		}
	}
}
