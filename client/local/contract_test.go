package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/uuid"
)

// description is what the real server publishes of itself; it lies beside the
// project where it is developed, and not in a user's clone.
const description = "../../../shared/bencher-openapi.json"

// contract is the server between a client and the published description: each
// request that burrow makes, and each answer of this server, must fit it.
type contract struct {
	t      *testing.T
	router routers.Router
	server http.Handler

	mu    sync.Mutex
	calls map[string]int // "METHOD path status" → how often
}

func newContract(t *testing.T, server http.Handler) *contract {
	t.Helper()
	text, err := os.ReadFile(description)
	if err != nil {
		t.Skip("no description of the real server beside the project")
	}
	loaded, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(loaded, openapi3.DisableExamplesValidation())
	if err != nil {
		t.Fatal(err)
	}
	return &contract{t: t, router: router, server: server, calls: map[string]int{}}
}

func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	name := r.Method + " " + r.URL.Path
	answer := httptest.NewRecorder()
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.server.ServeHTTP(answer, r)
	path, wrongRequest, wrongAnswer := c.judge(r, body, answer.Code, answer.Header(), answer.Body.Bytes())
	if wrongRequest != nil {
		c.t.Errorf("%s: the request does not fit the description: %v\n%.300s", name, wrongRequest, body)
	}
	if wrongAnswer != nil {
		c.t.Errorf("%s: the answer %d does not fit the description: %v\n%.600s", name, answer.Code, wrongAnswer, answer.Body)
	}
	c.mu.Lock()
	c.calls[fmt.Sprintf("%s %s %d", r.Method, path, answer.Code)]++
	c.mu.Unlock()
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// judge says what the description has against a request and its answer, and
// under which path it describes the call.
func (c *contract) judge(r *http.Request, body []byte, status int, header http.Header, answer []byte) (path string, wrongRequest, wrongAnswer error) {
	route, vars, err := c.router.FindRoute(r)
	if err != nil {
		return "", fmt.Errorf("it has no such call: %w", err), nil
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: vars, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	wrongRequest = openapi3filter.ValidateRequest(r.Context(), input)
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: status, Header: header, Options: input.Options}
	output.SetBodyBytes(answer)
	return route.Path, wrongRequest, openapi3filter.ValidateResponse(r.Context(), output)
}

// TestEveryCallFitsThePublishedDescription makes every call that burrow knows
// and lets the description judge both sides.
func TestEveryCallFitsThePublishedDescription(t *testing.T) {
	const key = "bencher_user_abcdefghijklmnopqrstuvwxyz0123"
	partial, err := ParseFault("partial=1:1")
	if err != nil {
		t.Fatal(err)
	}
	judged := newContract(t, openServer(t, Options{Keys: map[string]string{key: "muriel"}, Faults: []Fault{partial}}))
	listening := httptest.NewServer(judged)
	t.Cleanup(listening.Close)
	credential := client.NewCredential(key)
	hosts := client.NewHosts("burrow/test", client.NewCredentials(listening.URL, credential), nil)
	t.Cleanup(hosts.Close)
	api, err := hosts.API(listening.URL)
	if err != nil {
		t.Fatal(err)
	}

	// A spent key, looked at, deleted and sent again.
	whole := runOf(t, 3, nil)
	summary, err := client.Summarize(whole)
	if err != nil {
		t.Fatal(err)
	}
	parcel := client.Parcel{Host: listening.URL, Fingerprint: credential.Fingerprint(), Body: whole, Want: client.Expectation{Summary: summary}}
	if v := hosts.Send(t.Context(), parcel); v.Outcome != client.Unknown {
		t.Fatalf("the half-stored run is %s: %s", v.Outcome, v.Message)
	}
	short := hosts.Send(t.Context(), parcel)
	if short.Outcome != client.Incomplete {
		t.Fatalf("its replay is %s: %s", short.Outcome, short.Message)
	}
	parcel.Report, parcel.ReportProject, parcel.KnownProject = short.Report.UUID, short.Report.Project.UUID, short.Report.Project.UUID
	if s := hosts.Look(t.Context(), parcel); s.State != client.SawShort {
		t.Errorf("a look sees %s", s.State)
	}
	if may, err := hosts.MayDelete(t.Context(), parcel); err != nil || !may {
		t.Errorf("may delete: %v, %v", may, err)
	}
	if d := hosts.Delete(t.Context(), parcel); d.State != client.Deleted {
		t.Errorf("the deletion is %s", d.State)
	}
	if c := hosts.Clear(t.Context(), parcel); c.State != client.ClearToSend {
		t.Errorf("the clearance is %s: %s", c.State, c.Trouble.Message)
	}
	if s := hosts.Search(t.Context(), parcel); !s.Asked || len(s.Found) != 0 {
		t.Errorf("the search found %d: %s", len(s.Found), s.Trouble.Message)
	}
	if v := hosts.Send(t.Context(), parcel); !v.Outcome.Acknowledged() {
		t.Fatalf("sent again it is %s: %s", v.Outcome, v.Message)
	}

	report := judgedRuns(t, hosts, parcel)
	judgedBrowsing(t, judged, hosts, credential, listening.URL, report)

	// Refusals.
	for _, wrong := range []client.Exchange{
		api.GetReport(t.Context(), credential, "demo", uuid.New()), api.GetProject(t.Context(), credential, "nowhere"),
		api.PostRun(t.Context(), client.NewCredential("bencher_user_none"), whole),
	} {
		if wrong.Status < 400 || wrong.Status >= 500 {
			t.Errorf("status %d, not a refusal", wrong.Status)
		}
	}
	for _, call := range []string{
		"POST /v0/run 201", "POST /v0/run 500", "POST /v0/run 401", "GET /v0/projects/{project}/reports 200",
		"GET /v0/projects/{project}/reports/{report} 200", "GET /v0/projects/{project}/reports/{report} 404",
		"DELETE /v0/projects/{project}/reports/{report} 204", "GET /v0/projects/{project}/allowed/{permission} 200",
		"GET /v0/projects/{project} 200", "GET /v0/projects/{project} 404", "GET /v0/server/version 200", "GET /v0/projects 200",
		"GET /v0/projects/{project}/branches 200", "GET /v0/projects/{project}/testbeds 200",
		"GET /v0/projects/{project}/benchmarks 200", "GET /v0/projects/{project}/measures 200",
		"GET /v0/projects/{project}/thresholds/{threshold} 200", "GET /v0/projects/{project}/alerts/{alert} 200",
		"GET /v0/projects/{project}/thresholds 200", "GET /v0/projects/{project}/alerts 200", "GET /v0/projects/{project}/perf 200",
	} {
		if judged.calls[call] == 0 {
			t.Errorf("%s was never made; made were %v", call, judged.calls)
		}
	}
}

// judgedRuns sends runs of every form; the last one raises an alert.
func judgedRuns(t *testing.T, hosts *client.Hosts, parcel client.Parcel) *client.Report {
	t.Helper()
	hundredth, size, window := 0.01, uint32(10), uint32(1<<30)
	models := map[string]client.NewModel{
		"latency":    {Test: "percentage", Upper: &hundredth, MaxSampleSize: &size, Window: &window},
		"throughput": {Test: "static", Lower: &hundredth},
	}
	var last *client.Report
	for _, change := range []func(*client.NewRun){
		func(r *client.NewRun) { r.Settings.Fold, r.Settings.Average = "min", "mean" },
		func(r *client.NewRun) { r.Hash = strings.Repeat("0a", 20) },
		func(r *client.NewRun) {
			r.Branch, r.StartPoint = "feature", &client.StartPoint{Branch: "main", MaxVersions: 10, CloneThresholds: true}
		},
		func(r *client.NewRun) {
			r.Branch, r.StartPoint = "anew", &client.StartPoint{MaxVersions: 255, Reset: true}
		},
		func(r *client.NewRun) { r.SpecReset = true; r.Thresholds = &client.NewThresholds{Reset: true} },
		func(r *client.NewRun) { r.Thresholds = &client.NewThresholds{Models: models} },
		func(r *client.NewRun) {
			r.Thresholds, r.Results = &client.NewThresholds{Models: models, Reset: true}, []string{`{"walk":{"latency":{"value":1e9,"upper_value":2e9}}}`}
		},
	} {
		parcel.Body = runOf(t, 2, change)
		summary, err := client.Summarize(parcel.Body)
		if err != nil {
			t.Fatal(err)
		}
		parcel.Want = client.Expectation{Summary: summary, Fresh: true}
		v := hosts.Send(t.Context(), parcel)
		if v.Outcome != client.Created {
			t.Fatalf("the run is %s: %s\n%s", v.Outcome, v.Message, parcel.Body)
		}
		last = v.Report
	}
	if last.AlertCounts().Total != 1 {
		t.Errorf("%d alerts", last.AlertCounts().Total)
	}
	return last
}

// judgedBrowsing reads every list, and the history of the report's metric.
func judgedBrowsing(t *testing.T, judged http.Handler, hosts *client.Hosts, credential client.Credential, host string, report *client.Report) {
	t.Helper()
	browser, err := hosts.Browse(host, credential, nil)
	if err != nil {
		t.Fatal(err)
	}
	project, ctx, page := report.Project.Slug, t.Context(), client.Paging{Size: 5, Number: 1}
	result := report.Results[0][0]
	for name, ask := range map[string]func() error{
		"version":  func() error { _, _, err := browser.Version(ctx); return err },
		"projects": func() error { _, err := browser.Projects(ctx, client.NameFilter{Search: "pro"}, page); return err },
		"project":  func() error { _, _, err := browser.Project(ctx, project); return err },
		"reports": func() error {
			_, err := browser.Reports(ctx, project, client.ReportFilter{Branch: "main", Start: report.StartTime}, page)
			return err
		},
		"report":     func() error { _, _, err := browser.Report(ctx, project, report.UUID); return err },
		"branches":   func() error { _, err := browser.Branches(ctx, project, client.NameFilter{}, page); return err },
		"testbeds":   func() error { _, err := browser.Testbeds(ctx, project, client.NameFilter{}, page); return err },
		"benchmarks": func() error { _, err := browser.Benchmarks(ctx, project, client.NameFilter{}, page); return err },
		"measures":   func() error { _, err := browser.Measures(ctx, project, client.NameFilter{}, page); return err },
		"thresholds": func() error { _, err := browser.Thresholds(ctx, project, client.ThresholdFilter{}, page); return err },
		"alerts":     func() error { _, err := browser.Alerts(ctx, project, "active", page); return err },
		"perf": func() error {
			_, _, err := browser.Perf(ctx, project, client.PerfQuery{
				Branches: []uuid.UUID{report.Branch.UUID}, Testbeds: []uuid.UUID{report.Testbed.UUID},
				Benchmarks: []uuid.UUID{result.Benchmark.UUID}, Measures: []uuid.UUID{result.Measures[0].Measure.UUID},
			})
			return err
		},
	} {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var watched client.Threshold
	if err := json.Unmarshal(report.Alerts[0].Threshold, &watched); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/alerts/" + report.Alerts[0].UUID.String(), "/thresholds/" + watched.UUID.String(), "/thresholds?measure=latency", "/reports?expand=true"} {
		if answer := browse(t, judged, "/v0/projects/"+project+path); answer.Code != http.StatusOK {
			t.Errorf("%s: status %d: %.200s", path, answer.Code, answer.Body)
		}
	}
	browse(t, judged, "/v0/server/config/console")
}

// browse reads one page without a credential.
func browse(t *testing.T, server http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

// runOf is a frozen run of so many iterations.
func runOf(t *testing.T, iterations int, change func(*client.NewRun)) []byte {
	t.Helper()
	now := time.Now()
	about, err := client.RunContext(t.Context(), ".")
	if err != nil {
		t.Log(err)
	}
	run := client.NewRun{
		Project: "demo", Branch: "main", Testbed: "ci", StartTime: now.Add(-time.Second), EndTime: now,
		Results:  slices.Repeat([]string{`{"walk":{"latency":{"value":1,"lower_value":null,"upper_value":2},"throughput":{"value":5}}}`}, iterations),
		Settings: &client.Settings{Adapter: "json"}, Context: about,
	}
	if change != nil {
		change(&run)
	}
	body, err := run.Freeze(uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(body) {
		t.Fatal("not JSON")
	}
	return body
}
