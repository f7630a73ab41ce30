package outbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// stage is an outbox, a server and a sender in fake time.
func stage(t *testing.T, play func(*testing.T, *Store, *fakeServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		play(t, s, f)
		checkClean(t, s)
	})
}

func TestARenamedProjectIsNeverMadeAnew(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		first := enqueue(t, s, newRun(t, "main", 1))
		waitFor(t, s, first.ID, time.Minute, ended) // the project's UUID is known from here on
		f.set(func() { f.faults = []fault{loseResponse} })
		second := enqueue(t, s, newRun(t, "main", 1))
		waitFor(t, s, second.ID, time.Minute, func(r *Run) bool { return r.MayBeThere && r.Status == Pending })
		f.set(func() { f.rename("demo", "renamed") })
		moved := waitFor(t, s, second.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonProjectMoved })
		if f.made != 2 || len(f.bodies[second.Key]) != 1 {
			t.Errorf("%d reports made, %d POSTs of the run", f.made, len(f.bodies[second.Key]))
		}
		// A younger run of the lane that waits for nobody goes by.
		third := enqueue(t, s, newRun(t, "main", 1))
		waitFor(t, s, third.ID, time.Minute, ended)

		if _, err := s.Retry(t.Context(), moved.ID); err != nil {
			t.Fatal(err)
		}
		waitFor(t, s, second.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonProjectMoved })

		// Withdrawn, it is found under the project's UUID: no second report.
		if _, err := s.Cancel(t.Context(), moved.ID); err != nil {
			t.Fatal(err)
		}
		var notNow *NotNowError
		if _, err := s.ClearWay(t.Context(), f, moved.ID, MendDefault, false); !errors.As(err, &notNow) || !strings.Contains(err.Error(), "in project renamed") {
			t.Errorf("the way to resubmit is: %v", err)
		}

		f.set(func() { f.rename("renamed", "demo") })
		if _, err := s.Retry(t.Context(), moved.ID); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, waitFor(t, s, second.ID, time.Minute, ended), Deduplicated)
		stop()
	})
}

// keylessStory is a run whose first response is lost, on a server without keys.
func keylessStory(t *testing.T, faults []fault, meddle func(*fakeServer), tell func(*testing.T, *Store, *fakeServer, *Run)) {
	t.Helper()
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		f.keyless, f.faults = true, faults
		stop := startSender(t, &Sender{Store: s, Deliverer: f, Policy: Policy{Mend: MendAny}})
		run := enqueue(t, s, newRun(t, "main", 2))
		run = waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Search != nil })
		if run.Reason != ReasonLooking {
			t.Errorf("the run waits for %q", run.Reason)
		}
		f.set(func() { meddle(f) })
		run = waitFor(t, s, run.ID, 10*time.Minute, func(r *Run) bool { return r.Status.Ended() || r.Reason == ReasonDoubt })
		stop()
		tell(t, s, f, run)
	})
}

func TestWithoutKeysTheReportIsFoundAndAdopted(t *testing.T) {
	keylessStory(t, []fault{loseResponse}, func(*fakeServer) {}, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Deduplicated)
		wantOutcomes(t, s, r.ID, client.Adopted)
		wantReports(t, f, 1, 0)
		history, _ := s.History(t.Context(), r.ID)
		if waited := r.ChangedAt.Sub(history[0].EndedAt); waited < searchWait {
			t.Errorf("looked for after %s", waited)
		}
	})
}

func TestWithoutKeysAMissedReportIsSentAgain(t *testing.T) {
	keylessStory(t, []fault{refuseIt}, func(*fakeServer) {}, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Created)
		wantReports(t, f, 1, 0)
	})
}

func TestWithoutKeysSeveralReportsAreADoubt(t *testing.T) {
	keylessStory(t, []fault{loseResponse}, func(f *fakeServer) {
		for _, r := range f.reports {
			twin := *r
			twin.UUID = uuid.New()
			f.reports[uuid.New()] = &twin
		}
	}, func(t *testing.T, s *Store, _ *fakeServer, r *Run) {
		if r.Status != Pending || r.Reason != ReasonDoubt {
			t.Errorf("the run is %s (%s)", r.Status, r.Reason)
		}
		wantOutcomes(t, s, r.ID, client.Unknown)
	})
}

func TestWithoutKeysAShortReportIsMended(t *testing.T) {
	keylessStory(t, []fault{storeOne}, func(*fakeServer) {}, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Mended, client.Created)
		wantReports(t, f, 2, 1)
	})
}

// A report belongs to one run: of two equal ones, each has its own.
func TestWithoutKeysAReportBelongsToOneRun(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		f.keyless = true
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		first := newRun(t, "main", 1)
		enqueue(t, s, first)
		waitFor(t, s, first.ID, time.Minute, ended)
		f.set(func() { f.faults = []fault{refuseIt} })
		second := newRun(t, "main", 1)
		enqueue(t, s, second)
		run := waitFor(t, s, second.ID, 10*time.Minute, ended)
		stop()
		wantStatus(t, run, Sent)
		wantReports(t, f, 2, 0)
	})
}

func TestAPausedScopeWaitsForItsPerson(t *testing.T) {
	for name, hold := range map[string]Hold{
		"all": {}, "host": {Host: testHost}, "project": {Project: "demo"}, "both": {Host: testHost, Project: "demo"},
	} {
		t.Run(name, func(t *testing.T) {
			stage(t, func(t *testing.T, s *Store, f *fakeServer) {
				if _, err := s.Pause(t.Context(), hold.Host, hold.Project); err != nil {
					t.Fatal(err)
				}
				run := enqueue(t, s, newRun(t, "main", 1))
				stop := startSender(t, &Sender{Store: s, Deliverer: f})
				time.Sleep(time.Hour) // fake: a sender that sent would have by now
				now, err := s.Get(t.Context(), run.ID)
				if err != nil || now.Reason != ReasonPaused || f.made != 0 {
					t.Errorf("the run is %s (%s), %d reports: %v", now.Status, now.Reason, f.made, err)
				}
				if lifted, err := s.Resume(t.Context(), "", ""); err != nil || len(lifted) != 1 {
					t.Errorf("lifted %v: %v", lifted, err)
				}
				wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Sent)
				stop()
			})
		})
	}
}

func TestAPauseElsewhereHoldsNothing(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		if _, err := s.Pause(t.Context(), "http://elsewhere.example", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pause(t.Context(), "", "another"); err != nil {
			t.Fatal(err)
		}
		run := enqueue(t, s, newRun(t, "main", 1))
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Sent)
		stop()
		if lifted, _ := s.Resume(t.Context(), "", "another"); len(lifted) != 1 || lifted[0].Project != "another" {
			t.Errorf("lifted %v", lifted)
		}
	})
}

// The pace holds across senders: in no minute more than the burst and the
// steady rate, and no slower than that either.
func TestThePaceHoldsAcrossSenders(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		const perMinute, runs = 12, 40
		pace := Policy{Pace: func(string) int { return perMinute }}
		for range runs {
			enqueue(t, s, newRun(t, "main", 1))
		}
		begun := time.Now()
		for range 3 {
			startSender(t, &Sender{Store: s, Deliverer: f, Policy: pace})
		}
		var made []time.Duration
		for len(made) < runs {
			time.Sleep(time.Second)
			f.set(func() {
				for len(made) < f.made {
					made = append(made, time.Since(begun))
				}
			})
			if time.Since(begun) > time.Hour {
				t.Fatalf("%d runs in an hour", len(made))
			}
		}
		for i := range made {
			if j := i + paceBurst + perMinute; j < len(made) && made[j]-made[i] < time.Minute {
				t.Errorf("%d runs in %s", paceBurst+perMinute+1, made[j]-made[i])
			}
		}
		if last, want := made[runs-1], time.Minute*(runs-paceBurst)/perMinute; last > want+10*time.Second {
			t.Errorf("draining took %s, not %s", last, want)
		}
	})
}

func TestSendersAreQuietWhileABenchmarkIsMeasured(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		measuring := true
		run := enqueue(t, s, newRun(t, "main", 1))
		stop := startSender(t, &Sender{Store: s, Deliverer: f, Measuring: func() bool { f.mu.Lock(); defer f.mu.Unlock(); return measuring }})
		time.Sleep(9 * time.Minute)
		f.set(func() {
			if f.made > 0 {
				t.Error("a run was sent beside a benchmark")
			}
			measuring = false
		})
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Sent)
		f.set(func() { measuring = true })
		long := enqueue(t, s, newRun(t, "main", 1))
		wantStatus(t, waitFor(t, s, long.ID, 11*time.Minute, ended), Sent) // over one connection, after ten minutes
		stop()
	})
}

func TestTheQuietLockTellsWhoMeasures(t *testing.T) {
	q := NewQuiet(t.TempDir())
	if q.Measuring() {
		t.Error("nobody measures")
	}
	first, err := q.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := q.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first()
	if !q.Measuring() {
		t.Error("one still measures")
	}
	second()
	if q.Measuring() {
		t.Error("nobody measures any more")
	}
}

func TestVerifyTellsWhatIsLostAndRepairBringsItBack(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		run := enqueue(t, s, newRun(t, "main", 2))
		waitFor(t, s, run.ID, time.Minute, ended)
		verified := func(want VerifiedState) {
			t.Helper()
			v, err := s.Verify(context.Background(), f, run.ID)
			if err != nil || v.State != want {
				t.Errorf("verified as %q (%s), want %q: %v", v.State, v.Message, want, err)
			}
		}
		verified(VerifiedWhole)
		f.set(func() { f.rename("demo", "renamed") })
		verified(VerifiedWhole) // its UUID is what counts
		f.set(func() { clear(f.reports) })
		verified(VerifiedMoved)
		f.set(func() { f.rename("renamed", "demo") })
		verified(VerifiedGone)
		f.set(func() { f.down = true })
		verified(VerifiedNot)
		f.set(func() { f.down = false })

		time.Sleep(time.Minute)
		if _, err := s.Repair(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
		again := waitFor(t, s, run.ID, time.Minute, ended)
		wantStatus(t, again, Sent)
		wantOutcomes(t, s, run.ID, client.Created, client.Created)
		verified(VerifiedWhole)
		stop()
	})
}

// A server restored from an older copy holds the report's row no more: the
// kept key makes it anew, once.
func TestARestoredServerGetsTheRunBack(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		old := enqueue(t, s, newRun(t, "main", 1))
		waitFor(t, s, old.ID, time.Minute, ended)
		lost := enqueue(t, s, newRun(t, "main", 1))
		waitFor(t, s, lost.ID, time.Minute, ended)
		f.set(func() { delete(f.reports, lost.Key) })
		time.Sleep(time.Minute)
		for _, id := range []uuid.UUID{old.ID, lost.ID} {
			if v, err := s.Verify(t.Context(), f, id); err != nil {
				t.Fatal(err)
			} else if v.State.Repairable() {
				if _, err := s.Repair(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
		}
		waitFor(t, s, lost.ID, time.Minute, ended)
		stop()
		if f.wholeReports() != 2 || f.made != 3 {
			t.Errorf("%d whole reports, %d made", f.wholeReports(), f.made)
		}
	})
}

func TestOnlyAPersonGivesAnAnonymousRunACredential(t *testing.T) {
	stage(t, func(t *testing.T, s *Store, f *fakeServer) {
		f.creds = client.NewCredentials(testHost, client.NewCredential("bencher_user_abcdefghijklmnopqrstuvwxyz0123"))
		f.faults = []fault{loginIt}
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		run := enqueue(t, s, newRun(t, "main", 1))
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonCredentialRefused })
		time.Sleep(time.Hour)
		if f.made != 0 || f.anonymous != 1 {
			t.Errorf("%d reports, %d anonymous attempts", f.made, f.anonymous)
		}
		fingerprint := client.NewCredential("bencher_user_abcdefghijklmnopqrstuvwxyz0123").Fingerprint()
		if _, err := s.RetryAs(t.Context(), run.ID, fingerprint); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Sent)
		stop()
		if f.anonymous != 1 {
			t.Errorf("%d anonymous attempts", f.anonymous)
		}
	})
}
