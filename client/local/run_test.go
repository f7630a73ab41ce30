package local

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"burrow/client"

	"github.com/google/uuid"
)

// fields are a run request's, beside those that every one has here.
type fields map[string]any

// send posts a run with these fields and returns the answer.
func send(t *testing.T, api *client.API, credential string, with fields) client.Exchange {
	t.Helper()
	run := fields{"project": "demo", "start_time": "2026-11-20T10:00:00Z", "end_time": "2026-11-20T10:00:01Z", "settings": fields{"adapter": "json"}, "context": fields{},
		"results": []string{`{"one":{"latency":{"value":1}}}`}}
	for name, value := range with {
		run[name] = value
	}
	raw, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	return api.PostRun(t.Context(), client.NewCredential(credential), raw)
}

func report(t *testing.T, x client.Exchange) client.Report {
	t.Helper()
	var r client.Report
	if x.Err != nil || x.Status != http.StatusCreated || json.Unmarshal(x.Body, &r) != nil {
		t.Fatalf("status %d, error %v: %.300s", x.Status, x.Err, x.Body)
	}
	return r
}

func refused(t *testing.T, x client.Exchange, status int, begins string) {
	t.Helper()
	if e := message(t, x, status); !strings.HasPrefix(e.Message, begins) || e.RequestID == "" || e.RequestID != x.Header.Get("X-Request-Id") {
		t.Errorf("%d %q (request %s), want one that begins %q", x.Status, e.Message, e.RequestID, begins)
	}
}

func openAPI(t *testing.T, options Options) *client.API {
	t.Helper()
	return apiOf(t, openServer(t, options), false)
}

func TestBadRunsAreRefusedByName(t *testing.T) {
	api := openAPI(t, Options{})
	unknown := "7f1d3c52-0b7e-4a55-9c2e-5a1b6f2d9eff"
	report(t, send(t, api, "", nil))
	upper := 0.4
	for _, c := range []struct {
		with   fields
		status int
		begins string
	}{
		{fields{"start_time": nil}, 400, "unable to parse JSON body: missing field `start_time`"},
		{fields{"end_time": "yesterday"}, 400, "unable to parse JSON body: end_time"},
		{fields{"results": nil}, 400, "unable to parse JSON body: missing field `results`"},
		{fields{"results": "text"}, 400, "unable to parse JSON body: results: invalid type: string, expected a sequence"},
		{fields{"results": []any{nil}}, 400, "unable to parse JSON body: results"},
		{fields{"project": "Not A Slug"}, 400, "unable to parse JSON body: project"},
		{fields{"hash": "abc"}, 400, "unable to parse JSON body: hash: Failed to validate git hash: abc"},
		{fields{"branch": "no..dots"}, 400, "unable to parse JSON body: branch: invalid value: string \"no..dots\""},
		{fields{"branch": "main.lock"}, 400, "unable to parse JSON body: branch"},
		{fields{"testbed": " padded "}, 400, "unable to parse JSON body: testbed"},
		{fields{"testbed": strings.Repeat("x", 65)}, 400, "unable to parse JSON body: testbed"},
		{fields{"idempotency_key": "nope"}, 400, "unable to parse JSON body: idempotency_key: UUID parsing failed"},
		{fields{"settings": fields{"adapter": "nope"}}, 400, "unable to parse JSON body: settings.adapter: unknown variant `nope`"},
		{fields{"settings": fields{"fold": "sum"}}, 400, "unable to parse JSON body: settings.fold"},
		{fields{"thresholds": fields{"models": fields{"latency": fields{"test": "guess", "upper_boundary": 1}}}}, 400, "unable to parse JSON body: thresholds"},
		{fields{"thresholds": fields{"models": fields{"latency": fields{"test": "t_test"}}}}, 400, "Invalid"},
		{fields{"thresholds": fields{"models": fields{"latency": fields{"test": "z_score", "upper_boundary": upper}}}}, 400, "Invalid Boundary: Invalid statistical boundary: 0.4"},
		{fields{"thresholds": fields{"models": fields{"latency": fields{"test": "static", "upper_boundary": 1, "window": 5}}}}, 400, "Invalid"},
		{fields{"thresholds": fields{"models": fields{"latency": fields{"test": "iqr", "upper_boundary": 1, "min_sample_size": 1}}}}, 400, "Invalid Sample Size"},
		{fields{"project": unknown}, 404, "Project (Uuid(ProjectUuid(" + unknown},
		{fields{"branch": unknown}, 404, "Branch ("},
		{fields{"testbed": unknown}, 404, "Testbed ("},
		{fields{"project": "elsewhere", "context": nil}, 404, "Project (Slug("},
		{fields{"project": nil, "context": nil}, 400, "The `project` field was not specified"},
		{fields{"project": nil}, 400, "The `project` field was not specified"},
	} {
		refused(t, send(t, api, "", c.with), c.status, c.begins)
	}
	if n := count(t, api); n != 1 {
		t.Errorf("%d reports: a refused run left one", n)
	}
}

func TestBodiesAreBoundedAndNotDecompressed(t *testing.T) {
	overEach(t, nil, func(t *testing.T, _ *Server, api *client.API) {
		refused(t, api.PostRun(t.Context(), client.Credential{}, bytes.Repeat([]byte(" "), 6<<20)), 400, "request body exceeded maximum size of 4194304 bytes")
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write(body(newKey())); err != nil || w.Close() != nil {
			t.Fatal("gzip failed")
		}
		refused(t, api.PostRun(t.Context(), client.Credential{}, zipped.Bytes()), 400, "unable to parse JSON body")
		padded := append(body(newKey()), bytes.Repeat([]byte(" "), client.MaxBody)...)
		holds(t, api.PostRun(t.Context(), client.Credential{}, padded[:client.MaxBody]), iterations)
	})
}

func TestVersionsAreNumberedPerHead(t *testing.T) {
	api := openAPI(t, Options{})
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	number := func(with fields) int { return report(t, send(t, api, "", with)).Branch.Head.Version.Number }
	got := []int{
		number(fields{"hash": a}), number(nil), number(nil), number(fields{"hash": b}), number(fields{"hash": a}), // known: 0 again
		number(fields{"branch": "grown", "start_point": fields{"branch": "main"}}),
		number(fields{"branch": "grown", "start_point": fields{"branch": "main"}, "hash": b}), // taken over
		number(fields{"branch": "grown", "start_point": fields{"branch": "main", "reset": true}}),
		number(fields{"branch": "cut", "start_point": fields{"branch": "main", "hash": a, "max_versions": 1}}),
		number(fields{"branch": "lone", "start_point": fields{"branch": "no-such-branch"}}),
		number(fields{"branch": "main", "start_point": fields{"branch": "main"}}), // itself: ignored
		number(fields{"branch": "main", "start_point": fields{"reset": true}}),
	}
	if want := []int{0, 1, 2, 3, 0, 4, 3, 4, 1, 0, 4, 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("versions %v, want %v", got, want)
	}
}

func TestFoldsMakeOneIteration(t *testing.T) {
	api := openAPI(t, Options{})
	results := []string{
		`{"a":{"latency":{"value":1,"lower_value":0}},"b":{"latency":{"value":2}}}`,
		`{"a":{"latency":{"value":9,"lower_value":4}},"b":{"latency":{"value":4}}}`,
		`{"a":{"latency":{"value":2,"lower_value":2}}}`}
	for how, want := range map[string][2]float64{"min": {1, 2}, "max": {9, 4}, "mean": {4, 3}, "median": {2, 3}} {
		r := report(t, send(t, api, "", fields{"results": results, "settings": fields{"adapter": "json", "fold": how}}))
		if len(r.Results) != 1 || len(r.Results[0]) != 2 {
			t.Fatalf("%s: %+v", how, r.Results)
		}
		a, b := r.Results[0][0].Measures[0].Metric, r.Results[0][1].Measures[0].Metric
		if a.Value != want[0] || b.Value != want[1] || a.Lower == nil || b.Lower != nil {
			t.Errorf("%s: a %+v, b %+v, want %v", how, a, b, want)
		}
	}
}

func TestResultsThatFailSpendTheKey(t *testing.T) {
	api := openAPI(t, Options{})
	unknown := `{"7f1d3c52-0b7e-4a55-9c2e-5a1b6f2d9eff":{"latency":{"value":1}}}`
	good := `{"one":{"latency":{"value":1}}}`
	for _, c := range []struct {
		name    string
		adapter string
		results []string
		status  int
		begins  string
		held    int
	}{
		{"text", "json", []string{good, "garbage"}, 400, "Failed to convert results with adapter (json | JsonReportSettings { adapter: Some(Json), average: None, fold: None }): Failed to convert results: garbage\n\nAre you sure json is the right adapter?", 0},
		{"no benchmark", "go_bench", []string{"PASS\n"}, 400, "Failed to convert results with adapter (go_bench | ", 0},
		{"only a real server's", "rust_criterion", []string{"x  time: [1 ns 2 ns 3 ns]"}, 400, "Failed to convert results with adapter (rust_criterion | ", 0},
		{"long name", "json", []string{`{"` + strings.Repeat("n", 1025) + `":{"latency":{"value":1}}}`}, 400, "Failed to convert results", 0},
		{"unknown benchmark", "json", []string{good, unknown, good}, 404, "Benchmark (", 1},
		{"one benchmark twice", "json", []string{good, `{"walk":{"latency":{"value":1}},"walk_bencher_ignore":{"latency":{"value":1}}}`}, 500, "Failed to write report results: UNIQUE constraint failed: report_benchmark", 1},
		{"one measure twice", "json", []string{`{"one":{"latency":{"value":1},"Latency":{"value":1}}}`}, 500, "Failed to write report results: UNIQUE constraint failed: metric", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			with := fields{"results": c.results, "settings": fields{"adapter": c.adapter}, "idempotency_key": newKey()}
			refused(t, send(t, api, "", with), c.status, c.begins)
			with["results"] = []string{good, good, good}
			holds(t, send(t, api, "", with), c.held)
		})
	}
}

func TestForeignAdaptersAreNamed(t *testing.T) {
	x := send(t, openAPI(t, Options{}), "", fields{"settings": fields{"adapter": "shell_hyperfine"}})
	if e := message(t, x, 400); !strings.Contains(e.Message, "(The built-in server reads only json and Go benchmark output.)") {
		t.Errorf("%s", e.Message)
	}
}

func TestNamesAndIgnoreSuffixes(t *testing.T) {
	api := openAPI(t, Options{})
	r := report(t, send(t, api, "", fields{"results": []string{`{"noisyBencherIgnore":{"Peak RSS":{"value":1},"build-time":{"value":2}},"日本":{"latency":{"value":3}}}`, `{}`,
		`{"Noisy":{"latency":{"value":3}},"noisy":{"latency":{"value":3}}}`}}))
	measures := r.Results[0][0].Measures
	if r.Results[0][0].Benchmark.Name != "noisy" || measures[0].Measure.Units != "Measure (units)" || measures[0].Measure.Name != "Peak RSS" ||
		measures[1].Measure.Name != "Build Time" || measures[1].Measure.Units != "seconds (s)" {
		t.Errorf("%+v", r.Results[0])
	}
	if len(r.Results) != 2 || r.Results[1][0].Iteration != 2 || len(r.Counts.Results) != 2 {
		t.Errorf("an iteration without benchmarks has an entry: %+v", r.Counts)
	}
}

func TestThresholdsAreKeptAndCloned(t *testing.T) {
	api := openAPI(t, Options{})
	models := fields{"models": fields{"latency": fields{"test": "percentage", "upper_boundary": 0.1}}}
	first := report(t, send(t, api, "", fields{"thresholds": models}))
	again := report(t, send(t, api, "", fields{"thresholds": models}))
	if !bytes.Equal(first.Results[0][0].Measures[0].Threshold, again.Results[0][0].Measures[0].Threshold) {
		t.Error("the same model made another threshold")
	}
	clone := report(t, send(t, api, "", fields{"branch": "clone", "start_point": fields{"branch": "main", "clone_thresholds": true}}))
	if string(clone.Results[0][0].Measures[0].Threshold) == "null" {
		t.Error("the threshold was not cloned")
	}
	reset := report(t, send(t, api, "", fields{"thresholds": fields{"reset": true}}))
	if string(reset.Results[0][0].Measures[0].Threshold) != "null" {
		t.Error("the threshold was not reset")
	}
}

func TestCredentials(t *testing.T) {
	grace := "bencher_user_GGGGGGGGGGGGGGGGGGGGGGGGGGGGGG"
	otherKey := "bencher_run_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
	api := openAPI(t, Options{Keys: map[string]string{adaKey: "Ada Tester", grace: "Grace"}, ProjectKeys: map[string]string{demoKey: "demo", otherKey: "nowhere"}})
	anonymous := report(t, send(t, api, "", nil))
	if anonymous.User != nil || anonymous.Project.Claimed != nil {
		t.Errorf("anonymous: %+v %+v", anonymous.User, anonymous.Project)
	}
	claimed := report(t, send(t, api, adaKey, nil))
	if claimed.User == nil || claimed.User.Slug != "ada-tester" || claimed.Project.Claimed == nil || claimed.Project.UUID != anonymous.Project.UUID {
		t.Errorf("a user's run did not claim: %+v %+v", claimed.User, claimed.Project)
	}
	refused(t, send(t, api, "", nil), 401, "This project (demo) has already been claimed.")
	refused(t, send(t, api, grace, nil), 403, "User (grace)")
	refused(t, send(t, api, strangeKey, nil), 401, "Invalid user key")
	refused(t, send(t, api, "bencher_user_short", nil), 401, "Invalid authorization token")
	refused(t, send(t, api, "hello", nil), 401, "Invalid authorization token")
	refused(t, send(t, api, "aa.bb.cc", nil), 400, "Failed to validate JSON Web Token: Failed to decode JSON Web Token: InvalidSignature")
	if r := report(t, send(t, api, demoKey, fields{"project": nil, "context": nil})); r.User != nil || r.Project.Slug != "demo" {
		t.Errorf("a project key's run: %+v %+v", r.User, r.Project)
	}
	refused(t, send(t, api, demoKey, fields{"project": anonymous.Project.UUID, "results": []string{"x"}}), 400, "Failed to convert")
	report(t, send(t, api, grace, fields{"project": "other"}))
	refused(t, send(t, api, demoKey, fields{"project": "other"}), 401, "Invalid project key")
	refused(t, send(t, api, otherKey, fields{"project": nil}), 404, "Project (")

	for credential, begins := range map[string]string{"": `Request is missing "Authorization" header`, demoKey: "Malformed JSON Web Token", strangeKey: "Invalid user key"} {
		x := api.DeleteReport(t.Context(), client.NewCredential(credential), "demo", claimed.UUID)
		refused(t, x, 400, begins)
		if credential != "" && strings.Contains(string(x.Body), credential) {
			t.Error("the message tells the key")
		}
	}
	refused(t, api.DeleteReport(t.Context(), client.NewCredential(grace), "demo", claimed.UUID), 403, "User")
	for credential, want := range map[string]bool{adaKey: true, grace: false, demoKey: false, "": false} {
		if may, err := api.MayDelete(t.Context(), client.NewCredential(credential), "demo"); may != want || err != nil {
			t.Errorf("%.14s may delete: %v, %v", credential, may, err)
		}
	}
}

func TestAnyWellFormedKeyIsTakenWhereNoneIsDeclared(t *testing.T) {
	api := openAPI(t, Options{})
	first := report(t, send(t, api, adaKey, nil))
	other := report(t, send(t, api, strangeKey, nil))
	if first.User == nil || first.User.Name != "Local User" || other.User.UUID != first.User.UUID {
		t.Errorf("%+v and %+v", first.User, other.User)
	}
	if r := report(t, send(t, api, demoKey, nil)); r.User != nil {
		t.Errorf("a project key's user: %+v", r.User)
	}
	refused(t, send(t, api, "", nil), 401, "This project (demo)")
}

func TestKeysAreScopedByProjectAndRefusedRunsMakeNothing(t *testing.T) {
	api, key := openAPI(t, Options{}), newKey()
	one := report(t, send(t, api, "", fields{"idempotency_key": key}))
	two := report(t, send(t, api, "", fields{"idempotency_key": strings.ToUpper(strings.ReplaceAll(key, "-", "")), "project": "two"}))
	if one.UUID == two.UUID {
		t.Error("one key in two projects made one report")
	}
	// A replay drops the new payload, its branch included.
	same := report(t, send(t, api, "", fields{"idempotency_key": "urn:uuid:" + key, "branch": "unheard-of"}))
	if same.UUID != one.UUID {
		t.Errorf("%s, not %s", same.UUID, one.UUID)
	}
	if x := api.GetReport(t.Context(), client.Credential{}, "demo", uuid.Max); x.Status != http.StatusNotFound {
		t.Errorf("a report that is not there: %d", x.Status)
	}
}
