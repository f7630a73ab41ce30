package outbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// die is a SIGKILL of the sender between its claim and its outcome: the run
// was sent or not, nothing is recorded, and the kernel freed the owner's lock.
func die(t testing.TB, s *Store, f *fakeServer, sendsFirst bool) {
	t.Helper()
	ctx := context.Background()
	o, err := s.register(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := claimant{owner: o.name, fingerprint: func(*Run) (string, bool) { return "", true }}
	got, _, err := s.advance(ctx, c, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > 0 && sendsFirst && got[0].run.Claim.Task == TaskSend {
		f.Send(ctx, client.Parcel{Host: got[0].run.Host, Body: got[0].body, Want: got[0].run.expectation()})
	}
	if err := o.file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWhateverHappensEachRunIsThereOnceOrSaysWhy walks random lives of an
// outbox: faults, outages, kills, cancellations, retries. In the end every
// acknowledged run has one whole report, the same bytes went out each time, no
// key has two reports, and every invariant holds.
func TestWhateverHappensEachRunIsThereOnceOrSaysWhy(t *testing.T) {
	faults := []fault{"", loseResponse, refuseIt, unreachable, storeEmpty, storeOne, conflictIt, throttleIt, htmlIt, loseDelete, slowCommit}
	outer := t
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(outer, func(t *testing.T) {
			folder, err := os.MkdirTemp(t.TempDir(), "life")
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(context.Background(), filepath.Join(folder, "outbox.db"))
			if err != nil {
				t.Fatal(err)
			}
			f := newFakeServer()
			policy := Policy{Mend: rapid.SampledFrom([]MendPolicy{MendAuto, MendAny, MendNever}).Draw(rt, "mend"), Settle: 5 * time.Second}
			var ids []uuid.UUID
			work := func(span time.Duration) {
				stop := startSender(t, &Sender{Store: s, Deliverer: f, Policy: policy})
				time.Sleep(span) // fake time
				stop()
			}
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				switch rapid.SampledFrom([]string{"enqueue", "enqueue", "fault", "work", "die", "cancel", "retry", "outage"}).Draw(rt, "step") {
				case "enqueue":
					branch := rapid.SampledFrom([]string{"main", "topic"}).Draw(rt, "branch")
					ids = append(ids, enqueue(t, s, newRun(t, branch, rapid.IntRange(1, 3).Draw(rt, "iterations"))).ID)
				case "fault":
					what := rapid.SampledFrom(faults).Draw(rt, "fault")
					f.set(func() { f.faults = append(f.faults, what) })
				case "work":
					work(time.Duration(rapid.IntRange(10, 20_000).Draw(rt, "ms")) * time.Millisecond)
				case "die":
					die(t, s, f, rapid.Bool().Draw(rt, "sends first"))
				case "outage":
					f.set(func() { f.down = !f.down })
				case "cancel", "retry":
					if len(ids) == 0 {
						continue
					}
					act := s.Retry
					if rapid.Bool().Draw(rt, "cancel") {
						act = s.Cancel
					}
					var notNow *NotNowError
					if _, err := act(context.Background(), rapid.SampledFrom(ids).Draw(rt, "run")); err != nil && !errors.As(err, &notNow) {
						t.Fatal(err)
					}
				}
			}
			f.set(func() { f.faults, f.down = nil, false })
			for minutes := 0; minutes < 60 && open(t, s) > 0; minutes += 2 {
				work(2 * time.Minute)
			}
			settleLife(t, s, f, ids)
		})
		if outer.Failed() {
			rt.FailNow()
		}
	})
}

// open counts the runs that are not at an end.
func open(t *testing.T, s *Store) int {
	t.Helper()
	counts, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return counts[Pending] + counts[Sending]
}

func settleLife(t *testing.T, s *Store, f *fakeServer, ids []uuid.UUID) {
	t.Helper()
	checkClean(t, s)
	for _, id := range ids {
		r, err := s.Get(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		report, there := f.reports[r.Key]
		switch {
		case !r.Status.Ended():
			t.Errorf("run %s is %s (%s) after an hour without faults", id, r.Status, r.Reason)
		case r.Status.Acknowledged():
			if !there || len(report.Counts.Results) != f.whole[r.Key] || report.UUID != r.Report.UUID {
				t.Errorf("run %s is %s, but its report is not there, whole", id, r.Status)
			}
		case r.Status.Failed() && r.Message == "":
			t.Errorf("run %s is %s without a word why", id, r.Status)
		}
		if bodies := f.bodies[r.Key]; len(slices.Compact(slices.Clone(bodies))) > 1 {
			t.Errorf("run %s did not go out with the same bytes each time", id)
		}
		history, err := s.History(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status == Sent && !slices.ContainsFunc(history, func(a Attempt) bool { return a.Outcome == client.Created }) {
			t.Errorf("run %s is sent, but no attempt created it", id)
		}
	}
}

func TestADeadSendersClaimGoesBackAtOnceALivingOnesNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		ctx := t.Context()
		run := enqueue(t, s, newRun(t, "main", 1))
		held, err := s.register(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c := claimant{owner: held.name, fingerprint: func(*Run) (string, bool) { return "", true }}
		if got, _, err := s.advance(ctx, c, nil, 1); err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		startSender(t, &Sender{Store: s, Deliverer: f})
		time.Sleep(24 * time.Minute) // fake time
		if now, _ := s.Get(ctx, run.ID); now.Status != Sending || f.made != 0 || !strings.Contains(now.Message, "holds it since") {
			t.Fatalf("a living sender's run is %s, %d reports", now.Status, f.made)
		}
		_ = held.file.Close() // the kernel frees it when the process dies
		if now, _ := s.Get(ctx, run.ID); now.Status == Sending && !strings.Contains(now.Message, "is gone") {
			t.Errorf("a dead sender's run says %q", now.Message)
		}
		waitFor(t, s, run.ID, 2*time.Second, func(r *Run) bool { return r.Status == Pending })
		wantStatus(t, waitFor(t, s, run.ID, 10*time.Second, ended), Sent)
		wantOutcomes(t, s, run.ID, client.Unknown, client.Created)
	})
}
