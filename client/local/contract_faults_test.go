package local

import (
	"net/http/httptest"
	"testing"

	"burrow/client"

	"github.com/google/uuid"
)

// TestFaultsFitThePublishedDescription: what goes wrong to order has a form
// that the description knows, each answer that reaches the client at least.
// A proxy's HTML page and half an answer are meant not to fit; see
// TestRefusedRunsLeaveNothing and TestTruncatedResponseCommits for those.
func TestFaultsFitThePublishedDescription(t *testing.T) {
	for fault, want := range map[string]int{
		"race=1": 409, "throttle=30:1": 429, "throttle-bare=1": 429, "incomplete=1": 500, "partial=1:1": 500,
		"status=503:1": 503, "status=500:1": 500, "status=402:1": 402, "status=403:1": 403, "status=423:1": 423, "latency=1ms": 201, "skew=-1h": 201,
	} {
		t.Run(fault, func(t *testing.T) {
			ordered, err := ParseFault(fault)
			if err != nil {
				t.Fatal(err)
			}
			judged := newContract(t, openServer(t, Options{Faults: []Fault{ordered}}))
			web := httptest.NewServer(judged)
			defer web.Close()
			api := judgedAPI(t, web.URL)
			body := runOf(t, 3, nil)
			if x := api.PostRun(t.Context(), client.Credential{}, body); x.Status != want {
				t.Errorf("status %d, want %d: %v %.200s", x.Status, want, x.Err, x.Body)
			}
			if x := api.PostRun(t.Context(), client.Credential{}, body); x.Status != 201 {
				t.Errorf("the replay: status %d: %v %.200s", x.Status, x.Err, x.Body)
			}
		})
	}
}

// TestRefusalsFitThePublishedDescription: so does each refusal of a request
// that is wrong itself.
func TestRefusalsFitThePublishedDescription(t *testing.T) {
	const key = "bencher_user_abcdefghijklmnopqrstuvwxyz0123"
	judged := newContract(t, openServer(t, Options{Keys: map[string]string{key: "muriel"}, ProjectKeys: map[string]string{demoKey: "demo"}}))
	web := httptest.NewServer(judged)
	defer web.Close()
	api, muriel := judgedAPI(t, web.URL), client.NewCredential(key)
	made := report(t, api.PostRun(t.Context(), muriel, runOf(t, 1, nil)))
	report(t, api.PostRun(t.Context(), muriel, runOf(t, 1, func(r *client.NewRun) { r.Project = "other" })))
	post := func(credential string, change func(*client.NewRun)) func() client.Exchange {
		return func() client.Exchange {
			return api.PostRun(t.Context(), client.NewCredential(credential), runOf(t, 1, change))
		}
	}
	unknown := uuid.NewString()
	for name, c := range map[string]struct {
		ask  func() client.Exchange
		want int
	}{
		"adapter can't read":      {post(key, func(r *client.NewRun) { r.Results = []string{"nothing"} }), 400},
		"benchmark of no project": {post(key, func(r *client.NewRun) { r.Results = []string{`{"` + unknown + `":{"latency":{"value":1}}}`} }), 404},
		"two that become one": {post(key, func(r *client.NewRun) {
			r.Results = []string{`{"a":{"latency":{"value":1}},"a_bencher_ignore":{"latency":{"value":1}}}`}
		}), 500},
		"unknown branch":   {post(key, func(r *client.NewRun) { r.Branch = unknown }), 404},
		"unknown project":  {post(key, func(r *client.NewRun) { r.Project = unknown }), 404},
		"unknown key":      {post(strangeKey, nil), 401},
		"a claimed one":    {post("", nil), 401},
		"another's key":    {post(demoKey, func(r *client.NewRun) { r.Project = "other" }), 401},
		"no report":        {func() client.Exchange { return api.GetReport(t.Context(), muriel, "demo", uuid.New()) }, 404},
		"delete no report": {func() client.Exchange { return api.DeleteReport(t.Context(), muriel, "demo", uuid.New()) }, 404},
		"delete by key": {func() client.Exchange {
			return api.DeleteReport(t.Context(), client.NewCredential(demoKey), "demo", made.UUID)
		}, 400},
		"delete by nobody": {func() client.Exchange { return api.DeleteReport(t.Context(), client.Credential{}, "demo", made.UUID) }, 400},
		"no project":       {func() client.Exchange { return api.GetProject(t.Context(), muriel, "nowhere") }, 404},
	} {
		if x := c.ask(); x.Status != c.want {
			t.Errorf("%s: status %d, want %d: %v %.200s", name, x.Status, c.want, x.Err, x.Body)
		}
	}
	for path, want := range map[string]int{
		"/v0/projects/demo/thresholds/" + unknown: 404, "/v0/projects/demo/alerts/" + unknown: 404, "/v0/projects/demo/plots": 200,
		"/v0/projects/demo/thresholds?branch=main": 200, "/v0/projects/demo/reports?branch=nowhere": 200,
		"/v0/projects/demo/reports?per_page=255&page=9": 200, "/v0/projects/nowhere/alerts": 404, "/v0/projects/nowhere/perf": 404,
	} {
		if path == "/v0/projects/nowhere/perf" {
			path += "?branches=" + unknown + "&testbeds=" + unknown + "&benchmarks=" + unknown + "&measures=" + unknown
		}
		if answer := browse(t, judged, path); answer.Code != want {
			t.Errorf("%s: status %d, want %d: %.200s", path, answer.Code, want, answer.Body)
		}
	}
}

// judgedAPI speaks to a judged server.
func judgedAPI(t *testing.T, url string) *client.API {
	t.Helper()
	hosts := client.NewHosts("burrow/test", client.NewCredentials(url, client.Credential{}), nil)
	t.Cleanup(hosts.Close)
	api, err := hosts.API(url)
	if err != nil {
		t.Fatal(err)
	}
	return api
}
