package outbox

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"
)

// What can happen to an outbox's file, its disk and its clock while it is used.

func TestADeletedFileIsToldAndLosesNoMeasuredRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, enqueue(t, s, newRun(t, "main", 1)).ID, time.Minute, ended)
		if err := os.Remove(s.Path()); err != nil {
			t.Fatal(err)
		}
		n := newRun(t, "main", 1)
		if _, _, err := s.Enqueue(t.Context(), n); err == nil || !strings.Contains(err.Error(), "went away") {
			t.Errorf("a run got into a file that is not there: %v", err)
		}
		if _, _, err := Keep(s.Path(), n); err != nil {
			t.Fatal(err)
		}
		again, err := Open(t.Context(), s.Path()) // the next command
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, waitFor(t, again, n.ID, time.Minute, ended), Sent) // by the sender that was there before
		checkClean(t, again)
	})
}

func TestAnOlderCopyInItsPlaceDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		run := enqueue(t, s, newRun(t, "main", 2))
		older := readFile(t, s.Path())
		startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, run.ID, time.Minute, ended)
		time.Sleep(5 * time.Second) // fake: the server's clock goes on
		if err := os.WriteFile(s.Path()+".restored", older, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(s.Path()+".restored", s.Path()); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Deduplicated)
		wantReports(t, f, 1, 0)
		checkClean(t, s)
	})
}

func TestAReadOnlyDiskIsReadAndTold(t *testing.T) {
	folder, remount := readOnlyDisk(t)
	s, err := Open(t.Context(), folder+"/outbox.db")
	if err != nil {
		t.Fatal(err)
	}
	run := enqueue(t, s, newRun(t, "main", 1))
	remount(true)
	again, err := Open(t.Context(), s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Get(t.Context(), run.ID); err != nil {
		t.Errorf("it can't be read: %v", err)
	}
	n := newRun(t, "main", 1)
	if _, _, err := again.Enqueue(t.Context(), n); err == nil || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("a run got onto a read-only disk: %v", err)
	}
	if err := again.Room(t.Context(), 0); err == nil {
		t.Error("a benchmark would start")
	}
	remount(false)
	enqueue(t, again, n)
	checkClean(t, again)
}

func TestEightProcessesAtOnceLoseNothing(t *testing.T) {
	s, f := openTest(t), newFakeServer()
	startSender(t, &Sender{Store: s, Deliverer: f})
	const processes, each = 8, "25"
	all := make([]*exec.Cmd, processes)
	for i := range all {
		all[i] = child(t, "enqueue", s.Path(), each)
		if err := all[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if runs := listAll(t, s); len(runs) != 200 {
		t.Errorf("%d runs are there", len(runs))
	}
	checkClean(t, s)
}

// TestAClockThatJumpsYearsStallsAndStampedesNothing sets the clock back and
// forward while a run waits out a backoff, a Retry-After and its retention.
func TestAClockThatJumpsYearsStallsAndStampedesNothing(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, jump := range map[string]time.Duration{"back": -year, "forward": year} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, f := openTest(t), newFakeServer()
				offset := time.Duration(0)
				s.Now = func() time.Time { return time.Now().Add(offset) }
				sent := enqueue(t, s, newRun(t, "main", 1))
				stop := startSender(t, &Sender{Store: s, Deliverer: f})
				waitFor(t, s, sent.ID, time.Minute, ended)
				f.set(func() { f.faults = []fault{throttleIt} })
				throttled := enqueue(t, s, newRun(t, "main", 1))
				waitFor(t, s, throttled.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonThrottled })
				stop()
				attempts := f.attempts()

				offset = jump
				stop = startSender(t, &Sender{Store: s, Deliverer: f})
				began := time.Now()
				wantStatus(t, waitFor(t, s, throttled.ID, 10*time.Minute, ended), Sent)
				if waited := time.Since(began); jump < 0 && waited < 20*time.Second {
					t.Errorf("a clock set back let it go after %s", waited)
				}
				if made := f.attempts() - attempts; made > 2 {
					t.Errorf("%d attempts", made)
				}
				stop()
				if done, err := s.Prune(t.Context(), Retention{}, false, nil); err != nil || done != (Pruned{}) {
					t.Errorf("the jump pruned %+v, %v", done, err)
				}
				checkClean(t, s)
			})
		})
	}
}

// attempts is how many requests came, of all keys.
func (f *fakeServer) attempts() (n int) {
	f.set(func() {
		for _, bodies := range f.bodies {
			n += len(bodies)
		}
	})
	return n
}

func TestWhatIsOldIsPrunedByTheServersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		ctx := t.Context()
		deliver := func(branch string) *Run {
			run := enqueue(t, s, newRun(t, branch, 1, func(n *New) { n.Shared = true }))
			stop := startSender(t, &Sender{Store: s, Deliverer: f})
			defer stop()
			return waitFor(t, s, run.ID, time.Minute, ended)
		}
		old := deliver("main")
		kept := enqueue(t, s, newRun(t, "paused", 1))
		if _, err := s.Cancel(ctx, kept.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * 24 * time.Hour)
		if done, err := s.Prune(ctx, Retention{}, false, nil); err != nil || done != (Pruned{}) {
			t.Errorf("pruned %+v (%v), but the server's clock was not heard of since", done, err)
		}
		deliver("main")
		want := Pruned{Bodies: 1}
		if dry, err := s.Prune(ctx, Retention{}, true, nil); err != nil || dry != want {
			t.Errorf("a dry run says %+v, %v", dry, err)
		}
		if done, err := s.Prune(ctx, Retention{}, false, nil); err != nil || done != want {
			t.Errorf("pruned %+v, %v", done, err)
		}
		if _, err := s.Body(ctx, old.ID); !errors.Is(err, ErrPruned) {
			t.Errorf("the body: %v", err)
		}
		if v, err := s.Verify(ctx, f, old.ID); err != nil || v.State != VerifiedWhole {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := s.Repair(ctx, old.ID); !errors.Is(err, ErrPruned) {
			t.Errorf("a run without its bytes was to be sent again: %v", err)
		}
		checkClean(t, s)
		time.Sleep(83 * 24 * time.Hour)
		deliver("main")
		for _, keep := range []Retention{{Bodies: -1}, {Bodies: 200 * 24 * time.Hour}} { // a run is kept as long as its results
			if done, err := s.Prune(ctx, keep, true, nil); err != nil || done != (Pruned{}) {
				t.Errorf("%+v: %+v would be pruned, %v", keep, done, err)
			}
		}
		if done, err := s.Prune(ctx, Retention{}, false, nil); err != nil || done.Runs != 1 || done.Bodies != 1 {
			t.Errorf("pruned %+v, %v", done, err)
		}
		if _, err := s.Get(ctx, old.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("the old run: %v", err)
		}
		if _, err := s.Get(ctx, kept.ID); err != nil {
			t.Errorf("a run that no server has was pruned: %v", err)
		}
		checkClean(t, s)
	})
}

func TestTheSenderLooksAfterTheOutboxWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		run := enqueue(t, s, newRun(t, "main", 1))
		startSender(t, &Sender{Store: s, Deliverer: f, Retention: Retention{Bodies: time.Hour}})
		waitFor(t, s, run.ID, time.Minute, ended)
		time.Sleep(2 * time.Hour)
		waitFor(t, s, enqueue(t, s, newRun(t, "main", 1)).ID, time.Minute, ended)
		time.Sleep(2 * time.Hour)
		if now, err := s.Get(t.Context(), run.ID); err != nil || !now.BodyPruned {
			t.Errorf("the body is still there (%v)", err)
		}
		checkClean(t, s)
	})
}

// TestAnImportedRunIsToldApart: a run that another machine sent is deduplicated
// here, though its attempt here is the first.
func TestAnImportedRunIsToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there, f := openTest(t), openTest(t), newFakeServer()
		run := enqueue(t, here, newRun(t, "main", 1))
		var file bytes.Buffer
		if _, _, err := here.Export(t.Context(), Query{}, &file); err != nil {
			t.Fatal(err)
		}
		if done, err := there.Import(t.Context(), &file, nil); err != nil || done.Added != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
		for _, s := range []*Store{there, here} {
			stop := startSender(t, &Sender{Store: s, Deliverer: f})
			waitFor(t, s, run.ID, time.Minute, ended)
			stop()
			time.Sleep(2 * time.Second)
		}
		wantOutcomes(t, there, run.ID, client.Created)
		wantOutcomes(t, here, run.ID, client.Replayed)
		wantReports(t, f, 1, 0)
		checkClean(t, here)
		checkClean(t, there)
	})
}
