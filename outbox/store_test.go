package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"

	bolt "go.etcd.io/bbolt"
)

// byBolt changes a file as bbolt alone does.
func byBolt(t *testing.T, path string, change func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(change); err != nil {
		t.Fatal(err)
	}
}

// putSchema writes another schema version into an outbox.
func putSchema(t *testing.T, path string, version uint32) {
	t.Helper()
	byBolt(t, path, func(b *bolt.Tx) error { return b.Bucket(bucketMeta).Put(keySchema, schemaValue(version)) })
}

// An outbox whose schema is damaged is no stranger's file, and none of a newer
// burrow.
func TestADamagedSchemaIsMended(t *testing.T) {
	flipped := schemaValue(SchemaVersion)
	flipped[3] ^= 1
	for name, damage := range map[string]func(*bolt.Tx) error{
		"its number":   func(b *bolt.Tx) error { return b.Bucket(bucketMeta).Put(keySchema, flipped) },
		"its name":     func(b *bolt.Tx) error { return b.Bucket(bucketMeta).Delete(keySchema) },
		"its bucket's": func(b *bolt.Tx) error { return b.DeleteBucket(bucketMeta) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			for i := range 3 {
				enqueue(t, s, newRun(t, "main", i+1))
			}
			byBolt(t, s.Path(), damage)
			again, err := Open(t.Context(), s.Path())
			if err != nil || len(again.Notices) != 1 || len(listAll(t, again)) != 3 {
				t.Fatalf("%v, %q", err, again.Notices)
			}
			checkClean(t, again)
		})
	}
}

func TestWhatIsNoOutboxIsRefusedUntouched(t *testing.T) {
	folder := t.TempDir()
	stranger := filepath.Join(folder, "stranger.db")
	db, err := bolt.Open(stranger, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	letter := filepath.Join(folder, "letter.txt")
	if err := os.WriteFile(letter, []byte(strings.Repeat("no database ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(folder, "newer.db")
	if _, err := Open(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	putSchema(t, newer, SchemaVersion+1)
	for path, want := range map[string]error{stranger: ErrNotAnOutbox, letter: ErrNotAnOutbox, newer: ErrNewerSchema} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
	if _, err := Open(t.Context(), folder); err == nil {
		t.Error("a folder was taken")
	}
}

func TestAnEmptyFileBecomesAnOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made-by-mktemp")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	enqueue(t, s, newRun(t, "main", 1))
	checkClean(t, s)
}

func TestTheSameRunTwiceIsOne(t *testing.T) {
	s := openTest(t)
	n := newRun(t, "main", 1)
	enqueue(t, s, n)
	if _, added, err := s.Enqueue(t.Context(), n); err != nil || added {
		t.Errorf("added %v, %v", added, err)
	}
	counts, err := s.Counts(t.Context())
	if err != nil || counts[Pending] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	checkClean(t, s)
}

func TestASharedKeyIsAnsweredWithItsRun(t *testing.T) {
	s := openTest(t)
	shared := func(n *New) { n.Shared = true }
	first := newRun(t, "main", 1, shared)
	run := enqueue(t, s, first)
	again := newRun(t, "main", 1, shared)
	again.Body = bytes.ReplaceAll(again.Body, []byte(again.ID.String()), []byte(first.ID.String()))
	there, added, err := s.Enqueue(t.Context(), again)
	if err != nil || added || there.ID != run.ID {
		t.Errorf("added %v, %v", added, err)
	}
	other := newRun(t, "topic", 1, shared)
	other.Body = bytes.ReplaceAll(other.Body, []byte(other.ID.String()), []byte(first.ID.String()))
	var conflict *KeyConflictError
	if _, _, err := s.Enqueue(t.Context(), other); !errors.As(err, &conflict) {
		t.Errorf("another branch under the key: %v", err)
	}
	checkClean(t, s)
}

func TestAKeptRunIsTakenInOnce(t *testing.T) {
	s := openTest(t)
	n := newRun(t, "main", 1)
	path, adopted, err := Keep(s.Path(), n)
	if err != nil || !adopted {
		t.Fatal(path, adopted, err)
	}
	for range 2 {
		again, err := Open(t.Context(), s.Path())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Get(t.Context(), n.ID); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	checkClean(t, s)
}

func TestADamagedBodyIsReportedNeverSent(t *testing.T) {
	s, f := openTest(t), newFakeServer()
	run := enqueue(t, s, newRun(t, "main", 1))
	var body []byte
	err := s.view(t.Context(), func(x *tx) error {
		body = bytes.Clone(x.Bucket(bucketBodies).Get(number(run.Seq)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(body)
	damaged[len(body)-3] ^= 0x40
	if err := os.WriteFile(s.Path(), bytes.ReplaceAll(readFile(t, s.Path()), body, damaged), 0o600); err != nil { // older copies too
		t.Fatal(err)
	}
	startSender(t, &Sender{Store: s, Deliverer: f})
	waitFor(t, s, run.ID, 10*time.Second, func(r *Run) bool { return r.Reason == ReasonDamaged })
	if f.made != 0 || len(f.bodies) != 0 {
		t.Error("it was sent")
	}
	checkClean(t, s) // the run itself says that its results are lost
}

// TestAFullDiskAcceptsNothingItCantKeep fills a small file system.
func TestAFullDiskAcceptsNothingItCantKeep(t *testing.T) {
	small, grow := smallDisk(t, "300k")
	s, err := Open(t.Context(), filepath.Join(small, "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for range 200 {
		run, _, err := s.Enqueue(t.Context(), newRun(t, "main", 100))
		if err != nil {
			if run != nil || !strings.Contains(err.Error(), "no space left") {
				t.Errorf("%v, %v", run, err)
			}
			break
		}
		accepted++
	}
	if accepted == 200 || accepted == 0 {
		t.Fatalf("%d runs were accepted", accepted)
	}
	if counts, err := s.Counts(t.Context()); err != nil || counts[Pending] != accepted {
		t.Errorf("%d accepted, %v there, %v", accepted, counts, err)
	}
	checkClean(t, s)
	f := newFakeServer()
	startSender(t, &Sender{Store: s, Deliverer: f})
	grow() // the cause goes away: delivery goes on by itself
	runs, err := s.Outstanding(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		waitFor(t, s, r.ID, time.Minute, ended)
	}
	if f.wholeReports() != accepted {
		t.Errorf("%d reports for %d runs", f.wholeReports(), accepted)
	}
}

func TestWhoWaitsInVainLearnsWhoHoldsTheLock(t *testing.T) {
	s := openTest(t)
	release, err := s.lock.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, ctx := newSideLock(s.lock.path), context.Background()
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	var busy *BusyError
	if _, err := other.acquire(short); !errors.As(err, &busy) || !strings.Contains(busy.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("%v", err)
	}
	release()
	if again, err := other.acquire(ctx); err != nil {
		t.Error(err)
	} else {
		again()
	}
}

func TestManyAtOnceAllGetIn(t *testing.T) {
	s := openTest(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			mine, err := Open(context.Background(), s.Path()) // as another process would
			if err != nil {
				t.Error(err)
				return
			}
			for range 10 {
				enqueue(t, mine, newRun(t, fmt.Sprint("b", n), 1))
			}
		})
	}
	all.Wait()
	if counts, err := s.Counts(t.Context()); err != nil || counts[Pending] != 80 {
		t.Errorf("%v, %v", counts, err)
	}
	checkClean(t, s)
}

func TestPagesAndQueries(t *testing.T) {
	s := openTest(t)
	for n := range 25 {
		enqueue(t, s, newRun(t, []string{"main", "topic"}[n%2], 1))
	}
	var seen int
	query := Query{Limit: 10}
	for {
		page, err := s.List(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		seen += len(page)
		query.Before = page[len(page)-1].Seq
	}
	if seen != 25 {
		t.Errorf("%d runs on all pages", seen)
	}
	query, err := Query{}.ParseQuery("status:pending branch:topic since:1d demo", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.List(t.Context(), query)
	if err != nil || len(found) != 12 {
		t.Errorf("%d found, %v", len(found), err)
	}
	if !strings.HasPrefix(string(found[0].Reason), "behind ") || found[11].Reason != ReasonNone {
		t.Errorf("reasons %q and %q", found[0].Reason, found[11].Reason)
	}
	if _, err := (Query{}).ParseQuery("status:nope", time.Now()); err == nil {
		t.Error("an unknown status was taken")
	}
	id := found[0].ID.String()
	for _, part := range []string{id, id[24:]} {
		if r, err := s.Find(t.Context(), part); err != nil || r.ID != found[0].ID {
			t.Errorf("%s: %v", part, err)
		}
	}
	if _, err := s.Find(t.Context(), id[:4]); err == nil || !strings.Contains(err.Error(), "several") {
		t.Errorf("a prefix of all: %v", err)
	}
	if _, err := s.Find(t.Context(), "zz"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	for failures := 1; failures < 100; failures++ {
		if got := backoff(failures, 0.999999); got > backoffCap || got <= 0 {
			t.Fatalf("%d failures: %s", failures, got)
		}
		if got := backoff(failures, 0); got != 0 {
			t.Fatalf("full jitter begins at 0, not %s", got)
		}
	}
	if first := backoff(1, 0.5); first != 500*time.Millisecond {
		t.Error(first)
	}
}

// FuzzUnpack feeds damaged bodies: an error or the same bytes, never a panic,
// never others.
func FuzzUnpack(f *testing.F) {
	packed, err := new(packer).pack([]byte(`{"results":["x"]}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, data []byte) {
		if body, err := unpack(data); err == nil {
			again, err := new(packer).pack(body)
			if err != nil || !bytes.Equal(again[2:packHead], data[2:packHead]) {
				t.Error("a body that does not match its hash")
			}
		}
	})
}

// ExampleStore_Enqueue accepts a run.
func ExampleStore_Enqueue() {
	folder, _ := os.MkdirTemp("", "burrow-example-")
	defer os.RemoveAll(folder)
	store, err := Open(context.Background(), filepath.Join(folder, "outbox.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	id, _ := NewID()
	body, _ := client.NewRun{
		Project: "demo", StartTime: time.Now(), EndTime: time.Now(),
		Results: []string{"BenchmarkA-2 100 10 ns/op"}, Settings: &client.Settings{Adapter: "go_bench"},
	}.Freeze(id)
	run, added, err := store.Enqueue(context.Background(), New{ID: id, Body: body, Host: client.Local})
	fmt.Println(run.Status, run.Benchmarks, added, err)
	// Output: pending 1 true <nil>
}

func TestAKeptRunWhoseKeyIsTakenStaysAsAFile(t *testing.T) {
	s := openTest(t)
	first := newRun(t, "main", 1, func(n *New) { n.Shared = true })
	enqueue(t, s, first)
	for _, kept := range []New{newRun(t, "main", 2), newRun(t, "topic", 1)} { // other results; another branch
		kept.Shared = true
		kept.Body = bytes.ReplaceAll(kept.Body, []byte(kept.ID.String()), []byte(first.ID.String()))
		path, _, err := Keep(s.Path(), kept)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Open(t.Context(), s.Path())
		if err != nil || len(again.Notices) != 1 {
			t.Errorf("%v, %q", err, again.Notices)
		}
		if aside, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".kept"); err != nil || len(aside) == 0 {
			t.Errorf("the results are gone: %v", err)
		}
	}
}

// A kept file that the disk changed holds a measurement that nobody made.
func TestADamagedKeptRunIsNotTakenIn(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"a flipped bit":   func(d []byte) []byte { d[len(d)/2] ^= 1; return d },
		"its end is lost": func(d []byte) []byte { return d[:len(d)-1] },
		"no checksum":     func(d []byte) []byte { return bytes.Split(d, []byte(seal))[0] },
		"empty":           func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			run := newRun(t, "main", 1)
			path, _, err := Keep(s.Path(), run)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			damaged := damage(bytes.Clone(data))
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			again, err := Open(t.Context(), s.Path())
			if err != nil || len(again.Notices) != 1 || !strings.Contains(again.Notices[0], ".kept") {
				t.Errorf("%v, %q", err, again.Notices)
			}
			if got, err := s.Get(t.Context(), run.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("it was taken in: %v, %v", got, err)
			}
			if aside, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".kept"); err != nil || !bytes.Equal(aside, damaged) {
				t.Errorf("what was left of it is gone: %v", err)
			}
		})
	}
}
