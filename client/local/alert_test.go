package local

import (
	"encoding/json"
	"fmt"
	"testing"

	"burrow/client"
)

func TestThresholdsRaiseAlerts(t *testing.T) {
	percent := func(more fields) fields {
		model := fields{"test": "percentage", "upper_boundary": 0.1}
		for k, v := range more {
			model[k] = v
		}
		return model
	}
	for _, test := range []struct {
		name     string
		model    fields
		earlier  []float64
		value    float64
		bench    string
		baseline float64
		upper    float64 // 0: no boundary
		alert    string
	}{
		{"above", percent(nil), []float64{100, 100}, 150, "walk", 100, 110, "upper"},
		{"at the limit", percent(nil), []float64{100}, 110, "walk", 100, 110, ""},
		{"the mean of all", percent(nil), []float64{100, 200}, 160, "walk", 150, 165, ""},
		{"no history", percent(nil), nil, 150, "walk", 0, 0, ""},
		{"too little history", percent(fields{"min_sample_size": 3}), []float64{100, 100}, 150, "walk", 0, 0, ""},
		{"only the newest", percent(fields{"max_sample_size": 1}), []float64{1, 100}, 150, "walk", 100, 110, "upper"},
		{"out of the window", percent(fields{"window": 1}), []float64{100}, 150, "walk", 0, 0, ""},
		{"silent", percent(nil), []float64{100}, 150, "walk_bencher_ignore", 100, 110, ""},
		{"below", fields{"test": "percentage", "lower_boundary": 0.5}, []float64{100}, 40, "walk", 100, 0, "lower"},
		{"static", fields{"test": "static", "upper_boundary": 99}, nil, 150, "walk", 0, 99, "upper"},
		{"statistical ones are kept only", fields{"test": "t_test", "upper_boundary": 0.9}, []float64{100, 100}, 150, "walk", 0, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := openServer(t, Options{})
			api := apiOf(t, server, false)
			run := func(value float64) client.Report {
				return report(t, send(t, api, "", fields{
					"results":    []string{fmt.Sprintf(`{%q:{"latency":{"value":%v}}}`, test.bench, value)},
					"thresholds": fields{"models": fields{"latency": test.model}},
				}))
			}
			for _, v := range test.earlier {
				run(v)
			}
			got := run(test.value)
			measure := got.Results[0][0].Measures[0]
			if orZero(measure.Boundary.Baseline) != test.baseline || orZero(measure.Boundary.Upper) != test.upper {
				t.Errorf("boundary %v, %v", orZero(measure.Boundary.Baseline), orZero(measure.Boundary.Upper))
			}
			limit := ""
			if len(got.Alerts) == 1 {
				limit = got.Alerts[0].Limit
			}
			if limit != test.alert || got.AlertCounts().Total != len(got.Alerts) || got.AlertCounts().Active != len(got.Alerts) {
				t.Errorf("alerts %v, counted %v, want %q", got.Alerts, got.AlertCounts(), test.alert)
			}
			if test.alert != "" && got.Alerts[0].MeasureName() != "Latency" {
				t.Errorf("the alert is about %q", got.Alerts[0].MeasureName())
			}
			var listed []client.Alert
			page := browse(t, server, "/v0/projects/demo/alerts?status=active")
			if err := json.Unmarshal(page.Body.Bytes(), &listed); err != nil || len(listed) < len(got.Alerts) || len(got.Alerts) > 0 && listed[0].UUID != got.Alerts[0].UUID {
				t.Errorf("%d alerts listed: %v", len(listed), err)
			}
		})
	}
}

func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}
