package outbox_test

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/client/local"
	"burrow/outbox"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// toxics are what the wire does to the first exchanges of a run: each kind, in
// each direction, at each stage of the exchange. Upstream carries the request
// (its head is some 300 bytes), downstream the answer.
var toxics = []struct{ name, toxic string }{
	{"slow request", `{"type":"latency","stream":"upstream","attributes":{"latency":200,"jitter":50}}`},
	{"slow answer", `{"type":"latency","stream":"downstream","attributes":{"latency":200,"jitter":50}}`},
	{"narrow request", `{"type":"bandwidth","stream":"upstream","attributes":{"rate":2}}`},
	{"narrow answer", `{"type":"bandwidth","stream":"downstream","attributes":{"rate":2}}`},
	{"request in slices", `{"type":"slicer","stream":"upstream","attributes":{"average_size":7,"size_variation":3,"delay":10}}`},
	{"answer in slices", `{"type":"slicer","stream":"downstream","attributes":{"average_size":7,"size_variation":3,"delay":10}}`},
	{"reset before the request", `{"type":"reset_peer","stream":"upstream","attributes":{"timeout":0}}`},
	{"reset before the answer", `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`},
	{"reset while the server works", `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":50}}`},
	{"request swallowed", `{"type":"timeout","stream":"upstream","attributes":{"timeout":100}}`},
	{"answer swallowed", `{"type":"timeout","stream":"downstream","attributes":{"timeout":100}}`},
	{"cut in the request's head", `{"type":"limit_data","stream":"upstream","attributes":{"bytes":20}}`},
	{"cut in the request's body", `{"type":"limit_data","stream":"upstream","attributes":{"bytes":500}}`},
	{"cut before the answer", `{"type":"limit_data","stream":"downstream","attributes":{"bytes":0}}`},
	{"cut in the answer's head", `{"type":"limit_data","stream":"downstream","attributes":{"bytes":30}}`},
	{"cut in the answer's body", `{"type":"limit_data","stream":"downstream","attributes":{"bytes":900}}`},
	{"cut at the answer's last byte", `{"type":"limit_data","stream":"downstream","attributes":{"bytes":2000}}`},
}

// TestWhateverTheWireDoesOneWholeReportIsMade sends a run through each of
// them, lets the wire heal after an attempt, and looks at what the server
// holds.
func TestWhateverTheWireDoesOneWholeReportIsMade(t *testing.T) {
	for _, test := range toxics {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api, listening := wired(t)
			proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), test.name,
				"127.0.0.1:0", strings.TrimPrefix(listening, "http://"))
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
			wireWait(t, store, run, func(r *outbox.Run) bool {
				history, err := store.History(t.Context(), r.ID)
				return err != nil || len(history) > 0
			})
			proxy.Toxics.ResetToxics(context.Background())
			done := wireWait(t, store, run, func(r *outbox.Run) bool { return r.Status.Ended() })
			stop()
			if !done.Status.Acknowledged() {
				t.Errorf("the run is %s: %s", done.Status, done.Message)
			}
			reports, err := api.FindReports(t.Context(), client.Credential{}, "demo", run.StartTime, run.EndTime)
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

// wired is a server on a real socket, with a way to it that no toxic lies on.
func wired(t *testing.T) (*client.API, string) {
	t.Helper()
	server, err := local.Open(filepath.Join(t.TempDir(), "server.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	api, err := client.NewAPI(listening.URL, "burrow/test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return api, listening.URL
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
