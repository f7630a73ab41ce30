package harness

import (
	"errors"
	"strings"
	"testing"
)

func TestOutputsWithoutABenchmarkAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		adapter Adapter
		text    string
	}{
		"empty":                          {Magic, " \n"},
		"go test without -bench":         {Magic, "PASS\nok  \tstrings\t0.5s\n"},
		"go_bench of something else":     {GoBench, "hello"},
		"an empty document":              {JSON, "{}"},
		"an empty document, by magic":    {Magic, "{}"},
		"a line of Go without its count": {GoBench, "BenchmarkA\n"},
	} {
		if _, err := Read(c.adapter, c.text); !errors.Is(err, ErrNoBenchmark) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatOnlyTheServerReadsIsNotRefused(t *testing.T) {
	for adapter, text := range map[Adapter]string{
		"rust_bench": "test a ... bench: 1 ns/iter (+/- 0)",
		"java_jmh":   `[{"benchmark":"x"}]`,
		Magic:        "test a ... bench: 1 ns/iter (+/- 0)",
	} {
		if reading, err := Read(adapter, text); err != nil || reading.Known {
			t.Errorf("%s: %v, known %v", adapter, err, reading.Known)
		}
	}
	if reading, err := Read(Magic, `{"results":[{"command":"sleep"}]}`); err != nil || reading.Known {
		t.Errorf("another harness's JSON: %v", err)
	}
}

func TestBrokenBMFSaysWhere(t *testing.T) {
	for text, where := range map[string]string{
		"{nope":                             "line 1, column",
		"{\n \"a\": 1}":                     "line 2, column",
		`{"a":{"latency":{}}}`:              "no value",
		`{"a":{"latency":{"value":1e999}}}`: "column",
		`{"a":{"latency":null}}`:            "no value",
		`{"":{"latency":{"value":1}}}`:      "benchmark name",
		`{"a":{"` + strings.Repeat("m", 65) + `":{"value":1}}}`:   "measure name",
		`{"` + strings.Repeat("n", 1025) + `":{"l":{"value":1}}}`: "benchmark name",
		`null`: "null is no document",
	} {
		if _, err := ReadBMF(text); err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

// FuzzRead must not panic, whatever a harness prints.
func FuzzRead(f *testing.F) {
	f.Add("json", `{"a":{"latency":{"value":1}}}`)
	f.Add("go_bench", "BenchmarkA-2 100 10 ns/op")
	f.Fuzz(func(t *testing.T, adapter, text string) {
		reading, err := Read(Adapter(adapter), Text([]byte(text)))
		if err == nil && reading.Known && len(reading.Results) == 0 {
			t.Error("read as nothing, without an error")
		}
	})
}
