package local

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// TestPerfIsTheHistoryOfMetrics: a point for each iteration of each report, in
// order of version; series without any are left out.
func TestPerfIsTheHistoryOfMetrics(t *testing.T) {
	s := openServer(t, Options{})
	api, web := apiOf(t, s, false), httptest.NewServer(s)
	defer web.Close()
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	var last client.Report
	for i := range 4 {
		at := start.Add(-time.Duration(i) * time.Hour) // each measured before the one that came before it
		last = report(t, send(t, api, "", fields{"start_time": at, "end_time": at.Add(time.Second), "results": []string{
			fmt.Sprintf(`{"a": {"latency": {"value": %d}}}`, 10*i), fmt.Sprintf(`{"a": {"latency": {"value": %d}}, "b": {"latency": {"value": 1}}}`, 10*i+1),
		}}))
	}
	other := report(t, send(t, api, "", fields{"branch": "other", "results": []string{`{"a": {"latency": {"value": 99}}}`}}))
	ids := func(all ...uuid.UUID) string {
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ","), "[]")
	}
	a, b := last.Results[1][0].Benchmark.UUID, last.Results[1][1].Benchmark.UUID
	query := fmt.Sprintf("/v0/projects/demo/perf?branches=%s&testbeds=%s&benchmarks=%s&measures=%s",
		ids(last.Branch.UUID, other.Branch.UUID), last.Testbed.UUID, ids(b, a, uuid.New()), last.Results[0][0].Measures[0].Measure.UUID)
	show := func(query string) string {
		var found client.Perf
		get2xx(t, web.URL+query, &found)
		var text []string
		for _, s := range found.Results {
			line := s.Branch.Name + "/" + s.Benchmark.Name
			for _, m := range s.Metrics {
				line += fmt.Sprintf(" %d:%d:%g", m.Version.Number, m.Iteration, m.Metric.Value)
			}
			text = append(text, line)
		}
		return strings.Join(text, "; ")
	}
	main := last.Branch.Name
	for query, want := range map[string]string{
		query: main + "/b 0:1:1 1:1:1 2:1:1 3:1:1; " + main + "/a 0:0:0 0:1:1 1:0:10 1:1:11 2:0:20 2:1:21 3:0:30 3:1:31; other/a 0:0:99",
		query + fmt.Sprintf("&start_time=%d&end_time=%d", start.Add(-time.Hour).UnixMilli(), start.UnixMilli()): main + "/b 1:1:1; " + main + "/a 1:0:10 1:1:11",
	} {
		if got := show(query); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
		}
	}
	for _, bad := range []string{"", "?branches=x", query[:strings.Index(query, "&measures")], query + "x"} {
		response, err := http.Get(web.URL + "/v0/projects/demo/perf" + strings.TrimPrefix(bad, "/v0/projects/demo/perf"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, response.StatusCode)
		}
	}
}
