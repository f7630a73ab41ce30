package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

const (
	benchRuns        = 2000
	benchLanes       = 16
	benchConnections = 4
)

// instantServer answers each run at once with the report that it asks for.
func instantServer(b *testing.B) string {
	b.Helper()
	project := uuid.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var run struct {
			Branch  string    `json:"branch"`
			Start   time.Time `json:"start_time"`
			End     time.Time `json:"end_time"`
			Results []string  `json:"results"`
		}
		if err := json.NewDecoder(r.Body).Decode(&run); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		report := client.Report{
			UUID: uuid.Must(uuid.NewV7()), Project: client.Project{UUID: project, Slug: "demo"}, Branch: client.Branch{Name: run.Branch},
			StartTime: run.Start, EndTime: run.End, Counts: &client.Counts{},
		}
		for range run.Results {
			report.Counts.Results = append(report.Counts.Results, client.IterationCount{Benchmarks: 1, Measures: 1})
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(report)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func benchBodies(b *testing.B) (bodies [][]byte, ids []uuid.UUID) {
	b.Helper()
	end := time.Now()
	for i := range benchRuns {
		id, err := outbox.NewID()
		if err != nil {
			b.Fatal(err)
		}
		body, err := client.NewRun{
			Project: "demo", Branch: fmt.Sprint("b", i%benchLanes), Testbed: "ci", StartTime: end, EndTime: end,
			Results: []string{`{"walk":{"latency":{"value":1}}}`}, Settings: &client.Settings{Adapter: "json"},
		}.Freeze(id)
		if err != nil {
			b.Fatal(err)
		}
		bodies, ids = append(bodies, body), append(ids, id)
	}
	return bodies, ids
}

// BenchmarkDrain delivers 2,000 runs of 16 lanes over 4 connections to a server
// that answers at once; "bare" is a loop of net/http with one bbolt commit for
// each answer, in the same run.
func BenchmarkDrain(b *testing.B) {
	var bare float64 // runs in a second
	b.Run("bare", func(b *testing.B) {
		bodies, ids := benchBodies(b)
		url := instantServer(b)
		for b.Loop() {
			bareDrain(b, url, bodies, ids)
		}
		bare = float64(benchRuns*b.N) / b.Elapsed().Seconds()
		b.ReportMetric(bare, "runs/s")
	})
	b.Run("burrow", func(b *testing.B) {
		bodies, ids := benchBodies(b)
		url := instantServer(b)
		for b.Loop() {
			b.StopTimer()
			store, err := outbox.Open(b.Context(), filepath.Join(b.TempDir(), "outbox.db"))
			if err != nil {
				b.Fatal(err)
			}
			for i, body := range bodies {
				if _, _, err := store.Enqueue(b.Context(), outbox.New{ID: ids[i], Body: body, Host: url}); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
			drainOutbox(b, store)
		}
		own := float64(benchRuns*b.N) / b.Elapsed().Seconds()
		b.ReportMetric(own, "runs/s")
		b.ReportMetric(own/bare, "of-bare")
	})
}

func drainOutbox(b *testing.B, store *outbox.Store) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	hosts := client.NewHosts("burrow/bench", client.Credentials{}, nil)
	defer hosts.Close()
	changes := store.Watch(ctx)
	ended := make(chan error, 1)
	go func() { ended <- (&outbox.Sender{Store: store, Deliverer: hosts}).Run(ctx) }()
	for {
		counts, err := store.Counts(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if counts[outbox.Sent] == benchRuns {
			break
		}
		<-changes
	}
	b.StopTimer()
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
}

func bareDrain(b *testing.B, url string, bodies [][]byte, ids []uuid.UUID) {
	b.Helper()
	b.StopTimer()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("answers")); return err }); err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: benchConnections}
	defer transport.CloseIdleConnections()
	web := &http.Client{Transport: transport}
	b.StartTimer()
	var senders sync.WaitGroup
	work := make(chan int)
	for range benchConnections {
		senders.Go(func() {
			for i := range work {
				response, err := web.Post(url, "application/json", bytes.NewReader(bodies[i]))
				if err != nil {
					b.Error(err)
					continue
				}
				answer, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err == nil {
					err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("answers")).Put(ids[i][:], answer) })
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range bodies {
		work <- i
	}
	close(work)
	senders.Wait()
}
