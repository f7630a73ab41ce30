package local

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"burrow/client"

	"github.com/google/uuid"
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

// TestHistoryIsTheHeads: a baseline is the mean of what its branch's head
// holds: its own reports and iterations so far, and its start point's versions.
func TestHistoryIsTheHeads(t *testing.T) {
	hash := func(n int) string { return fmt.Sprintf("%040x", n) }
	first := func(r client.Report) float64 { return orZero(r.Results[0][0].Measures[0].Boundary.Baseline) }
	for _, test := range []struct {
		name  string
		with  fields // of the report whose first baseline counts, after main had 100, 200 and 300
		after func(send func(float64, fields) client.Report)
		want  float64
	}{
		{"its own", fields{"branch": "main"}, nil, 200},
		{"a start point's", fields{"branch": "new", "start_point": fields{"branch": "main"}}, nil, 200},
		{"so many versions of it", fields{"branch": "new", "start_point": fields{"branch": "main", "max_versions": 2}}, nil, 250},
		{"none of them", fields{"branch": "new", "start_point": fields{"branch": "main", "max_versions": 0}}, nil, 0},
		{"up to a hash", fields{"branch": "new", "start_point": fields{"branch": "main", "hash": hash(2)}}, nil, 150},
		{"not what came to it later", fields{"branch": "new"}, func(send func(float64, fields) client.Report) {
			send(200, fields{"branch": "new", "start_point": fields{"branch": "main"}})
			send(1e6, fields{"branch": "main"})
		}, 200},
		{"a start point's start point", fields{"branch": "newest", "start_point": fields{"branch": "new"}}, func(send func(float64, fields) client.Report) {
			send(600, fields{"branch": "new", "start_point": fields{"branch": "main", "max_versions": 1}})
		}, 450},
		{"a start point that was reset since", fields{"branch": "new"}, func(send func(float64, fields) client.Report) {
			send(200, fields{"branch": "new", "start_point": fields{"branch": "main"}})
			send(1e6, fields{"branch": "main", "start_point": fields{"reset": true}})
		}, 200},
		{"not what was before a reset", fields{"branch": "main", "start_point": fields{"reset": true}}, nil, 0},
		{"another branch's", fields{"branch": "other"}, nil, 0},
		{"another testbed's", fields{"branch": "main", "testbed": "other"}, nil, 0},
		{"a version that is there, again", fields{"branch": "main", "hash": hash(3)}, nil, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := openAPI(t, Options{})
			send := func(value float64, with fields) client.Report {
				run := fields{
					"results":    []string{fmt.Sprintf(`{"walk":{"latency":{"value":%v}}}`, value)},
					"thresholds": fields{"models": fields{"latency": fields{"test": "percentage", "upper_boundary": 0.1}}},
				}
				for k, v := range with {
					run[k] = v
				}
				return report(t, send(t, api, "", run))
			}
			for i, v := range []float64{100, 200, 300} {
				send(v, fields{"branch": "main", "hash": hash(i + 1)})
			}
			if test.after != nil {
				test.after(send)
			}
			if got := first(send(1, test.with)); got != test.want {
				t.Errorf("baseline %v, want %v", got, test.want)
			}
		})
	}
}

// TestEachIterationIsJudgedByTheOnesBefore: the real server commits one before
// it judges the next.
func TestEachIterationIsJudgedByTheOnesBefore(t *testing.T) {
	api := openAPI(t, Options{})
	got := report(t, send(t, api, "", fields{
		"results":    []string{`{"walk":{"latency":{"value":100}}}`, `{"walk":{"latency":{"value":200}}}`, `{"walk":{"latency":{"value":150}}}`},
		"thresholds": fields{"models": fields{"latency": fields{"test": "percentage", "upper_boundary": 0.1}}},
	}))
	for i, want := range []float64{0, 100, 150} {
		if baseline := orZero(got.Results[i][0].Measures[0].Boundary.Baseline); baseline != want {
			t.Errorf("baseline %v of iteration %d, want %v", baseline, i, want)
		}
	}
	if len(got.Alerts) != 1 || got.Alerts[0].Iteration != 1 {
		t.Errorf("alerts %+v, want one, of iteration 1", got.Alerts)
	}
}

// TestLimitsBeyondAllNumbers: metrics as high as a float goes are stored.
func TestLimitsBeyondAllNumbers(t *testing.T) {
	api := openAPI(t, Options{})
	for range 3 {
		got := report(t, send(t, api, "", fields{
			"results":    []string{`{"walk":{"latency":{"value":1.7e308}}}`},
			"thresholds": fields{"models": fields{"latency": fields{"test": "percentage", "upper_boundary": 0.1}}},
		}))
		if got.Results[0][0].Measures[0].Boundary.Upper != nil || len(got.Alerts) != 0 {
			t.Errorf("boundary %+v, %d alerts", got.Results[0][0].Measures[0].Boundary, len(got.Alerts))
		}
	}
}

// TestThresholdsAreListedByWhatTheyWatch: by branch, testbed and measure, and
// alone by UUID; alerts alone too.
func TestThresholdsAreListedByWhatTheyWatch(t *testing.T) {
	server := openServer(t, Options{})
	api := apiOf(t, server, false)
	static := fields{"test": "static", "upper_boundary": 0.5}
	made := client.Report{}
	for _, branch := range []string{"main", "other"} {
		made = report(t, send(t, api, "", fields{"branch": branch, "testbed": "ci-" + branch, "thresholds": fields{"models": fields{"latency": static, "throughput": static}}}))
	}
	for query, want := range map[string]int{
		"": 4, "?branch=main": 2, "?testbed=ci-other": 2, "?measure=latency": 2, "?branch=other&measure=Throughput": 1, "?branch=" + made.Branch.UUID.String(): 2,
		"?branch=main&testbed=ci-other": 0, "?branch=nowhere": 0, "?measure=7f1d3c52-0b7e-4a55-9c2e-5a1b6f2d9eff": 0,
	} {
		page := browse(t, server, "/v0/projects/demo/thresholds"+query)
		var found []client.Threshold
		if err := json.Unmarshal(page.Body.Bytes(), &found); err != nil || len(found) != want || page.Header().Get("X-Total-Count") != fmt.Sprint(want) {
			t.Errorf("%q: %d of %s thresholds, want %d (%v)", query, len(found), page.Header().Get("X-Total-Count"), want, err)
		}
		for _, one := range found {
			alone := browse(t, server, "/v0/projects/demo/thresholds/"+one.UUID.String())
			var again client.Threshold
			if err := json.Unmarshal(alone.Body.Bytes(), &again); err != nil || !reflect.DeepEqual(one, again) {
				t.Errorf("alone %+v, in the list %+v (%v)", again, one, err)
			}
		}
	}
	var alert client.Alert
	alone := browse(t, server, "/v0/projects/demo/alerts/"+made.Alerts[0].UUID.String())
	if err := json.Unmarshal(alone.Body.Bytes(), &alert); err != nil || alert.UUID != made.Alerts[0].UUID || alert.Report != made.UUID {
		t.Errorf("the alert alone is %+v (%v)", alert, err)
	}
	for _, path := range []string{"thresholds", "alerts"} {
		for id, want := range map[string]int{uuid.NewString(): http.StatusNotFound, "x": http.StatusBadRequest} {
			if page := browse(t, server, "/v0/projects/demo/"+path+"/"+id); page.Code != want {
				t.Errorf("%s/%s: %d, want %d", path, id, page.Code, want)
			}
		}
	}
}

func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}
