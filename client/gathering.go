package client

import (
	"encoding/json"
	"fmt"

	"burrow/client/harness"
)

// Gathering checks a run's results one by one, as they are measured: a result
// that no server could use is found when it comes, not when the last one is in.
type Gathering struct {
	adapter harness.Adapter
	folded  bool
	bytes   int             // of all results as JSON
	names   map[string]bool // of benchmarks
	all     harness.Results // one benchmark of each name
}

// NewGathering begins a run with these settings; nil are the server's
// defaults. An unknown adapter is an error.
func NewGathering(s *Settings) (*Gathering, error) {
	if s == nil {
		s = &Settings{}
	}
	adapter, err := harness.ParseAdapter(first(s.Adapter, string(harness.Magic)))
	if err != nil {
		return nil, err
	}
	return &Gathering{adapter: adapter, folded: s.Fold != "", names: map[string]bool{}}, nil
}

// Add reads one result. The error says why a server would refuse it, or take
// it and then fail on it, alone or beside those before it; it is not counted
// then.
func (g *Gathering) Add(text string) (harness.Reading, error) {
	encoded, err := json.Marshal(text)
	if err != nil {
		return harness.Reading{}, fmt.Errorf("encoding a result: %w", err)
	}
	// Freeze leaves <, > and & as they are, which Marshal makes longer: whether
	// the whole body fits, Summarize says to the byte.
	if size := g.bytes + min(len(encoded), len(text)+2); size > MaxBody {
		return harness.Reading{}, fmt.Errorf("the results are %d bytes; servers take at most %d: split the run, or fold its iterations before sending", size, MaxBody)
	}
	reading, err := harness.Read(g.adapter, text)
	if err != nil {
		return reading, err
	}
	if err := checkNames(reading.Results); err != nil {
		return reading, err
	}
	all := g.all
	for _, b := range reading.Results {
		if !g.names[b.Name] {
			all = append(all, b)
		}
	}
	if g.folded { // the server makes one document of them
		if err := checkNames(all); err != nil {
			return reading, err
		}
	}
	for _, b := range all[len(g.all):] {
		g.names[b.Name] = true
	}
	g.all = all
	g.bytes += min(len(encoded), len(text)+2)
	return reading, nil
}

// Benchmarks is how many different names were read.
func (g *Gathering) Benchmarks() int { return len(g.names) }
