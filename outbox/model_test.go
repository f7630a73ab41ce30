package outbox

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// model is what an outbox must hold, in memory.
type model struct {
	runs    []*modelRun // in order of enqueueing
	deleted map[uuid.UUID]bool
}

type modelRun struct {
	n        New
	branch   string
	status   Status
	attempts int
	pruned   bool
	acked    time.Time
}

func (m *model) find(id uuid.UUID) *modelRun {
	i := slices.IndexFunc(m.runs, func(r *modelRun) bool { return r.n.ID == id })
	if i < 0 {
		return nil
	}
	return m.runs[i]
}

// machine drives an outbox and its model through the same random operations.
type machine struct {
	t    *testing.T
	rt   *rapid.T
	path string
	s    *Store
	m    model
	// earlier is an export of some steps ago.
	earlier []byte
	crash   int // the step of the next operation that its process does not survive; 0: none
}

// errCrash is the end of a process in the middle of an operation, as far as a
// test can play it: the panic runs through bbolt, which writes nothing more.
var errCrash = errors.New("the process ends here")

func (mc *machine) open() {
	s, err := Open(context.Background(), mc.path)
	if err != nil {
		mc.rt.Fatal(err)
	}
	mc.s = s
}

// do runs an operation, which may be cut off at a step; it tells whether it was.
// Then the next process opens the outbox.
func (mc *machine) do(operation func() error) (cut bool) {
	left := mc.crash
	mc.s.reached = func(string) {
		if left > 0 {
			if left--; left == 0 {
				panic(errCrash)
			}
		}
	}
	mc.crash = 0
	func() {
		defer func() {
			if r := recover(); r != nil {
				if r != errCrash { //nolint:errorlint // the very value
					panic(r)
				}
				cut = true
			}
		}()
		if err := operation(); err != nil {
			if cut = errors.Is(err, ErrDamagedFile) && bytes.Contains([]byte(err.Error()), []byte(errCrash.Error())); !cut {
				mc.rt.Fatal(err)
			}
		}
	}()
	mc.s.reached = nil
	if cut {
		mc.open()
	}
	return cut
}

func (mc *machine) enqueue() {
	branch := rapid.SampledFrom([]string{"main", "topic", "other"}).Draw(mc.rt, "branch")
	n := newRun(mc.t, branch, rapid.IntRange(1, 3).Draw(mc.rt, "iterations"))
	cut := mc.do(func() error {
		_, _, err := mc.s.Enqueue(context.Background(), n)
		return err
	})
	mc.accepted(cut, branch, n)
}

func (mc *machine) accepted(cut bool, branch string, all ...New) {
	for _, n := range all {
		if _, err := mc.s.Get(context.Background(), n.ID); cut && errors.Is(err, ErrNotFound) {
			continue // it was never promised
		}
		mc.m.runs = append(mc.m.runs, &modelRun{n: n, branch: branch, status: Pending})
	}
}

func (mc *machine) enqueueMany() {
	var all []New
	for range rapid.IntRange(2, 6).Draw(mc.rt, "runs") {
		all = append(all, newRun(mc.t, "bulk", 1))
	}
	if rapid.Bool().Draw(mc.rt, "kept") { // in the recovery folder, and taken in by the next opener
		for _, n := range all {
			if _, _, err := Keep(mc.path, n); err != nil {
				mc.rt.Fatal(err)
			}
		}
		slices.SortFunc(all, func(a, b New) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		mc.open()
		mc.accepted(false, "bulk", all...)
		return
	}
	// A crash can't be played here: the commit runs in the caller, but the panic
	// would leave the goroutine that prepares.
	mc.crash = 0
	mc.do(func() error {
		return mc.s.EnqueueAll(context.Background(), func(yield func(New, error) bool) {
			for _, n := range all {
				if !yield(n, nil) {
					return
				}
			}
		}, func(Accepted) {})
	})
	mc.accepted(false, "bulk", all...)
}

// pick chooses a run of the model, or nil.
func (mc *machine) pick() *modelRun {
	if len(mc.m.runs) == 0 {
		return nil
	}
	return rapid.SampledFrom(mc.m.runs).Draw(mc.rt, "run")
}

// act does what a person can do to one run, and knows what must come of it.
func (mc *machine) act(what string) {
	run := mc.pick()
	if run == nil {
		return
	}
	allowed, after := false, run.status
	var operation func(context.Context, uuid.UUID) error
	switch what {
	case "cancel":
		allowed, after = run.status == Pending, Cancelled
		operation = func(ctx context.Context, id uuid.UUID) error { _, err := mc.s.Cancel(ctx, id); return err }
	case "retry":
		allowed, after = !run.status.Acknowledged(), Pending
		operation = func(ctx context.Context, id uuid.UUID) error { _, err := mc.s.Retry(ctx, id); return err }
	case "delete":
		allowed, after = true, ""
		operation = func(ctx context.Context, id uuid.UUID) error { return mc.s.Delete(ctx, id) }
	}
	var err error
	cut := mc.do(func() error {
		err = operation(context.Background(), run.n.ID)
		var notNow *NotNowError
		if errors.As(err, &notNow) {
			return nil
		}
		return err
	})
	if !cut && (err == nil) != allowed {
		mc.rt.Fatalf("%s of a %s run: %v", what, run.status, err)
	}
	if !allowed {
		return
	}
	if cut { // done whole or not at all
		now, err := mc.s.Get(context.Background(), run.n.ID)
		switch {
		case err == nil && now.Status == run.status:
			return
		case err == nil && now.Status == after || errors.Is(err, ErrNotFound) && after == "":
		default:
			mc.rt.Fatalf("%s was cut off, and the run is %v (%v)", what, now, err)
		}
	}
	if run.status = after; after == "" {
		mc.m.deleted[run.n.ID] = true
		mc.m.runs = slices.DeleteFunc(mc.m.runs, func(r *modelRun) bool { return r == run })
	}
}

// deliver claims the oldest run of each lane and records an acknowledgment or a
// failure.
func (mc *machine) deliver() {
	ctx := context.Background()
	fails := rapid.Bool().Draw(mc.rt, "fails")
	mc.crash = 0 // its own crashes are played by faults_test.go and crash_test.go
	o, err := mc.s.register(ctx)
	if err != nil {
		mc.rt.Fatal(err)
	}
	defer mc.s.unregister(ctx, o)
	w := &workers{Sender: &Sender{Store: mc.s}, owner: o}
	w.claimant = claimant{owner: o.name, fingerprint: func(*Run) (string, bool) { return "", true }}
	got, _, err := mc.s.advance(ctx, w.claimant, nil, 10)
	if err != nil {
		mc.rt.Fatal(err)
	}
	lanes := map[string]bool{}
	for _, one := range got {
		run := mc.m.find(one.run.ID)
		oldest := mc.m.runs[slices.IndexFunc(mc.m.runs, func(r *modelRun) bool { return r.branch == run.branch && r.status == Pending })]
		if oldest != run || lanes[run.branch] || !bytes.Equal(one.body, run.n.Body) {
			mc.rt.Fatalf("run %s was claimed before its turn, or with other bytes", one.run.ID)
		}
		lanes[run.branch] = true
		verdict := client.Verdict{Outcome: client.Unavailable, Message: "no route", Scope: client.ScopeRun}
		if !fails {
			report := &client.Report{UUID: uuid.New(), Project: client.Project{UUID: projectID, Slug: "demo"}, Counts: &client.Counts{}}
			verdict = client.Verdict{Outcome: client.Created, HTTPStatus: 201, Report: report, Date: mc.s.Now().Truncate(time.Second)}
		}
		record := func(t *tx) error { return w.recordSend(t, one, verdict, time.Millisecond) }
		if _, _, err := mc.s.advance(ctx, w.claimant, []func(*tx) error{record}, 0); err != nil {
			mc.rt.Fatal(err)
		}
		run.attempts++
		if !fails {
			run.status, run.acked = Sent, verdict.Date
		}
	}
}

func (mc *machine) prune() {
	keep := Retention{
		Bodies: rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour}).Draw(mc.rt, "bodies"),
		Runs:   rapid.SampledFrom([]time.Duration{-1, 48 * time.Hour}).Draw(mc.rt, "runs"), OwnClock: true,
	}
	now := mc.s.Now()
	if mc.do(func() error { _, err := mc.s.Prune(context.Background(), keep, false, nil); return err }) {
		// Whatever was left is pruned now: the next one goes on where it was cut.
		mc.do(func() error { _, err := mc.s.Prune(context.Background(), keep, false, nil); return err })
	}
	mc.m.runs = slices.DeleteFunc(mc.m.runs, func(r *modelRun) bool {
		old := r.status.Acknowledged() && keep.Runs > 0 && now.Sub(r.acked) >= keep.Runs
		mc.m.deleted[r.n.ID] = mc.m.deleted[r.n.ID] || old
		return old
	})
	for _, r := range mc.m.runs {
		r.pruned = r.pruned || r.status.Acknowledged() && now.Sub(r.acked) >= keep.Bodies
	}
}

// carry exports everything and imports it: here, where nothing may change; with
// an earlier export, which may bring nothing deleted back; and twice into an
// outbox of its own, which must hold the same.
func (mc *machine) carry() {
	mc.crash = 0
	ctx := context.Background()
	var file bytes.Buffer
	if _, _, err := mc.s.Export(ctx, Query{}, &file); err != nil {
		mc.rt.Fatal(err)
	}
	data := file.Bytes()
	for _, export := range [][]byte{data, mc.earlier} {
		done, err := mc.s.Import(ctx, bytes.NewReader(export), nil)
		if len(export) > 0 && (err != nil || done.Added+done.Acknowledged+len(done.Refused) > 0) {
			mc.rt.Fatalf("importing its own export: %+v, %v", done, err)
		}
	}
	mc.earlier = data
	path := filepath.Join(filepath.Dir(mc.path), "other.db")
	other, err := Open(ctx, path)
	if err != nil {
		mc.rt.Fatal(err)
	}
	for range 2 {
		if _, err := other.Import(ctx, bytes.NewReader(data), nil); err != nil {
			mc.rt.Fatal(err)
		}
	}
	twin := &machine{t: mc.t, rt: mc.rt, path: path, s: other, m: model{runs: mc.m.runs}}
	twin.compare()
	for _, r := range mc.m.runs {
		ours, err1 := mc.s.History(ctx, r.n.ID)
		theirs, err2 := other.History(ctx, r.n.ID)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(ours, theirs) {
			mc.rt.Fatalf("the history of %s was carried as %v, not %v (%v, %v)", r.n.ID, theirs, ours, err1, err2)
		}
	}
	if err := os.Remove(path); err != nil {
		mc.rt.Fatal(err)
	}
}

func (mc *machine) replace(what string) {
	mc.do(func() error {
		if what == "compact" {
			_, _, err := mc.s.Compact(context.Background())
			return err
		}
		_, err := mc.s.Rebuild(context.Background())
		return err
	})
	kept, _ := filepath.Glob(mc.path + ".damaged-*")
	for _, path := range kept {
		if err := os.Remove(path); err != nil {
			mc.rt.Fatal(err)
		}
	}
}

// compare looks at the outbox through every reader and finds the model.
func (mc *machine) compare() {
	ctx := context.Background()
	problems, err := mc.s.Check(ctx)
	if err != nil || len(problems) > 0 {
		mc.rt.Fatalf("%q, %v", problems, err)
	}
	mc.list("all", Query{OldestFirst: true}, func(*modelRun) bool { return true })
	for _, s := range Statuses() {
		mc.list(string(s), Query{OldestFirst: true, Statuses: []Status{s}}, func(r *modelRun) bool { return r.status == s })
	}
	mc.list("branch", Query{OldestFirst: true, Branch: "topic"}, func(r *modelRun) bool { return r.branch == "topic" })
	mc.list("word", Query{OldestFirst: true, Words: []string{"opi"}}, func(r *modelRun) bool { return r.branch == "topic" })
	mc.list("several", Query{OldestFirst: true, Statuses: []Status{Sent, Cancelled}}, func(r *modelRun) bool { return r.status == Sent || r.status == Cancelled })
	counts, err := mc.s.Counts(ctx)
	if err != nil {
		mc.rt.Fatal(err)
	}
	want := Counts{}
	for _, s := range Statuses() {
		want[s] = 0
	}
	for _, r := range mc.m.runs {
		want[r.status]++
	}
	if !maps.Equal(counts, want) {
		mc.rt.Fatalf("counts %v, not %v", counts, want)
	}
	for _, r := range mc.m.runs {
		mc.compareRun(r)
	}
	for id, deleted := range mc.m.deleted {
		if _, err := mc.s.Get(ctx, id); deleted && !errors.Is(err, ErrNotFound) {
			mc.rt.Fatalf("run %s was deleted: %v", id, err)
		}
	}
}

func (mc *machine) compareRun(r *modelRun) {
	ctx := context.Background()
	run, err := mc.s.Find(ctx, r.n.ID.String()[:30])
	if err != nil || run.ID != r.n.ID || run.Status != r.status || run.Attempts != r.attempts || run.BodyPruned != r.pruned {
		mc.rt.Fatalf("%+v is not %+v (%v)", run, r, err)
	}
	body, err := mc.s.Body(ctx, r.n.ID)
	if r.pruned != errors.Is(err, ErrPruned) || !r.pruned && !bytes.Equal(body, r.n.Body) {
		mc.rt.Fatalf("the body of %s is not the one that was enqueued (%v)", r.n.ID, err)
	}
}

// list reads in pages, both ways, and finds the model's runs in order.
func (mc *machine) list(what string, q Query, in func(*modelRun) bool) {
	var want []uuid.UUID
	for _, r := range mc.m.runs {
		if in(r) {
			want = append(want, r.n.ID)
		}
	}
	for _, oldestFirst := range []bool{true, false} {
		q.OldestFirst, q.Limit, q.Before, q.After = oldestFirst, 3, 0, 0
		var got []uuid.UUID
		for {
			page, err := mc.s.List(context.Background(), q)
			if err != nil {
				mc.rt.Fatal(err)
			}
			for _, r := range page {
				got = append(got, r.ID)
				if oldestFirst {
					q.After = r.Seq
				} else {
					q.Before = r.Seq
				}
			}
			if len(page) < q.Limit {
				break
			}
		}
		if !oldestFirst {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			mc.rt.Fatalf("%s, oldest first %v: %v, not %v", what, oldestFirst, got, want)
		}
	}
}

// TestTheOutboxIsItsModel drives random operations through an outbox and a model
// of it, with crashes at any step of one and reopening, and compares them by
// every reader.
func TestTheOutboxIsItsModel(t *testing.T) {
	outer := t
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(outer, func(t *testing.T) {
			folder, err := os.MkdirTemp(t.TempDir(), "model")
			if err != nil {
				t.Fatal(err)
			}
			mc := &machine{t: t, rt: rt, path: filepath.Join(folder, "outbox.db"), m: model{deleted: map[uuid.UUID]bool{}}}
			mc.open()
			for range rapid.IntRange(1, 30).Draw(rt, "steps") {
				if rapid.IntRange(0, 3).Draw(rt, "crashes") == 0 {
					mc.crash = rapid.IntRange(1, 4).Draw(rt, "at")
				}
				switch what := rapid.SampledFrom([]string{
					"enqueue", "enqueue", "many", "deliver", "deliver", "cancel", "retry", "delete", "prune", "carry", "compact", "rebuild", "reopen", "wait",
				}).Draw(rt, "step"); what {
				case "enqueue":
					mc.enqueue()
				case "many":
					mc.enqueueMany()
				case "deliver":
					mc.deliver()
				case "cancel", "retry", "delete":
					mc.act(what)
				case "prune":
					mc.prune()
				case "carry":
					mc.carry()
				case "compact", "rebuild":
					mc.replace(what)
				case "reopen":
					mc.open()
				case "wait":
					time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(rt, "hours")) * time.Hour) // fake time
				}
				mc.crash = 0
				mc.compare()
			}
		})
		if outer.Failed() {
			rt.FailNow()
		}
	})
}
