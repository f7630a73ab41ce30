package outbox_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"
	"burrow/client/local"
	"burrow/outbox"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// reach is how far the first request of a run came.
type reach int

const (
	nowhere reach = iota // the server saw no request
	head                 // it saw its head, and no whole body
	whole
	anywhere // what the wire does races with the server
)

// toxics are what the wire does to the first exchange of a run: each kind, in
// each direction, at each stage of the exchange. Upstream carries the request
// (TestStages holds the numbers of bytes to its head and body), downstream the
// answer. Then how far the first request came, and what was made of the first
// answer.
var toxics = []struct {
	name, toxic string
	reach       reach
	outcome     client.Outcome
	status      int
}{
	{"slow request", `{"type":"latency","stream":"upstream","attributes":{"latency":200,"jitter":50}}`, whole, client.Created, 201},
	{"slow answer", `{"type":"latency","stream":"downstream","attributes":{"latency":200,"jitter":50}}`, whole, client.Created, 201},
	{"narrow request", `{"type":"bandwidth","stream":"upstream","attributes":{"rate":2}}`, whole, client.Created, 201},
	{"narrow answer", `{"type":"bandwidth","stream":"downstream","attributes":{"rate":2}}`, whole, client.Created, 201},
	{"request in slices", `{"type":"slicer","stream":"upstream","attributes":{"average_size":7,"size_variation":3,"delay":10}}`, whole, client.Created, 201},
	{"answer in slices", `{"type":"slicer","stream":"downstream","attributes":{"average_size":7,"size_variation":3,"delay":10}}`, whole, client.Created, 201},
	{"reset before the request", `{"type":"reset_peer","stream":"upstream","attributes":{"timeout":0}}`, nowhere, client.Unknown, 0},
	{"reset before the answer", `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`, anywhere, client.Unknown, 0},
	{"reset while the server works", `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":50}}`, anywhere, client.Unknown, 0},
	{"request swallowed", `{"type":"timeout","stream":"upstream","attributes":{"timeout":100}}`, nowhere, client.Unknown, 0},
	{"answer swallowed", `{"type":"timeout","stream":"downstream","attributes":{"timeout":100}}`, anywhere, client.Unknown, 0},
	{"cut in the request's head", limit("upstream", 30), nowhere, client.Unknown, 0},
	{"cut in the request's body", limit("upstream", requestBody), head, client.Unknown, 0},
	{"cut before the answer", limit("downstream", 0), anywhere, client.Unknown, 0},
	{"cut in the answer's head", limit("downstream", 30), whole, client.Unknown, 0},
	{"cut early in the answer's body", limit("downstream", answerBody), whole, client.Unknown, 201},
	{"cut late in the answer's body", limit("downstream", answerLate), whole, client.Unknown, 201},
}

// Numbers of bytes after which the wire is cut.
const (
	requestBody = 500
	answerBody  = 1500
	answerLate  = 5000
)

func limit(stream string, bytes int) string {
	return fmt.Sprintf(`{"type":"limit_data","stream":%q,"attributes":{"bytes":%d}}`, stream, bytes)
}

// TestWhateverTheWireDoesOneWholeReportIsMade sends a run through each of
// them, lets the wire heal after an attempt, and looks at what the server
// holds.
func TestWhateverTheWireDoesOneWholeReportIsMade(t *testing.T) {
	for _, test := range toxics {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := wired(t)
			proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), test.name,
				"127.0.0.1:0", strings.TrimPrefix(w.host, "http://"))
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
			defer proxy.Stop()
			if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(test.toxic)); err != nil {
				t.Fatal(err)
			}
			store, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
			if err != nil {
				t.Fatal(err)
			}
			run := wireRun(t, store, "http://"+proxy.Listen)
			hosts := client.NewHosts("burrow/test", client.Credentials{}, nil)
			defer hosts.Close()
			stop := sending(t, &outbox.Sender{Store: store, Deliverer: hosts, Policy: outbox.Policy{Mend: outbox.MendAny, Settle: time.Second}})
			var history []outbox.Attempt
			wireWait(t, store, run, func(r *outbox.Run) bool {
				if history, err = store.History(t.Context(), r.ID); err != nil {
					t.Fatal(err)
				}
				return len(history) > 0
			})
			early := w.first() // the next request comes seconds later
			proxy.Toxics.ResetToxics(context.Background())
			done := wireWait(t, store, run, func(r *outbox.Run) bool { return r.Status.Ended() })
			stop()
			first, came := history[0], early
			if test.reach != nowhere {
				came = w.first() // the server may have noted it after the client gave up
			}
			if first.Outcome == client.Unavailable { // a reset that came before the first byte was written
				first.Outcome = client.Unknown
				if early != nowhere {
					t.Errorf("the first attempt is %s, but its request came to stage %d", client.Unavailable, early)
				}
			}
			if first.Outcome != test.outcome || first.HTTPStatus != test.status {
				t.Errorf("the first attempt is %s (%d), want %s (%d): %s", first.Outcome, first.HTTPStatus, test.outcome, test.status, first.Error)
			}
			if test.reach != anywhere && came != test.reach {
				t.Errorf("the first request came to stage %d, want %d", came, test.reach)
			}
			if !done.Status.Acknowledged() {
				t.Errorf("the run is %s: %s", done.Status, done.Message)
			}
			reports, err := w.api.FindReports(t.Context(), client.Credential{}, "demo", run.StartTime, run.EndTime)
			if err != nil || len(reports) != 1 || len(reports[0].Iterations()) != 3 {
				t.Fatalf("%d reports: %v", len(reports), err)
			}
			if reports[0].UUID != done.Report.UUID {
				t.Errorf("the report is %s, the run names %s", reports[0].UUID, done.Report.UUID)
			}
			if problems, err := store.Check(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("%v %v", problems, err)
			}
		})
	}
}

// wire is a server on a real socket, with a way to it that no toxic lies on.
type wire struct {
	api   *client.API
	host  string
	mu    sync.Mutex
	posts []reach // how far each run request came, in order
}

// first is how far the first run request came.
func (w *wire) first() reach {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.posts) == 0 {
		return nowhere
	}
	return w.posts[0]
}

// watch notes how far a run request came before the server has it.
func (w *wire) watch(server http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			w.mu.Lock()
			came := whole
			if err != nil {
				came = head
			}
			w.posts = append(w.posts, came)
			w.mu.Unlock()
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		server.ServeHTTP(answer, r)
	})
}

func wired(t *testing.T) *wire {
	t.Helper()
	server, err := local.Open(filepath.Join(t.TempDir(), "server.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	listening := httptest.NewServer(w.watch(server))
	t.Cleanup(listening.Close)
	w.host = listening.URL
	if w.api, err = client.NewAPI(listening.URL, "burrow/test", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.api.Close)
	return w
}

// wireRun enqueues a run of three iterations whose report fills some packets.
func wireRun(t *testing.T, store *outbox.Store, host string) *outbox.Run {
	t.Helper()
	id, err := outbox.NewID()
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now()
	result := `{"walk":{"latency":{"value":1}},"run":{"latency":{"value":2}}}`
	body, err := client.NewRun{
		Project: "demo", Branch: "main", Testbed: "ci", StartTime: end.Add(-time.Minute), EndTime: end,
		Results: []string{result, result, result}, Settings: &client.Settings{Adapter: "json"},
	}.Freeze(id)
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := store.Enqueue(t.Context(), outbox.New{ID: id, Body: body, Host: host})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// sending runs a sender until the returned function is called.
func sending(t *testing.T, sender *outbox.Sender) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sender.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func wireWait(t *testing.T, store *outbox.Store, run *outbox.Run, ok func(*outbox.Run) bool) *outbox.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	changes := store.Watch(ctx)
	for {
		now, err := store.Get(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		if ok(now) {
			return now
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after a minute the run is %s (%s): %s", now.Status, now.Reason, now.Message)
		case <-changes:
		}
	}
}
