package client

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestModelsAreCheckedAsAServerDoes has each test's bounds, from both sides
// (bencher-api.md, section 1.1).
func TestModelsAreCheckedAsAServerDoes(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	n := func(v uint32) *uint32 { return &v }
	for name, c := range map[string]struct {
		model NewModel
		taken bool
	}{
		"unknown test":                 {NewModel{Test: "nope", Upper: f(1)}, false},
		"no boundary":                  {NewModel{Test: "t_test"}, false},
		"static, negative":             {NewModel{Test: "static", Lower: f(-5)}, true},
		"static, both":                 {NewModel{Test: "static", Lower: f(1), Upper: f(1)}, true},
		"static, the wrong way round":  {NewModel{Test: "static", Lower: f(2), Upper: f(1)}, false},
		"static, with a window":        {NewModel{Test: "static", Upper: f(1), Window: n(60)}, false},
		"static, with a sample size":   {NewModel{Test: "static", Upper: f(1), MinSampleSize: n(2)}, false},
		"not a number":                 {NewModel{Test: "static", Upper: f(math.NaN())}, false},
		"endless":                      {NewModel{Test: "static", Upper: f(math.Inf(1))}, false},
		"percentage, 0":                {NewModel{Test: "percentage", Upper: f(0)}, true},
		"percentage, below 0":          {NewModel{Test: "percentage", Upper: f(-0.1)}, false},
		"percentage, over 1":           {NewModel{Test: "percentage", Upper: f(25)}, true},
		"percentage, a sample of one":  {NewModel{Test: "percentage", Upper: f(1), MinSampleSize: n(1)}, true},
		"percentage, a sample of none": {NewModel{Test: "percentage", Upper: f(1), MaxSampleSize: n(0)}, false},
		"iqr, over 1":                  {NewModel{Test: "iqr", Upper: f(3)}, true},
		"iqr, below 0":                 {NewModel{Test: "iqr", Lower: f(-3)}, false},
		"iqr, a sample of one":         {NewModel{Test: "iqr", Upper: f(3), MinSampleSize: n(1)}, false},
		"delta_iqr, 0":                 {NewModel{Test: "delta_iqr", Lower: f(0)}, true},
		"z_score, 0.5":                 {NewModel{Test: "z_score", Lower: f(0.5)}, true},
		"z_score, below 0.5":           {NewModel{Test: "z_score", Lower: f(0.49)}, false},
		"t_test, just below 1":         {NewModel{Test: "t_test", Upper: f(0.9999)}, true},
		"t_test, 1":                    {NewModel{Test: "t_test", Upper: f(1)}, false},
		"log_normal, 1":                {NewModel{Test: "log_normal", Upper: f(1)}, false},
		"least over largest":           {NewModel{Test: "t_test", Upper: f(0.9), MinSampleSize: n(9), MaxSampleSize: n(8)}, false},
		"least is largest":             {NewModel{Test: "t_test", Upper: f(0.9), MinSampleSize: n(9), MaxSampleSize: n(9)}, true},
		"no window":                    {NewModel{Test: "t_test", Upper: f(0.9), Window: n(0)}, false},
		"a window of a second":         {NewModel{Test: "t_test", Upper: f(0.9), Window: n(1)}, true},
	} {
		if err := c.model.Check(); (err == nil) != c.taken {
			t.Errorf("%s: taken %v, want %v: %v", name, err == nil, c.taken, err)
		}
	}
}

// TestForeignThresholdsStayAsTheyAre: a whole request that somebody else wrote
// keeps what this program knows nothing of.
func TestForeignThresholdsStayAsTheyAre(t *testing.T) {
	const thresholds = `{"models":{"latency":{"test":"t_test","upper_boundary":0.99,"new_field":[1,2]}},"reset":null,"later":true}`
	document := `{"project":"demo","results":["{\"one\":{\"latency\":{\"value\":1}}}"],"start_time":"2026-01-01T00:00:00Z",` +
		`"end_time":"2026-01-01T00:00:01Z","settings":{"adapter":"json"},"thresholds":` + thresholds + `}`
	body, _, own, err := FreezeRequest([]byte(document), uuid.New())
	if err != nil || own {
		t.Fatal(own, err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	if got := string(fields["thresholds"]); got != thresholds {
		t.Errorf("%s\nwant %s", got, thresholds)
	}
	if _, err := Summarize(body); err != nil {
		t.Error(err)
	}
	bad := strings.Replace(document, `"upper_boundary":0.99`, `"upper_boundary":99`, 1)
	if body, _, _, err = FreezeRequest([]byte(bad), uuid.New()); err != nil {
		t.Fatal(err)
	}
	if _, err := Summarize(body); err == nil || !strings.Contains(err.Error(), "latency") {
		t.Errorf("a boundary that a server refuses: %v", err)
	}
}
