package local

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// openServer opens a server over a store of its own; it is closed, and
// everything that it still does awaited, at the test's end.
func openServer(t *testing.T, options Options) *Server {
	t.Helper()
	return openServerAt(t, filepath.Join(t.TempDir(), "server", "local.db"), options)
}

func openServerAt(t *testing.T, path string, options Options) *Server {
	t.Helper()
	server, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // t's own has ended by now
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return server
}

func TestRestartKeepsReportsAndKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "local.db")
	key := newKey()
	before := openServerAt(t, path, Options{})
	report := holds(t, post(t, apiOf(t, before, true), key), iterations)
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	api := apiOf(t, openServerAt(t, path, Options{}), true)
	if again := holds(t, post(t, api, key), iterations); again.UUID != report.UUID {
		t.Fatalf("report %s became %s", report.UUID, again.UUID)
	}
	file, err := os.Stat(path)
	if err != nil || file.Mode().Perm() != 0o600 {
		t.Errorf("the store's file: %v, %v", file.Mode(), err)
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("the store's folder: %v, %v", folder.Mode(), err)
	}
}

// Two servers over one file stand for two processes: bbolt's lock tells them
// apart by file descriptor.
func TestSeveralServersShareOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local.db")
	one, other := apiOf(t, openServerAt(t, path, Options{}), false), apiOf(t, openServerAt(t, path, Options{}), false)
	var group sync.WaitGroup
	answers := make([]client.Exchange, 10)
	for round := range 5 {
		key := newKey()
		for i, api := range []*client.API{one, other} {
			group.Go(func() { answers[2*round+i] = post(t, api, key) })
		}
	}
	group.Wait()
	for _, x := range answers {
		holds(t, x, iterations)
	}
	if n := count(t, one); n != 5 {
		t.Fatalf("%d reports, want 5", n)
	}
}

func TestReportUUIDsAscend(t *testing.T) {
	api := apiOf(t, openServer(t, Options{Clock: func() time.Time { return time.UnixMilli(1_800_000_000_123) }}), false)
	last := ""
	for range 20 {
		id := holds(t, post(t, api, newKey()), iterations).UUID
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 || id.String() <= last {
			t.Fatalf("%s after %s", id, last)
		}
		last = id.String()
	}
}

func TestClosedServerIsNeverReached(t *testing.T) {
	s := openServer(t, Options{})
	api := apiOf(t, s, false)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := post(t, api, newKey()); !errors.Is(x.Err, ErrClosed) || x.Sent {
		t.Fatalf("sent %v, error %v", x.Sent, x.Err)
	}
}

func TestCloseCutsOffWhatWaitsTooLong(t *testing.T) {
	s := openServer(t, Options{Faults: []Fault{{Kind: SlowCommit, For: time.Hour, Times: 1}}})
	api, key := apiOf(t, s, false), newKey()
	dropped(t, post(t, api, key))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("close: %v", err)
	}
	if err := s.Wait(t.Context()); err != nil { // the hour is cut off
		t.Fatal(err)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	events := make(chan Event, 8)
	s := openServer(t, Options{Log: func(e Event) { events <- e }, Faults: []Fault{{Kind: LoseResponse, Times: 1}}})
	api := apiOf(t, s, true)
	dropped(t, post(t, api, newKey()))
	if e := <-events; e.Method != http.MethodPost || e.Path != "/v0/run" || e.Status != 0 || e.Fault != "lose-response=1" || e.Took <= 0 {
		t.Errorf("%+v", e)
	}
	post(t, api, newKey())
	if e := <-events; e.Status != http.StatusCreated || e.Fault != "" {
		t.Errorf("%+v", e)
	}
}
