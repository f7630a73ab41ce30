package local

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"burrow/client"
)

// get2xx asks over a real socket and decodes the answer.
func get2xx(t *testing.T, url string, into any) (total string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", url, response.StatusCode, raw, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return response.Header.Get("X-Total-Count")
}

func TestReportsAreListedNewestFirstInPages(t *testing.T) {
	s := openServer(t, Options{})
	api, web := apiOf(t, s, false), httptest.NewServer(s)
	defer web.Close()
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for i := range 12 {
		at := start.Add(time.Duration((i*5)%12) * time.Minute) // not in the order of time
		report(t, send(t, api, "", fields{"start_time": at, "end_time": at.Add(time.Second), "branch": fmt.Sprintf("branch-%d", i%3)}))
	}
	reports := web.URL + "/v0/projects/demo/reports"
	for _, c := range []struct {
		query   string
		total   string
		minutes []int
	}{
		{"", "12", []int{11, 10, 9, 8, 7, 6, 5, 4}},
		{"?page=2", "12", []int{3, 2, 1, 0}},
		{"?page=3", "12", nil},
		{"?page=0&per_page=2", "12", []int{11, 10}},
		{"?per_page=0", "12", nil},
		{"?per_page=3&direction=asc", "12", []int{0, 1, 2}},
		{fmt.Sprintf("?start_time=%d&end_time=%d", start.Add(3*time.Minute).UnixMilli(), start.Add(5*time.Minute+time.Second).UnixMilli()), "3", []int{5, 4, 3}},
		{fmt.Sprintf("?start_time=%d", start.Add(10*time.Minute).UnixMilli()+1), "1", []int{11}},
		{"?branch=branch-0&testbed=localhost", "4", []int{9, 6, 3, 0}},
		{"?branch=nowhere", "0", nil},
		{"?testbed=7f1d3c52-0b7e-4a55-9c2e-5a1b6f2d9eff", "0", nil},
		{"?archived=true", "0", nil},
	} {
		var page []client.Report
		total := get2xx(t, reports+c.query, &page)
		minutes := []int(nil)
		for _, r := range page {
			minutes = append(minutes, r.StartTime.Minute())
			if r.Results != nil || len(r.Counts.Results) != 1 {
				t.Errorf("%s: results in a list, or no counts", c.query)
			}
		}
		if total != c.total || fmt.Sprint(minutes) != fmt.Sprint(c.minutes) {
			t.Errorf("%q: total %s, %v; want %s, %v", c.query, total, minutes, c.total, c.minutes)
		}
	}
	var expanded []client.Report
	if get2xx(t, reports+"?expand=true&per_page=1", &expanded); len(expanded) != 1 || len(expanded[0].Results) != 1 {
		t.Errorf("expanded: %+v", expanded)
	}
	var found []client.Branch
	if total := get2xx(t, web.URL+"/v0/projects/demo/branches?search=CH-2", &found); total != "1" || found[0].Name != "branch-2" {
		t.Errorf("searched: %s %+v", total, found)
	}
	for _, query := range []string{"?per_page=256", "?page=x", "?start_time=soon"} {
		response, err := http.Get(reports + query)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", query, response.StatusCode)
		}
	}
}

func TestProjectsAreFoundBySlugAndUUID(t *testing.T) {
	s := openServer(t, Options{Console: "http://here/"})
	web := httptest.NewServer(s)
	defer web.Close()
	made := report(t, send(t, apiOf(t, s, false), adaKey, nil)).Project
	for _, name := range []string{made.Slug, made.UUID.String()} {
		var p client.Project
		if get2xx(t, web.URL+"/v0/projects/"+name, &p); p.UUID != made.UUID || p.Claimed == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	var console struct{ URL string }
	if get2xx(t, web.URL+"/v0/server/config/console", &console); console.URL != "http://here/" {
		t.Errorf("console %q", console.URL)
	}
}
