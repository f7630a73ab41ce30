package outbox

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"burrow/client"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// The benchmarks of the outbox's file measure burrow against "bare": bbolt
// alone doing the same writes, one Update that puts entries of the same number
// and sizes, in the same run. Each reports its ratio to bare.

// goOutput is text as go test -bench prints it, at least so many bytes.
func goOutput(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "BenchmarkCase/size=%d/mode=%d-8   \t %d\t %d.%d ns/op\t %d B/op\t %d allocs/op\n",
			1<<(i%12), i, 1_000_000+i*7919%100_000, 100+i*31%900, i%10, i*16%4096, i%9)
	}
	return text.String()
}

// goRun makes a run of such text for one of a few branches.
func goRun(tb testing.TB, i int, results string) New {
	tb.Helper()
	n, err := freezeGo(i, results)
	must(tb, err)
	return n
}

func freezeGo(i int, results string) (New, error) {
	id, err := NewID()
	if err != nil {
		return New{}, err
	}
	at := time.Now()
	n, _, err := Draft{ID: id, Host: "https://bench.example", StartedAt: at, Request: client.NewRun{
		Project: "demo", Branch: fmt.Sprint("feature-", i%16), Hash: hashOf(i), Testbed: "ci-linux",
		Settings: &client.Settings{Adapter: "go_bench"},
	}}.Freeze([]string{results}, at)
	return n, err
}

// hashOf is a commit's hash.
func hashOf(i int) string { return fmt.Sprintf("%x", sha256.Sum256(number(uint64(i))))[:40] }

func openBench(tb testing.TB, path string) *Store {
	tb.Helper()
	store, err := Open(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

// fill enqueues so many runs.
func fill(tb testing.TB, store *Store, n int, results string) {
	tb.Helper()
	runs := func(yield func(New, error) bool) {
		for i := range n {
			if !yield(goRun(tb, i, results), nil) {
				return
			}
		}
	}
	err := store.EnqueueAll(tb.Context(), runs, func(a Accepted) {
		if a.Err != nil {
			tb.Fatal(a.Err)
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// entry is a key and a value of a bucket.
type entry struct {
	bucket string
	k, v   []byte
}

// entriesOf are those that one enqueue adds to an outbox that holds n runs
// already: what bare writes too.
func entriesOf(tb testing.TB, n int, results string) []entry {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "outbox.db")
	store := openBench(tb, path)
	fill(tb, store, n, results)
	before := dump(tb, path)
	if _, _, err := store.Enqueue(tb.Context(), goRun(tb, n, results)); err != nil {
		tb.Fatal(err)
	}
	var added []entry
	for name, e := range dump(tb, path) {
		if old, known := before[name]; !known || string(old.v) != string(e.v) {
			added = append(added, e)
		}
	}
	return added
}

func dump(tb testing.TB, path string) map[string]entry {
	tb.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	all := map[string]entry{}
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				all[string(name)+"\x00"+string(k)] = entry{string(name), []byte(string(k)), []byte(string(v))}
				return nil
			})
		})
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// bare is a bbolt file with the outbox's buckets.
func bare(tb testing.TB, path string, entries []entry) *bolt.DB {
	tb.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		tb.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, e := range entries {
			if _, err := tx.CreateBucketIfNotExists([]byte(e.bucket)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// putAll writes entries under new keys, as an enqueue does.
func putAll(tx *bolt.Tx, entries []entry, n int) error {
	for _, e := range entries {
		k := append([]byte(nil), e.k...)
		if e.bucket != "meta" {
			for i, at := 0, len(k)-4; i < 4 && at >= 0; i++ {
				k[at+i] = byte(n >> (8 * (3 - i)))
			}
		}
		if err := tx.Bucket([]byte(e.bucket)).Put(k, e.v); err != nil {
			return err
		}
	}
	return nil
}

// fileSize is a file's size in bytes.
func fileSize(tb testing.TB, path string) float64 {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return float64(info.Size())
}

// compare runs bare and burrow in turns, and reports the medians and how many
// times bare burrow takes.
func compare(b *testing.B, bare, own func(i int), prepare ...func(i int)) {
	b.Helper()
	var bares, owns []time.Duration
	for i := 0; b.Loop(); i++ {
		for _, p := range prepare {
			p(i)
		}
		began := time.Now()
		bare(i)
		between := time.Now()
		own(i)
		bares, owns = append(bares, between.Sub(began)), append(owns, time.Since(between))
	}
	x, y := median(bares), median(owns)
	b.ReportMetric(float64(x.Nanoseconds()), "bare-ns")
	b.ReportMetric(float64(y.Nanoseconds()), "burrow-ns")
	b.ReportMetric(float64(y)/float64(x), "x-bare")
	b.ReportMetric(0, "ns/op") // it would add both up
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkEnqueue accepts runs of 4 KiB, one a commit: into a file that a burst
// holds open, and with the lock, the opening and the closing around each.
func BenchmarkEnqueue(b *testing.B) {
	results := goOutput(3600)
	written := entriesOf(b, 1000, results)
	b.Run("held-open", func(b *testing.B) {
		db := bare(b, filepath.Join(b.TempDir(), "bare.db"), written)
		defer db.Close()
		store := openBench(b, filepath.Join(b.TempDir(), "outbox.db"))
		must(b, store.openGuarded(false, func(own *bolt.DB, g *guard) error {
			n := goRun(b, 0, results)
			compare(b, func(i int) {
				must(b, db.Update(func(tx *bolt.Tx) error { return putAll(tx, written, i) }))
			}, func(int) {
				ready, err := store.ready(n)
				must(b, err)
				must(b, own.Update(func(raw *bolt.Tx) error {
					g, err := newGuard(g.file, raw)
					must(b, err)
					t := &tx{Tx: raw, store: store, guard: g, now: store.Now()}
					_, _, err = t.enqueue(n, ready.summary, ready.packed)
					return errors.Join(err, t.settle())
				}))
			}, func(i int) { n = goRun(b, i, results) })
			return nil
		}))
	})
	b.Run("open-close", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "bare.db")
		must(b, bare(b, path, written).Close())
		store := openBench(b, filepath.Join(b.TempDir(), "outbox.db"))
		db := bare(b, filepath.Join(b.TempDir(), "held.db"), written)
		defer db.Close()
		n := goRun(b, 0, results)
		compare(b, func(i int) {
			must(b, db.Update(func(tx *bolt.Tx) error { return putAll(tx, written, i) }))
		}, func(int) {
			_, _, err := store.Enqueue(b.Context(), n)
			must(b, err)
		}, func(i int) { n = goRun(b, i, results) })
	})
}

// BenchmarkBulk accepts 10,000 runs at once; bare puts as many in transactions
// of 1,000.
func BenchmarkBulk(b *testing.B) {
	const runs, each = 10_000, 1000
	results := goOutput(2048)
	written := entriesOf(b, 1000, results)
	all := make([]New, runs)
	for i := range all {
		all[i] = goRun(b, i, results)
	}
	var own *Store
	var db *bolt.DB
	compare(b, func(int) {
		for i := range runs / each {
			must(b, db.Update(func(tx *bolt.Tx) error {
				for j := range each {
					if err := putAll(tx, written, i*each+j); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		must(b, db.Close())
	}, func(int) {
		must(b, own.EnqueueAll(b.Context(), func(yield func(New, error) bool) {
			for _, n := range all {
				if !yield(n, nil) {
					return
				}
			}
		}, func(Accepted) {}))
	}, func(int) {
		db = bare(b, filepath.Join(b.TempDir(), "bare.db"), written)
		own = openBench(b, filepath.Join(b.TempDir(), "outbox.db"))
	})
}

// million is how many runs the benchmarks of scale have: BURROW_BENCH_RUNS.
func million() int {
	if n, err := strconv.Atoi(os.Getenv("BURROW_BENCH_RUNS")); err == nil {
		return n
	}
	return 1_000_000
}

// BenchmarkScale enqueues into, and reads the first page of, an outbox of a
// million runs; bare is the same with a thousand.
func BenchmarkScale(b *testing.B) {
	results := goOutput(512)
	small, large := openBench(b, filepath.Join(b.TempDir(), "outbox.db")), openBench(b, filepath.Join(b.TempDir(), "outbox.db"))
	fill(b, small, 1000, results)
	fill(b, large, million(), results)
	page := func(s *Store) {
		runs, err := s.List(b.Context(), Query{Limit: 50})
		must(b, err)
		if len(runs) != 50 {
			b.Fatalf("%d runs", len(runs))
		}
	}
	var one, other New
	enqueue := func(s *Store, n New) {
		_, _, err := s.Enqueue(b.Context(), n)
		must(b, err)
	}
	prepare := func(i int) { one, other = goRun(b, i, results), goRun(b, i, results) }
	b.Run("enqueue", func(b *testing.B) {
		compare(b, func(int) { enqueue(small, one) }, func(int) { enqueue(large, other) }, prepare)
	})
	b.Run("first-page", func(b *testing.B) { compare(b, func(int) { page(small) }, func(int) { page(large) }) })
	b.Run("counts", func(b *testing.B) {
		counts := func(s *Store) {
			_, err := s.Counts(b.Context())
			must(b, err)
		}
		compare(b, func(int) { counts(small) }, func(int) { counts(large) })
	})
}

// BenchmarkAfterPruning enqueues into an outbox of which 90 % of 100,000 runs
// were pruned and that was looked after since; bare is a fresh one.
func BenchmarkAfterPruning(b *testing.B) {
	results := goOutput(2048)
	fresh, pruned := openBench(b, filepath.Join(b.TempDir(), "outbox.db")), openBench(b, filepath.Join(b.TempDir(), "outbox.db"))
	fill(b, fresh, 10_000, results)
	fill(b, pruned, 100_000, results)
	acknowledgeAll(b, pruned, 90_000)
	pruned.Now = func() time.Time { return time.Now().Add(100 * 24 * time.Hour) }
	fresh.Now = pruned.Now
	done, err := pruned.Prune(b.Context(), Retention{OwnClock: true}, false, nil)
	must(b, err)
	if done.Runs != 90_000 {
		b.Fatalf("%d runs were pruned", done.Runs)
	}
	var one, other New
	enqueue := func(s *Store, n New) {
		_, _, err := s.Enqueue(b.Context(), n)
		must(b, err)
	}
	prepare := func(i int) { one, other = goRun(b, i, results), goRun(b, i, results) }
	b.Run("before-upkeep", func(b *testing.B) {
		compare(b, func(int) { enqueue(fresh, one) }, func(int) { enqueue(pruned, other) }, prepare)
	})
	must(b, pruned.Upkeep(b.Context(), Retention{}))
	b.Run("after-upkeep", func(b *testing.B) {
		compare(b, func(int) { enqueue(fresh, one) }, func(int) { enqueue(pruned, other) }, prepare)
	})
}

// acknowledgeAll acknowledges the oldest runs, as deliveries would.
func acknowledgeAll(tb testing.TB, s *Store, n int) {
	tb.Helper()
	for done := 0; done < n; {
		must(tb, s.update(tb.Context(), func(t *tx) error {
			for range min(1000, n-done) {
				done++
				run, err := t.run(uint64(done))
				if err != nil {
					return err
				}
				run.Attempts = 1
				report := &client.Report{UUID: reportID(done), Project: client.Project{UUID: projectID, Slug: "demo"}, Created: t.now, Counts: &client.Counts{}}
				t.step(Policy{}).acknowledge(run, client.Created, report, t.now)
				a := Attempt{Run: run.ID, Number: 1, StartedAt: t.now, EndedAt: t.now, Duration: time.Millisecond, Outcome: client.Created, HTTPStatus: 201, Report: &report.UUID}
				if err := errors.Join(t.putAttempt(run, a), t.save(run)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

var projectID = mustID("0190a1d8-0000-7000-8000-000000000001") //nolint:gochecknoglobals // a constant

// reportID is a report's UUID for a run's number.
func reportID(n int) uuid.UUID {
	id := projectID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// BenchmarkFilter looks through 100,000 runs for one by a word; bare walks over
// the same bucket and reads nothing.
func BenchmarkFilter(b *testing.B) {
	store := openBench(b, filepath.Join(b.TempDir(), "outbox.db"))
	fill(b, store, 100_000, goOutput(512))
	walk := func(int) {
		n := 0
		must(b, store.view(b.Context(), func(t *tx) error {
			c := t.Bucket(bucketRuns).Cursor()
			for k, _ := c.Last(); k != nil; k, _ = c.Prev() {
				n++
			}
			return nil
		}))
		if n != 100_000 {
			b.Fatal(n)
		}
	}
	for name, q := range map[string]Query{
		"word":     {Words: []string{"nowhere"}},
		"id-like":  {Words: []string{"abcdef01"}},
		"fields":   {Host: "https://bench.example", Project: "demo", Branch: "feature-99"},
		"one-hash": {Words: []string{hashOf(77_777)}},
	} {
		b.Run(name, func(b *testing.B) {
			compare(b, walk, func(int) {
				_, err := store.List(b.Context(), q)
				must(b, err)
			})
		})
	}
}

// BenchmarkDisk is how much disk 100,000 runs of 2 KiB of Go benchmark output
// take; bare is one bbolt bucket with the same bodies.
func BenchmarkDisk(b *testing.B) {
	const runs = 100_000
	for b.Loop() {
		folder := b.TempDir()
		path, plain := filepath.Join(folder, "outbox.db"), filepath.Join(folder, "bare.db")
		results := goOutput(2048)
		fill(b, openBench(b, path), runs, results)
		db, err := bolt.Open(plain, 0o600, nil)
		must(b, err)
		for i := 0; i < runs; {
			must(b, db.Update(func(tx *bolt.Tx) error {
				bucket, err := tx.CreateBucketIfNotExists([]byte("bodies"))
				if err != nil {
					return err
				}
				bucket.FillPercent = denseFill
				for range 1000 {
					i++
					if err := bucket.Put(number(uint64(i)), goRun(b, i, results).Body); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		must(b, db.Close())
		b.ReportMetric(fileSize(b, path)/runs, "burrow-bytes/run")
		b.ReportMetric(fileSize(b, plain)/runs, "bare-bytes/run")
		b.ReportMetric(fileSize(b, path)/fileSize(b, plain), "x-bare")
	}
}
