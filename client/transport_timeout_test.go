package client

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestATimeoutIsSafeOnlyBeforeTheFirstByte meets servers that fall silent at
// each stage: before anything was written that is safe, after it the run may
// be there.
func TestATimeoutIsSafeOnlyBeforeTheFirstByte(t *testing.T) {
	deaf := func(conn net.Conn, _ *bufio.Reader) { _, _ = io.Copy(io.Discard, conn) }
	full := func(net.Conn, *bufio.Reader) { <-t.Context().Done() } // the body fills what lies between
	half := replying("HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{", func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	large := []byte(`{"project":"` + strings.Repeat("x", 32<<20) + `"}`)
	for _, test := range []struct {
		name    string
		host    string
		body    []byte
		outcome Outcome
		scope   Scope
	}{
		{"in the handshake", strings.Replace(raw(t, deaf), "http:", "https:", 1), []byte("{}"), Unavailable, ScopeHost},
		{"in the request's body", raw(t, full), large, Unknown, ScopeRun},
		{"before the answer", raw(t, deaf), []byte("{}"), Unknown, ScopeRun},
		{"in the answer's body", raw(t, half), []byte("{}"), Unknown, ScopeRun},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, err := NewAPI(test.host, "burrow/test", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer api.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			v := Classify(api.PostRun(ctx, Credential{}, test.body), Expectation{})
			if v.Outcome != test.outcome || v.Scope != test.scope || v.Message == "" {
				t.Errorf("%s (%s), want %s (%s): %q", v.Outcome, v.Scope, test.outcome, test.scope, v.Message)
			}
		})
	}
	t.Run("before the dial", func(t *testing.T) {
		api, err := NewAPI(raw(t, deaf), "burrow/test", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer api.Close()
		ended, stop := context.WithCancel(t.Context())
		stop()
		if v := Classify(api.PostRun(ended, Credential{}, []byte("{}")), Expectation{}); v.Outcome != Unavailable {
			t.Errorf("%s (%s)", v.Outcome, v.Message)
		}
	})
}
