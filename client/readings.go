package client

import (
	"encoding/json"
	"fmt"

	"burrow/client/harness"
)

// Nanoseconds are the units of Bencher's latency, as the server words them.
const Nanoseconds = "nanoseconds (ns)"

// Reading is one value that a run's results hold, as burrow reads them.
type Reading struct {
	Iteration          int
	Benchmark, Measure string
	Value              float64
	Units              string // as the server words them; "": not known here
}

// Readings reads the results in a run's frozen body. There are none where the
// adapter's format is one that only the server reads.
func Readings(adapter harness.Adapter, body []byte) ([]Reading, error) {
	var request NewRun
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	var readings []Reading
	for i, text := range request.Results {
		reading, err := harness.Read(adapter, text)
		if err != nil {
			return nil, err
		}
		for _, b := range reading.Results {
			for _, m := range b.Measures {
				one := Reading{Iteration: i, Benchmark: b.Name, Measure: m.Name, Value: m.Value}
				if m.Name == harness.Latency {
					one.Units = Nanoseconds
				}
				readings = append(readings, one)
			}
		}
	}
	return readings, nil
}
