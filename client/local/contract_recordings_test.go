package local

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// undescribed are the recorded requests that don't fit the description, by what
// it has against them. Every recorded answer fits it.
var undescribed = map[string]struct{ against, reason string }{
	"run/bad-json":        {"invalid character", "wrong on purpose"},
	"run/missing-field":   {`"end_time" is missing`, "wrong on purpose"},
	"run/wrong-type":      {"value must be an array", "wrong on purpose"},
	"run/unknown-adapter": {"/adapter", "wrong on purpose"},
	"run/content-type":    {"Content-Type", "wrong on purpose"},
	"run/no-content-type": {"Content-Type", "the real server takes none for JSON (bencher-api.md, section 8.10)"},
	"run/gzip":            {"invalid character", "wrong on purpose"},
	"run/too-big":         {"EOF", "wrong on purpose: only spaces"},
	"run/get":             {"method not allowed", "wrong on purpose"},
	"get/no-route":        {"no matching operation", "wrong on purpose"},
	"get/perf-missing":    {"value is required", "wrong on purpose"},
}

// TestRecordingsFitThePublishedDescription judges what the real server was
// asked and answered, and what this server answers to the same.
func TestRecordingsFitThePublishedDescription(t *testing.T) {
	here := openServer(t, Options{Keys: map[string]string{adaKey: "Ada Tester"}, ProjectKeys: map[string]string{demoKey: "demo"}})
	judged := newContract(t, here)
	web := httptest.NewServer(here)
	defer web.Close()
	known, misfits := map[string]string{}, []string{}
	for _, file := range []string{"run.jsonl", "browse.jsonl"} {
		for _, r := range recordings(t, file) {
			if slices.Contains(absent, r.Name) || r.Response.Body == nil && r.Response.Status != http.StatusNoContent {
				continue // not here, or cut when it was recorded
			}
			status, header, body := r.play(t, web.URL, known)
			learn(known, r.Response.Body, body)
			recorded := header.Clone() // with the CORS headers, which were not recorded
			for name, value := range r.Response.Headers {
				recorded.Set(name, value)
			}
			against, wrong := r.judge(t, judged, r.Response.Status, recorded, r.Response.Body)
			if wrong != nil {
				t.Errorf("%s: the recorded answer does not fit: %v", r.Name, wrong)
			}
			if _, wrong := r.judge(t, judged, status, header, body); wrong != nil {
				t.Errorf("%s: this server's answer does not fit: %v", r.Name, wrong)
			}
			if against == nil {
				continue
			}
			misfits = append(misfits, r.Name)
			if exception, listed := undescribed[r.Name]; !listed || !strings.Contains(against.Error(), exception.against) {
				t.Errorf("%s: the recorded request does not fit: %v", r.Name, against)
			}
		}
	}
	for name, exception := range undescribed {
		if !slices.Contains(misfits, name) {
			t.Errorf("%s fits; there it says %q", name, exception.reason)
		}
	}
}

// judge lets the description judge the recorded request, and an answer to it.
func (r recording) judge(t *testing.T, by *contract, status int, header http.Header, body any) (wrongRequest, wrongAnswer error) {
	t.Helper()
	raw := []byte{}
	if status != http.StatusNoContent {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	request := httptest.NewRequest(r.Request.Method, r.Request.Path, bytes.NewReader(r.body()))
	for name, value := range r.Request.Headers {
		request.Header.Set(name, value)
	}
	_, wrongRequest, wrongAnswer = by.judge(request, r.body(), status, header, raw)
	return wrongRequest, wrongAnswer
}
