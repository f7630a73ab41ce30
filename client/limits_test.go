package client

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestWhatAServerWouldFailOnIsRefused has runs that a server refuses, or takes
// and then fails on, and their neighbours that it takes (bencher-api.md,
// sections 1.1, 5 and 8).
func TestWhatAServerWouldFailOnIsRefused(t *testing.T) {
	long := strings.Repeat("n", 1024)
	for name, c := range map[string]struct {
		results []string
		fold    string
		change  func(*NewRun)
		refusal string // a part of the error; "": it is taken
	}{
		"a benchmark":                      {results: []string{bmf("one")}},
		"no results":                       {results: []string{}, refusal: "no results"},
		"no benchmark":                     {results: []string{"{}"}, refusal: "no benchmark"},
		"the second has none":              {results: []string{bmf("one"), "{}"}, refusal: "iteration 2 of 2"},
		"not finite":                       {results: []string{`{"one":{"latency":{"value":1e999}}}`}, refusal: "1e999"},
		"a word for a number":              {results: []string{`{"one":{"latency":{"value":NaN}}}`}, refusal: "invalid character"},
		"1,024 bytes":                      {results: []string{bmf(long)}},
		"1,025 bytes":                      {results: []string{bmf(long + "n")}, refusal: "1025 bytes"},
		"over 4 MiB":                       {results: []string{bmf("one") + strings.Repeat(" ", MaxBody)}, refusal: "split it"},
		"a name and its silent twin":       {results: []string{bmf("walk", "walk_bencher_ignore")}, refusal: "one benchmark"},
		"two silent twins":                 {results: []string{bmf("walkBencherIgnore", "walk-bencher-ignore")}, refusal: "one benchmark"},
		"twins of two iterations":          {results: []string{bmf("walk"), bmf("walk_bencher_ignore")}},
		"twins folded together":            {results: []string{bmf("walk"), bmf("walk_bencher_ignore")}, fold: "min", refusal: "one benchmark"},
		"one name folded":                  {results: []string{bmf("walk"), bmf("walk")}, fold: "min"},
		"a name and its slug":              {results: []string{bmf("Go Far", "go-far")}, refusal: "one benchmark"},
		"two names of one slug":            {results: []string{bmf("Go Far", "Go far!")}},
		"a measure and its name":           {results: []string{`{"one":{"latency":{"value":1},"Latency":{"value":2}}}`}, refusal: "one measure"},
		"project's name":                   {change: func(r *NewRun) { r.Project = "My Project" }, refusal: "did you mean my-project"},
		"project's UUID":                   {change: func(r *NewRun) { r.Project = uuid.NewString() }},
		"branch with a space":              {change: func(r *NewRun) { r.Branch = "a b" }, refusal: "branch"},
		"branch of 256 bytes":              {change: func(r *NewRun) { r.Branch = strings.Repeat("b", 256) }},
		"branch of 257 bytes":              {change: func(r *NewRun) { r.Branch = strings.Repeat("b", 257) }, refusal: "257"},
		"branch with a dash before":        {change: func(r *NewRun) { r.Branch = "-b" }},
		"branch of dots":                   {change: func(r *NewRun) { r.Branch = "a..b" }, refusal: "branch"},
		"branch ending in lock":            {change: func(r *NewRun) { r.Branch = "a.lock/b" }, refusal: ".lock"},
		"start point":                      {change: func(r *NewRun) { r.StartPoint = &StartPoint{Branch: "a~b"} }, refusal: "start point"},
		"testbed of 64 bytes":              {change: func(r *NewRun) { r.Testbed = strings.Repeat("t", 64) }},
		"testbed of 65 bytes":              {change: func(r *NewRun) { r.Testbed = strings.Repeat("t", 65) }, refusal: "testbed"},
		"testbed between blanks":           {change: func(r *NewRun) { r.Testbed = " t" }, refusal: "testbed"},
		"short hash":                       {change: func(r *NewRun) { r.Hash = "abc" }, refusal: "hash"},
		"hash in capitals":                 {change: func(r *NewRun) { r.Hash = strings.Repeat("AB", 20) }},
		"threshold's measure between them": {change: func(r *NewRun) { r.Thresholds = thresholdOn(" latency") }, refusal: "measure"},
		"threshold":                        {change: func(r *NewRun) { r.Thresholds = thresholdOn("latency") }},
	} {
		t.Run(name, func(t *testing.T) {
			run := NewRun{Project: "demo", Results: c.results, StartTime: time.Unix(1, 0), EndTime: time.Unix(2, 0), Settings: &Settings{Adapter: "json", Fold: c.fold}}
			if run.Results == nil {
				run.Results = []string{bmf("one")}
			}
			if c.change != nil {
				c.change(&run)
			}
			body, err := run.Freeze(uuid.New())
			if err != nil {
				t.Fatal(err)
			}
			_, err = Summarize(body)
			switch {
			case c.refusal == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
				t.Errorf("got %v, want an error with %q", err, c.refusal)
			}
		})
	}
}

// bmf is a document of benchmarks with these names.
func bmf(names ...string) string {
	document := map[string]map[string]map[string]float64{}
	for _, name := range names {
		document[name] = map[string]map[string]float64{"latency": {"value": 1}}
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func thresholdOn(measure string) *NewThresholds {
	upper := 0.9
	return &NewThresholds{Models: map[string]NewModel{measure: {Test: "t_test", Upper: &upper}}}
}
