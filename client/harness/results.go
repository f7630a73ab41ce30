package harness

import (
	"cmp"
	"slices"
	"strings"
)

// Metric is one measured value with its optional bounds.
type Metric struct {
	Value float64  `json:"value"`
	Lower *float64 `json:"lower_value,omitempty"`
	Upper *float64 `json:"upper_value,omitempty"`
}

// Measure is a metric under the name of what was measured, as sent
// ("latency", "Peak RSS").
type Measure struct {
	Name string
	Metric
}

// Benchmark is one benchmark of an iteration with its measures.
type Benchmark struct {
	Name     string // as sent, an ignore suffix included
	Measures []Measure
}

// Results are the benchmarks of one iteration, by name.
type Results []Benchmark

// Warning is a sentence for the person about something that a reader passed
// over or that the server will lose.
type Warning string

// Latency is the measure of time in the Bencher API, in nanoseconds.
const Latency = "latency"

func (r Results) sorted() Results {
	slices.SortFunc(r, func(a, b Benchmark) int { return cmp.Compare(a.Name, b.Name) })
	for _, b := range r {
		slices.SortFunc(b.Measures, func(x, y Measure) int { return cmp.Compare(x.Name, y.Name) })
	}
	return r
}

// TrimIgnore returns a benchmark's name without the suffix that silences its
// alerts, and whether it had one (bencher-api.md, section 5).
func TrimIgnore(name string) (string, bool) {
	for _, suffix := range []string{"_bencher_ignore", "BencherIgnore", "-bencher-ignore"} {
		if trimmed, found := strings.CutSuffix(name, suffix); found {
			return trimmed, true
		}
	}
	return name, false
}
