package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	fast "github.com/segmentio/encoding/json"
)

// Longest names that the server takes, in bytes (bencher-api.md, section 5).
const (
	MaxBenchmarkName = 1024
	maxMeasureName   = 64
)

// document is Bencher Metric Format: metrics by benchmark and measure.
type document map[string]map[string]*struct {
	Value *float64 `json:"value"`
	Lower *float64 `json:"lower_value"`
	Upper *float64 `json:"upper_value"`
}

// decodeBMF decodes a document. The fast decoder reads what is good in less
// than half the time; what it refuses goes to the standard one, which has the
// last word and says where it breaks.
func decodeBMF(text []byte) (d document, err error) {
	if fast.Unmarshal(text, &d) == nil {
		return d, nil
	}
	d = nil
	err = json.Unmarshal(text, &d)
	return d, err
}

// ReadBMF reads a Bencher Metric Format document as the server does: the last
// of two equal keys wins, null is absent, unknown keys in a metric are passed
// over. A document without a benchmark is read as none, without an error.
func ReadBMF(text string) (Results, error) {
	document, err := decodeBMF([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("not Bencher Metric Format: %w", at(text, err))
	}
	if document == nil {
		return nil, errors.New("not Bencher Metric Format: null is no document")
	}
	results := make(Results, 0, len(document))
	for name, measures := range document {
		if trimmed, _ := TrimIgnore(name); trimmed == "" || len(name) > MaxBenchmarkName {
			return nil, fmt.Errorf("benchmark name of %d bytes: the server takes 1 to %d", len(trimmed), MaxBenchmarkName)
		}
		b := Benchmark{Name: name}
		for measure, m := range measures {
			if strings.TrimSpace(measure) == "" || len(measure) > maxMeasureName {
				return nil, fmt.Errorf("benchmark %q: measure name of %d bytes: the server takes 1 to %d", name, len(measure), maxMeasureName)
			}
			if m == nil || m.Value == nil {
				return nil, fmt.Errorf("benchmark %q, measure %q: no value", name, measure)
			}
			b.Measures = append(b.Measures, Measure{Name: measure, Metric: Metric{Value: *m.Value, Lower: m.Lower, Upper: m.Upper}})
		}
		results = append(results, b)
	}
	return results.sorted(), nil
}

// at adds the line and column of a JSON error to it.
func at(text string, err error) error {
	offset := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset < 0 || offset > int64(len(text)) {
		return err
	}
	before := text[:offset]
	line := strings.Count(before, "\n") + 1
	column := len(before) - (strings.LastIndexByte(before, '\n') + 1)
	return fmt.Errorf("line %d, column %d: %w", line, max(column, 1), err)
}
