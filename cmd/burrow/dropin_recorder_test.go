package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"burrow/client/local"
)

// runRecorder is a Bencher-compatible server that keeps what it was asked.
type runRecorder struct {
	url    string
	server http.Handler

	mu   sync.Mutex
	seen asked
}

// asked is what a server was asked.
type asked struct {
	calls int
	runs  [][]byte // bodies of POST /v0/run
}

func recordRuns(t *testing.T) *runRecorder {
	t.Helper()
	server, err := local.Open(filepath.Join(t.TempDir(), "server.db"), local.Options{Keys: map[string]string{knownKey: "Ada Tester"}})
	if err != nil {
		t.Fatal(err)
	}
	r := &runRecorder{server: server}
	web := httptest.NewServer(r)
	r.url = web.URL
	t.Cleanup(func() {
		web.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *runRecorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	r.keep(request, body)
	r.server.ServeHTTP(w, request)
}

func (r *runRecorder) keep(request *http.Request, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.calls++
	if request.Method == http.MethodPost && request.URL.Path == "/v0/run" {
		r.seen.runs = append(r.seen.runs, body)
	}
}

// taken returns what was asked since it was called last.
func (r *runRecorder) taken() asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = asked{}
	return seen
}
