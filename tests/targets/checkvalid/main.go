// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Checkvalid reads pprof files with Google's own package, checks them as it does,
// and as Parca does, which wants all ids in order. It prints what it found as
// JSON, one object per line and file; a file that fails is named on stderr.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

type summary struct {
	Types      []string         `json:"types"`
	Totals     map[string]int64 `json:"totals"`
	Default    string           `json:"default"`
	PeriodType string           `json:"period_type"`
	Period     int64            `json:"period"`
	Duration   int64            `json:"duration_ns"`
	Time       int64            `json:"time_ns"`
	Binary     string           `json:"binary"`
	BuildID    string           `json:"build_id"`
	Samples    int              `json:"samples"`
	Labels     map[string]int   `json:"labels"`
	Comments   []string         `json:"comments"`
	Leaves     []string         `json:"leaves"`
}

func readProfile(path string) (*profile.Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		return nil, err
	}
	if err := p.CheckValid(); err != nil {
		return nil, err
	}
	return p, checkOrder(p)
}

func checkOrder(p *profile.Profile) error {
	for i, m := range p.Mapping {
		if m.ID != uint64(i+1) {
			return fmt.Errorf("mapping %d has id %d", i, m.ID)
		}
	}
	for i, l := range p.Location {
		if l.ID != uint64(i+1) {
			return fmt.Errorf("location %d has id %d", i, l.ID)
		}
	}
	for i, f := range p.Function {
		if f.ID != uint64(i+1) {
			return fmt.Errorf("function %d has id %d", i, f.ID)
		}
	}
	return nil
}

func summarize(p *profile.Profile) summary {
	s := summary{
		Totals:     map[string]int64{},
		Default:    p.DefaultSampleType,
		PeriodType: p.PeriodType.Type + "/" + p.PeriodType.Unit,
		Period:     p.Period,
		Duration:   p.DurationNanos,
		Time:       p.TimeNanos,
		Samples:    len(p.Sample),
		Labels:     map[string]int{},
		Comments:   p.Comments,
	}
	for i, t := range p.SampleType {
		s.Types = append(s.Types, t.Type+"/"+t.Unit)
		for _, sample := range p.Sample {
			s.Totals[t.Type] += sample.Value[i]
		}
	}
	if len(p.Mapping) > 0 {
		s.Binary, s.BuildID = p.Mapping[0].File, p.Mapping[0].BuildID
	}
	for _, sample := range p.Sample {
		for key := range sample.Label {
			s.Labels[key]++
		}
		for key := range sample.NumLabel {
			s.Labels[key]++
		}
	}
	s.Leaves = visibleLeaves(p)
	return s
}

// The innermost functions that viewers show, drop_frames being applied.
func visibleLeaves(p *profile.Profile) []string {
	var leaves []string
	q := p.Copy()
	if err := q.RemoveUninteresting(); err != nil {
		return []string{err.Error()}
	}
	seen := map[string]bool{}
	for _, sample := range q.Sample {
		name := sample.Location[0].Line[0].Function.Name
		if !seen[name] {
			seen[name] = true
			leaves = append(leaves, name)
		}
	}
	return leaves
}

func main() {
	status := 0
	for _, path := range os.Args[1:] {
		p, err := readProfile(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "checkvalid: %s: %v\n", path, err)
			status = 1
			continue
		}
		if err := json.NewEncoder(os.Stdout).Encode(summarize(p)); err != nil {
			fmt.Fprintf(os.Stderr, "checkvalid: %v\n", err)
			status = 1
		}
	}
	os.Exit(status)
}
