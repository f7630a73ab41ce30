package local

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"burrow/client"

	"github.com/google/uuid"
)

// Keys that stand for the recordings' placeholders.
const (
	adaKey     = "bencher_user_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	strangeKey = "bencher_user_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"
	demoKey    = "bencher_run_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

type recording struct {
	Name    string
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
		BodyText     *string `json:"body_text"`
		BodyBytes    int     `json:"body_bytes"`
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    any
	}
}

// watched are the thresholds of results that nothing watches here.
var watched = []string{".results[0][0].measures[0].threshold", ".results[0][0].measures[0].boundary",
	".results[0][1].measures[0].threshold", ".results[0][1].measures[0].boundary"}

// different are the recorded calls that the local server answers otherwise in
// shape, on purpose, with the paths that may differ.
var different = map[string]struct {
	paths  []string
	reason string
}{
	"run/no-content-type":    {watched, "the real server kept the threshold of run/bad-threshold, which it had refused"},
	"run/aliases-slug-first": {watched, "as above"},
	"run/many-zero-value":    {watched, "as above"},
	"run/odd-names":          {watched, "as above"},
	"get/reports":            {[]string{"[1].counts.results"}, "between the recordings other reports were made, which would be listed first"},
	"get/branches":           {[]string{"[0].head.start_point", "[1].head.start_point"}, "and other branches"},
	"get/thresholds":         {[]string{"[0].branch.head.start_point", "[1].branch.head.start_point"}, "two that were made within one second are in order of UUID"},
}

// absent are the recorded calls of endpoints that burrow doesn't use on the
// local server.
var absent = []string{"key/project-create", "project/rename", "get/user"}

// TestAnswersAsRecorded plays what a real server was asked, in order.
func TestAnswersAsRecorded(t *testing.T) {
	server := openServer(t, Options{Keys: map[string]string{adaKey: "Ada Tester"}, ProjectKeys: map[string]string{demoKey: "demo"}})
	web := httptest.NewServer(server)
	defer web.Close()
	known := map[string]string{} // recorded UUID → this server's
	for _, file := range []string{"run.jsonl", "browse.jsonl"} {
		for _, r := range recordings(t, file) {
			t.Run(r.Name, func(t *testing.T) {
				if slices.Contains(absent, r.Name) {
					t.Skip("the local server has no such endpoint")
				}
				status, header, body := r.play(t, web.URL, known)
				if status != r.Response.Status {
					t.Fatalf("status %d, recorded %d: %.300v", status, r.Response.Status, body)
				}
				for _, name := range []string{"Content-Type", "Allow"} {
					if got, want := header.Get(name), r.Response.Headers[strings.ToLower(name)]; got != want {
						t.Errorf("%s %q, recorded %q", name, got, want)
					}
				}
				if _, recorded := r.Response.Headers["x-total-count"]; recorded != (header.Get("X-Total-Count") != "") {
					t.Errorf("X-Total-Count %q, recorded %q", header.Get("X-Total-Count"), r.Response.Headers["x-total-count"])
				}
				if header.Get("X-Request-Id") == "" || header.Get("Date") == "" {
					t.Errorf("no X-Request-Id or no Date: %v", header)
				}
				if r.Response.Body == nil {
					return // nothing, null, or a text that was cut when it was recorded
				}
				allowed := different[r.Name].paths
				for path, why := range shapeDiff("", r.Response.Body, body) {
					if !slices.Contains(allowed, path) {
						t.Errorf("at %q: %s", path, why)
					}
				}
				learn(known, r.Response.Body, body)
			})
		}
	}
}

func recordings(t *testing.T, file string) []recording {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "recordings", file)
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("the recordings of the real server are not here: %v", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 8<<20)
	all := []recording{}
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func (r recording) play(t *testing.T, url string, known map[string]string) (int, http.Header, any) {
	t.Helper()
	body, path := r.body(), r.Request.Path
	for recorded, here := range known {
		path = strings.ReplaceAll(path, recorded, here)
	}
	request, err := http.NewRequest(r.Request.Method, url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.Request.Headers {
		value = strings.NewReplacer("<user key>", adaKey, "<project key>", demoKey, "<a user key that nobody has>", strangeKey,
			"<a JSON Web Token with a wrong signature>", "aaaa.bbbb.cccc").Replace(value)
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &decoded); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
	}
	return response.StatusCode, response.Header, decoded
}

func (r recording) body() []byte {
	switch {
	case r.Request.BodyText != nil:
		return []byte(*r.Request.BodyText)
	case r.Request.BodyBytes > 0:
		return bytes.Repeat([]byte(" "), r.Request.BodyBytes)
	}
	return r.Request.Body
}

// shapeDiff says where two documents differ in field names, null or type.
func shapeDiff(path string, want, got any) map[string]string {
	diff := map[string]string{}
	add := func(more map[string]string) {
		for p, why := range more {
			diff[p] = why
		}
	}
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		diff[path] = fmt.Sprintf("%T, recorded %T", got, want)
		return diff
	}
	switch want := want.(type) {
	case map[string]any:
		got := got.(map[string]any)
		for name := range want {
			if _, ok := got[name]; !ok {
				diff[path+"."+name] = "missing"
				continue
			}
			add(shapeDiff(path+"."+name, want[name], got[name]))
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				diff[path+"."+name] = "not recorded"
			}
		}
	case []any:
		got := got.([]any)
		if (len(want) == 0) != (len(got) == 0) {
			diff[path] = fmt.Sprintf("%d elements, recorded %d", len(got), len(want))
		}
		for i := range min(len(want), len(got)) {
			add(shapeDiff(fmt.Sprintf("%s[%d]", path, i), want[i], got[i]))
		}
	}
	return diff
}

// learn remembers which UUID here stands for which recorded one.
func learn(known map[string]string, want, got any) {
	switch want := want.(type) {
	case string:
		if got, ok := got.(string); ok && uuid.Validate(want) == nil {
			known[want] = got
		}
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			for name := range want {
				learn(known, want[name], got[name])
			}
		}
	case []any:
		if got, ok := got.([]any); ok {
			for i := range min(len(want), len(got)) {
				learn(known, want[i], got[i])
			}
		}
	}
}

// TestRecordedValues checks what the shapes leave open, in the same calls.
func TestRecordedValues(t *testing.T) {
	server := openServer(t, Options{Keys: map[string]string{adaKey: "Ada Tester"}, ProjectKeys: map[string]string{demoKey: "demo"}})
	web := httptest.NewServer(server)
	defer web.Close()
	compared := 0
	refused := 0 // versions that refused runs used up on the real server only
	for _, r := range recordings(t, "run.jsonl") {
		if r.Name == "run/bad-threshold" {
			refused++
		}
		_, _, body := r.play(t, web.URL, nil)
		want, got := decodeReport(t, r.Response.Body), decodeReport(t, body)
		if want.UUID == uuid.Nil {
			if r.Response.Status >= 400 {
				first := func(v any) string {
					message, _ := v.(map[string]any)["message"].(string)
					return message[:min(len(message), 14)]
				}
				if first(r.Response.Body) != first(body) && !strings.HasPrefix(r.Name, "run/get") {
					t.Errorf("%s: message %q, recorded %q", r.Name, first(body), first(r.Response.Body))
				}
			}
			continue
		}
		compared++
		if want.Branch.Name == "main" && want.Branch.Head.Version.Number > 13 {
			want.Branch.Head.Version.Number -= refused
		}
		if !reflect.DeepEqual(want.Counts.Results, got.Counts.Results) || want.Adapter != got.Adapter || !want.StartTime.Equal(got.StartTime) ||
			want.Branch.Name != got.Branch.Name || !reflect.DeepEqual(want.Branch.Head.Version, got.Branch.Head.Version) || want.Testbed.Slug != got.Testbed.Slug ||
			want.Project.Name != got.Project.Name || want.Project.Slug != got.Project.Slug || (want.User == nil) != (got.User == nil) {
			t.Errorf("%s:\n got %+v %+v\nwant %+v %+v", r.Name, got, got.Branch.Head.Version, want, want.Branch.Head.Version)
		}
		for i := range want.Results {
			if r.Name == "run/folded" {
				break // see mean
			}
			for j := range want.Results[i] {
				w, g := want.Results[i][j], got.Results[i][j]
				if w.Benchmark.Name != g.Benchmark.Name || w.Iteration != g.Iteration || w.Measures[0].Metric.Value != g.Measures[0].Metric.Value ||
					w.Measures[0].Measure.Name != g.Measures[0].Measure.Name || w.Measures[0].Measure.Units != g.Measures[0].Measure.Units {
					t.Errorf("%s: result %d of iteration %d: %+v, recorded %+v", r.Name, j, i, g, w)
				}
				if !slices.Contains(different[r.Name].paths, watched[1]) && !reflect.DeepEqual(w.Measures[0].Boundary, g.Measures[0].Boundary) {
					t.Errorf("%s: boundary %+v, recorded %+v", r.Name, g.Measures[0].Boundary, w.Measures[0].Boundary)
				}
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d reports were compared", compared)
	}
}

func decodeReport(t *testing.T, body any) client.Report {
	t.Helper()
	var report client.Report
	if fields, ok := body.(map[string]any); !ok || fields["uuid"] == nil {
		return report
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	return report
}
