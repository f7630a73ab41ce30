package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestClearances: what the answers before a second POST mean.
func TestClearances(t *testing.T) {
	project := func(id string) string { return `{"uuid":"` + id + `","slug":"demo"}` }
	const known = "01a210a9-70e5-7403-a21c-9345aa7c3fb0"
	page := "<html>"
	for _, test := range []struct {
		name            string
		status          int
		project         string
		version         string
		state           ClearanceState
		outcome         Outcome
		versionNotAsked bool
	}{
		{"the same project", 200, project(known), "0.6.12", ClearToSend, "", false},
		{"another project", 200, project("01a210a9-70e5-7403-a21c-9345aa7c3fb1"), "", ProjectMoved, Unavailable, true},
		{"no project", 404, `{"request_id":"r","message":"Project not found"}`, "", ProjectMoved, Unavailable, true},
		{"a 404 of something between", 404, page, "", NotCleared, Unavailable, true},
		{"a page", 502, page, "", NotCleared, Unavailable, true},
		{"a portal", 200, page, "", NotCleared, Unavailable, true},
		{"throttled", 429, `{"request_id":"r","message":"per minute"}`, "", NotCleared, Throttled, true},
		{"a credential that is refused", 400, `{"request_id":"r","message":"Malformed JSON Web Token"}`, "", NotCleared, Unauthorized, true},
		{"before keys", 200, project(known), "0.6.0", WithoutKeys, "", false},
		{"long before keys", 200, project(known), "0.5.9", WithoutKeys, "", false},
		{"the first with keys", 200, project(known), "0.6.1", ClearToSend, "", false},
		{"a later one", 200, project(known), "1.0.0", ClearToSend, "", false},
		{"a version that can't be read", 200, project(known), "next", ClearToSend, "", false},
		{"no version", 200, project(known), "", NotCleared, Unavailable, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := false
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v0/server/version" {
					asked = true
					fmt.Fprintf(w, `{"version":%q}`, test.version)
					return
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.project)
			}))
			t.Cleanup(server.Close)
			hosts := NewHosts("burrow/test", Credentials{}, nil)
			t.Cleanup(hosts.Close)
			p := Parcel{Host: server.URL, Want: Expectation{Summary: Summary{Project: "demo"}}}
			if err := p.KnownProject.UnmarshalText([]byte(known)); err != nil {
				t.Fatal(err)
			}
			c := hosts.Clear(t.Context(), p)
			if c.State != test.state || c.Trouble.Outcome != test.outcome || asked == test.versionNotAsked {
				t.Errorf("%s (%s: %s), version asked %v", c.State, c.Trouble.Outcome, c.Trouble.Message, asked)
			}
		})
	}
}
