package client

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TestAStreamIsReset breaks off HTTP/2 streams, whose connection lives on:
// before the answer's head and after it.
func TestAStreamIsReset(t *testing.T) {
	var posts atomic.Int32
	var begins atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		if begins.Load() {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"uuid":`)
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	api, err := NewAPI(server.URL, "burrow/test", Dialing{Insecure: true}.transport())
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	for i, want := range []int{0, http.StatusCreated} {
		begins.Store(want != 0)
		x := api.PostRun(t.Context(), Credential{}, []byte("{}"))
		v := Classify(x, Expectation{})
		if v.Outcome != Unknown || v.Scope != ScopeRun || v.HTTPStatus != want || v.Message == "" {
			t.Errorf("%s (%s, %d), want a status of %d: %q", v.Outcome, v.Scope, v.HTTPStatus, want, v.Message)
		}
		if n := posts.Load(); n != int32(i+1) {
			t.Errorf("%d requests came for %d attempts", n, i+1)
		}
	}
}

// TestAKeptConnectionThatDiesIsNoSecondPost answers once and resets the
// connection at the second request, which it has read: the client may not send
// that again by itself.
func TestAKeptConnectionThatDiesIsNoSecondPost(t *testing.T) {
	var posts atomic.Int32
	host := raw(t, func(conn net.Conn, reader *bufio.Reader) {
		for n := range 2 {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			posts.Add(1)
			if n == 1 {
				reset(conn)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad\r\nContent-Length: 33\r\n\r\n"+`{"request_id":"r","message":"no"}`)
		}
	})
	api, err := NewAPI(host, "burrow/test", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	for _, want := range []Outcome{Refused, Unknown} {
		if v := Classify(api.PostRun(t.Context(), Credential{}, []byte("{}")), Expectation{}); v.Outcome != want {
			t.Errorf("%s, want %s: %s", v.Outcome, want, v.Message)
		}
	}
	if n := posts.Load(); n != 2 {
		t.Errorf("%d requests came for 2 attempts", n)
	}
}
