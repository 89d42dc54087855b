// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Everything a map does that costs, one phase each, and the same put right.
//
//	maps MID_N LARGE_N BELOW_N ABOVE_N [PHASE...]
//
// runs all phases (or those named) and prints as JSON what each really did. A phase
// is one function with one line that inserts, so a report's rows are told apart by
// their functions. Its truth comes from three books that know nothing of each other:
//
//	its own counters	inserts, maps, entries of the largest
//	runtime.MemStats	all objects and bytes between begin and end, GC off
//	runtime.MemProfile	at a rate of 1: objects and bytes of each stack, so that the
//				runtime's functions on it say what they were for
//
// The numbers are entries of a map: two at random, and two on either side of a
// place where make(map, n) takes twice the room.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

type phase struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"` // of the map
	Slot     uint64   `json:"slot"` // sizes of key and value
	Inserts  uint64   `json:"inserts"`
	Maps     int      `json:"maps"`
	Entries  int      `json:"entries"` // of a map in the end
	Mallocs  uint64   `json:"mallocs"`
	Bytes    uint64   `json:"bytes"`
	EachMap  []uint64 `json:"each_map"` // bytes of each, the make() included
	run      func(p *phase)
	previous uint64
}

type stack struct {
	Objects int64    `json:"objects"`
	Bytes   int64    `json:"bytes"`
	Frames  []string `json:"frames"` // leaf first: "function file:line"
}

var (
	midN, largeN, belowN, aboveN int

	// Static: reading them allocates nothing.
	stats   runtime.MemStats
	records [4096]runtime.MemProfileRecord
)

func init() {
	runtime.MemProfileRate = 1
}

func main() {
	for i, n := range []*int{&midN, &largeN, &belowN, &aboveN} {
		var err error
		if len(os.Args) > i+1 {
			*n, err = strconv.Atoi(os.Args[i+1])
		}
		if err != nil || *n <= 0 {
			println("usage: maps MID_N LARGE_N BELOW_N ABOVE_N [PHASE...]")
			os.Exit(2)
		}
	}
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(1)
	spareThreads()
	done := []*phase{}
	for _, p := range phases() {
		if wanted(p, os.Args[5:]) {
			p.run(p)
			done = append(done, p)
			kept = nil
			runtime.GC()
		}
	}
	out := map[string]interface{}{"phases": done, "stacks": profile()}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

func wanted(p *phase, names []string) bool {
	for _, name := range names {
		if name == p.Name {
			return true
		}
	}
	return len(names) == 0
}

// begin opens the books: from here to end, all that is allocated is the phase's.
func (p *phase) begin(m interface{}, maps, entries int) {
	p.Maps, p.Entries = maps, entries
	t := reflect.TypeOf(m)
	p.Type, p.Slot = t.String(), uint64(t.Key().Size()+t.Elem().Size())
	p.EachMap = make([]uint64, 0, maps)
	runtime.ReadMemStats(&stats)
	p.Mallocs, p.Bytes, p.previous = stats.Mallocs, stats.TotalAlloc, stats.TotalAlloc
}

// mapDone enters what one more map took.
func (p *phase) mapDone() {
	runtime.ReadMemStats(&stats)
	p.EachMap = append(p.EachMap, stats.TotalAlloc-p.previous)
	p.previous = stats.TotalAlloc
}

func (p *phase) end(inserts int) {
	runtime.ReadMemStats(&stats)
	p.Inserts = uint64(inserts)
	p.Mallocs, p.Bytes = stats.Mallocs-p.Mallocs, stats.TotalAlloc-p.Bytes
}

// profile reads the heap profile, which lags up to two GC cycles behind.
func profile() []stack {
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	n, ok := runtime.MemProfile(records[:], true)
	if !ok {
		panic("more stacks than expected")
	}
	stacks := []stack{}
	for i := range records[:n] {
		s := stack{Objects: records[i].AllocObjects, Bytes: records[i].AllocBytes}
		frames := runtime.CallersFrames(records[i].Stack())
		for {
			frame, more := frames.Next()
			s.Frames = append(s.Frames, frame.Function+" "+frame.File+":"+
				strconv.Itoa(frame.Line))
			if !more {
				break
			}
		}
		if strings.Contains(strings.Join(s.Frames, " "), "main.(*phase)") {
			continue
		}
		stacks = append(stacks, s)
	}
	return stacks
}

// spareThreads makes the runtime start more threads than it will need: a thread
// started in a phase would be on its bill.
func spareThreads() {
	const threads = 8
	var finished, running sync.WaitGroup
	release := make(chan struct{})
	for i := 0; i < threads; i++ {
		finished.Add(1)
		running.Add(1)
		go func() {
			runtime.LockOSThread()
			running.Done()
			<-release
			runtime.UnlockOSThread()
			finished.Done()
		}()
	}
	running.Wait()
	close(release)
	finished.Wait()
	runtime.GC()
}
