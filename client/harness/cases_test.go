package harness

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// cases are inputs that broke other tools; they lie beside the project where
// it is developed, and not in a user's clone.
const cases = "../../../shared/cases"

type want struct {
	Adapter Adapter                      `json:"adapter"`
	Want    map[string]map[string]Metric `json:"want"`
	Warn    string                       `json:"warn"`
	Kind    string                       `json:"kind"`
}

// TestCasesAreReadRight reads each case of the formats that burrow knows.
func TestCasesAreReadRight(t *testing.T) {
	folders, err := filepath.Glob(cases + "/*/expect.json")
	if err != nil || len(folders) == 0 {
		t.Skip("no cases of other tools' faults beside the project")
	}
	read := 0
	for _, file := range folders {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var w want
			if err := json.Unmarshal(text, &w); err != nil {
				t.Fatal(err)
			}
			if w.Adapter != JSON && w.Adapter != GoBench || w.Kind == "protocol" {
				t.Skipf("the server reads %s (%s)", w.Adapter, w.Kind)
			}
			read++
			inputs, _ := filepath.Glob(filepath.Dir(file) + "/input.*")
			raw, err := os.ReadFile(inputs[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, adapter := range []Adapter{w.Adapter, Magic} {
				reading, err := Read(adapter, Text(raw))
				if err != nil {
					t.Fatalf("%s: %v", adapter, err)
				}
				compare(t, reading.Results, w.Want)
				if (w.Warn != "") != (len(reading.Warnings) > 0) {
					t.Errorf("warnings %q, want %q", reading.Warnings, w.Warn)
				}
			}
		})
	}
	if read < 5 {
		t.Errorf("only %d cases were read", read)
	}
}

func compare(t *testing.T, got Results, want map[string]map[string]Metric) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d benchmarks, want %d", len(got), len(want))
	}
	for _, b := range got {
		name, _ := TrimIgnore(b.Name)
		for _, m := range b.Measures {
			measure := m.Name
			if measure == "Peak RSS" { // the cases use the server's slugs
				measure = "peak-rss"
			}
			w, ok := want[name][measure]
			if !ok || !near(&m.Value, &w.Value) || !near(m.Lower, w.Lower) || !near(m.Upper, w.Upper) {
				t.Errorf("%s, %s: %v, want %v", name, measure, m.Metric, w)
			}
		}
	}
}

func near(a, b *float64) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return math.Abs(*a-*b) <= 1e-12*math.Abs(*b)
}
