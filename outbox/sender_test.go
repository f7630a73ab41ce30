package outbox

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"

	"github.com/google/uuid"
	"go.uber.org/goleak"
)

// The proxy that plays faults on the wire leaves some of its own behind.
func TestMain(m *testing.M) {
	if what := os.Getenv(childVariable); what != "" {
		os.Exit(runChild(what))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// story is one run against a server with faults, in fake time.
func story(t *testing.T, iterations int, policy Policy, faults []fault, limit time.Duration, tell func(*testing.T, *Store, *fakeServer, *Run)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.faults = faults
		run := enqueue(t, s, newRun(t, "main", iterations))
		stop := startSender(t, &Sender{Store: s, Deliverer: f, Policy: policy})
		run = waitFor(t, s, run.ID, limit, ended)
		stop()
		checkClean(t, s)
		for _, bodies := range f.bodies {
			if len(slices.Compact(slices.Clone(bodies))) != 1 {
				t.Error("not the same bytes each time")
			}
		}
		tell(t, s, f, run)
	})
}

func wantStatus(t *testing.T, r *Run, want Status) {
	t.Helper()
	if r.Status != want {
		t.Errorf("the run is %s (%s: %s), want %s", r.Status, r.Reason, r.Message, want)
	}
}

func wantReports(t *testing.T, f *fakeServer, made, deleted int) {
	t.Helper()
	if f.made != made || f.deleted != deleted {
		t.Errorf("%d reports made, %d deleted; want %d and %d", f.made, f.deleted, made, deleted)
	}
}

func TestFirstAttemptCreates(t *testing.T) {
	story(t, 1, Policy{}, nil, time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Created)
		wantReports(t, f, 1, 0)
	})
}

func TestLostResponseIsDeduplicated(t *testing.T) {
	story(t, 1, Policy{}, []fault{loseResponse}, time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Deduplicated)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Replayed)
		wantReports(t, f, 1, 0)
	})
}

// Two machines measured under one given key: the second must be told that the
// report is not of its measurement.
func TestASharedKeyTellsWhoseMeasurementTheReportHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		key := uuid.NewString()
		for i, want := range []struct {
			status  Status
			message string
		}{
			{Sent, ""},
			{Deduplicated, "another submission with its key came first: the report holds what was measured at 1999-12-31T23:59:59Z"},
		} {
			s := openTest(t)
			n := newRun(t, "main", 1, func(n *New) {
				n.Shared = true
				n.Body = bytes.ReplaceAll(n.Body, []byte(n.ID.String()), []byte(key))
			})
			run := enqueue(t, s, n)
			stop := startSender(t, &Sender{Store: s, Deliverer: f})
			run = waitFor(t, s, run.ID, time.Minute, ended)
			stop()
			wantStatus(t, run, want.status)
			if run.Message != want.message {
				t.Errorf("submission %d: %q", i+1, run.Message)
			}
			time.Sleep(time.Second) // the server keeps times to the second
		}
		wantReports(t, f, 1, 0)
	})
}

func TestUnreadRequestIsSentAgain(t *testing.T) {
	story(t, 1, Policy{}, []fault{refuseIt, htmlIt, unreachable}, time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Unknown, client.Unavailable, client.Created)
		wantReports(t, f, 1, 0)
	})
}

func TestConflictBecomesReplay(t *testing.T) {
	story(t, 1, Policy{}, []fault{conflictIt}, time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Deduplicated)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Replayed)
		wantReports(t, f, 1, 0)
	})
}

func TestPartialReportIsMendedWhereThatIsAllowed(t *testing.T) {
	story(t, 3, Policy{Mend: MendAny}, []fault{storeOne}, 5*time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Incomplete, client.Mended, client.Created)
		wantReports(t, f, 2, 1)
		if f.wholeReports() != 1 {
			t.Error("the report is not whole")
		}
	})
}

func TestEmptyReportIsMendedByDefault(t *testing.T) {
	story(t, 2, Policy{}, []fault{storeEmpty}, 5*time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Incomplete, client.Mended, client.Created)
		wantReports(t, f, 2, 1)
	})
}

func TestPartialReportStaysByDefault(t *testing.T) {
	story(t, 3, Policy{}, []fault{storeOne}, 5*time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Incomplete)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Incomplete)
		wantReports(t, f, 1, 0)
	})
}

func TestMendNeverDeletesNothing(t *testing.T) {
	story(t, 3, Policy{Mend: MendNever}, []fault{storeEmpty}, 5*time.Minute, func(t *testing.T, _ *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Incomplete)
		wantReports(t, f, 1, 0)
	})
}

func TestMendingIsNotBeforeSettle(t *testing.T) {
	begin := time.Time{}
	story(t, 3, Policy{Mend: MendAny, Settle: 40 * time.Second}, []fault{storeOne}, 5*time.Minute, func(t *testing.T, s *Store, _ *fakeServer, r *Run) {
		history, err := s.History(context.Background(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		begin = history[1].EndedAt
		if waited := history[2].StartedAt.Sub(begin); waited < 40*time.Second || waited > time.Minute {
			t.Errorf("mended %s after it was seen", waited)
		}
	})
}

func TestMendingHasABound(t *testing.T) {
	faults := []fault{storeEmpty, "", storeEmpty, "", storeEmpty, "", storeEmpty}
	story(t, 2, Policy{}, faults, 10*time.Minute, func(t *testing.T, _ *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Incomplete)
		wantReports(t, f, 1+maxMends, maxMends)
	})
}

func TestSlowCommitIsDeduplicatedAndNothingDeleted(t *testing.T) {
	story(t, 3, Policy{Mend: MendAny}, []fault{slowCommit}, time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Deduplicated)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Replayed)
		wantReports(t, f, 1, 0)
	})
}

func TestLostDeletionIsLookedAfter(t *testing.T) {
	story(t, 2, Policy{}, []fault{storeEmpty, "", loseDelete}, 5*time.Minute, func(t *testing.T, s *Store, f *fakeServer, r *Run) {
		wantStatus(t, r, Sent)
		wantOutcomes(t, s, r.ID, client.Unknown, client.Incomplete, client.Mended, client.Created)
		wantReports(t, f, 2, 1)
	})
}

func TestWithoutTheRightNothingIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.faults, f.mayDelete = []fault{storeEmpty}, false
		run := enqueue(t, s, newRun(t, "main", 2))
		startSender(t, &Sender{Store: s, Deliverer: f})
		run = waitFor(t, s, run.ID, 5*time.Minute, ended)
		wantStatus(t, run, Incomplete)
		wantReports(t, f, 1, 0)
	})
}

func TestALaneKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		for i := range 40 {
			f.faults = append(f.faults, []fault{"", loseResponse, refuseIt, unreachable, htmlIt, conflictIt, storeEmpty}[i%7])
		}
		branches := []string{"main", "topic", "other"}
		want := map[string][]string{}
		for i := range 30 {
			branch := branches[i%3]
			run := enqueue(t, s, newRun(t, branch, 1))
			want[branch] = append(want[branch], run.ID.String())
		}
		startSender(t, &Sender{Store: s, Deliverer: f, Policy: Policy{Settle: 5 * time.Second}})
		for _, branch := range branches {
			for _, id := range want[branch] {
				waitFor(t, s, mustID(id), time.Hour, ended)
			}
		}
		for _, branch := range branches {
			var got []string
			for _, key := range f.arrivals {
				if id := key.String(); slices.Contains(want[branch], id) && !slices.Contains(got, id) {
					got = append(got, id)
				}
			}
			if !slices.Equal(got, want[branch]) {
				t.Errorf("branch %s arrived as\n%v, enqueued as\n%v", branch, got, want[branch])
			}
		}
		checkClean(t, s)
	})
}

func TestAStartPointIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.down = true
		base := enqueue(t, s, newRun(t, "main", 1))
		topic := enqueue(t, s, newRun(t, "topic", 1, func(n *New) {
			n.Body = []byte(`{"start_point":{"branch":"main"},` + string(n.Body[1:]))
		}))
		f.down = false
		f.faults = []fault{refuseIt}
		startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, topic.ID, time.Minute, ended)
		if f.arrivals[0] != base.ID || f.arrivals[1] != topic.ID {
			t.Error("the branch came before its start point")
		}
	})
}

func TestBackoffNeverGivesUpAndComesBackSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.down = true
		run := enqueue(t, s, newRun(t, "main", 1))
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		time.Sleep(6 * time.Hour) // fake time
		synctest.Wait()
		now, err := s.Get(t.Context(), run.ID)
		if err != nil || now.Status != Pending {
			t.Fatalf("%v after six hours: %v", now.Status, err)
		}
		if now.Attempts > 6*60 || now.Attempts < 6*60/10 {
			t.Errorf("%d attempts in six hours", now.Attempts)
		}
		if history, _ := s.History(t.Context(), run.ID); len(history) != 1 || history[0].Count != now.Attempts {
			t.Errorf("six hours offline take %d lines of history", len(history))
		}
		f.set(func() { f.down = false })
		back := time.Now()
		waitFor(t, s, run.ID, time.Hour, ended)
		if waited := time.Since(back); waited > 30*time.Second {
			t.Errorf("%s after its host came back", waited)
		}
		stop()
		checkClean(t, s)
	})
}

func TestThrottledProjectIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.faults = []fault{throttleIt}
		first := enqueue(t, s, newRun(t, "main", 1))
		begin := time.Now()
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, first.ID, time.Second, func(r *Run) bool { return r.Reason == ReasonThrottled })
		second := enqueue(t, s, newRun(t, "topic", 1))
		waitFor(t, s, second.ID, time.Hour, ended)
		if waited := time.Since(begin); waited < time.Minute {
			t.Errorf("another lane of the project was sent %s after the 429", waited)
		}
		stop()
		checkClean(t, s)
	})
}

func TestACredentialIsNeverReplacedByNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		secret := client.NewCredential("bencher_user_abc")
		run := enqueue(t, s, newRun(t, "main", 1, func(n *New) { n.Credential = secret.Fingerprint() }))
		poor := newFakeServer()
		startSender(t, &Sender{Store: s, Deliverer: poor})
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonCredential })
		if poor.made != 0 || poor.anonymous != 0 {
			t.Error("the run was sent without its credential")
		}
		rich := newFakeServer()
		rich.creds = client.NewCredentials(testHost, secret)
		startSender(t, &Sender{Store: s, Deliverer: rich})
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Sent)
		if poor.made != 0 || rich.anonymous != 0 {
			t.Error("the run was sent without its credential")
		}
	})
}

func TestARefusedCredentialWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		old, fresh := client.NewCredential("old"), client.NewCredential("new")
		f := newFakeServer()
		f.creds, f.faults = client.NewCredentials(testHost, old), []fault{loginIt}
		withOld := func(n *New) { n.Credential = old.Fingerprint() }
		run := enqueue(t, s, newRun(t, "main", 1, withOld))
		other := enqueue(t, s, newRun(t, "topic", 1, withOld))
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonCredentialRefused })
		time.Sleep(time.Hour) // fake time
		if len(f.bodies) > 2 || f.made > 1 {
			t.Errorf("the refused credential was tried again: %d reports", f.made)
		}
		stop()
		f.set(func() { f.creds = client.NewCredentials(testHost, fresh) })
		startSender(t, &Sender{Store: s, Deliverer: f})
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Sent)
		wantStatus(t, waitFor(t, s, other.ID, time.Minute, ended), Sent)
		checkClean(t, s)
	})
}

func TestStoppingEndsWithinItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hung := openTest(t), &hangingServer{fakeServer: newFakeServer()}
		run := enqueue(t, s, newRun(t, "main", 1))
		stop := startSender(t, &Sender{Store: s, Deliverer: hung})
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Status == Sending })
		begin := time.Now()
		stop()
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
		now, err := s.Get(t.Context(), run.ID)
		if err != nil || now.Status != Pending {
			t.Errorf("%v %v", now.Status, err)
		}
		wantOutcomes(t, s, run.ID, client.Unknown)
		checkClean(t, s)
	})
}

// hangingServer never answers.
type hangingServer struct{ *fakeServer }

func (h *hangingServer) Send(ctx context.Context, p client.Parcel) client.Verdict {
	<-ctx.Done()
	return client.Classify(client.Exchange{Sent: true, Err: errors.New("cancelled"), Ended: time.Now()}, p.Want)
}

func TestAClockSetBackStallsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.faults = []fault{throttleIt}
		run := enqueue(t, s, newRun(t, "main", 1))
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonThrottled })
		stop()
		s.Now = func() time.Time { return time.Now().AddDate(-1, 0, 0) }
		startSender(t, &Sender{Store: s, Deliverer: f})
		wantStatus(t, waitFor(t, s, run.ID, time.Hour, ended), Sent)
	})
}

func TestAServerThatDeniesItsReportIsNotAskedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), &denyingServer{newFakeServer()}
		f.faults = []fault{storeEmpty}
		run := enqueue(t, s, newRun(t, "main", 2))
		startSender(t, &Sender{Store: s, Deliverer: f})
		run = waitFor(t, s, run.ID, time.Hour, ended)
		wantStatus(t, run, Incomplete)
		if run.Attempts > 20 || f.made != 1 {
			t.Errorf("%d attempts, %d reports", run.Attempts, f.made)
		}
	})
}

// denyingServer lets a credential post, but not see.
type denyingServer struct{ *fakeServer }

func (d *denyingServer) Look(_ context.Context, p client.Parcel) client.Sighting {
	return client.ClassifyLook(d.answer(time.Now(), 404, client.APIError{RequestID: "r", Message: "Project (demo) not found"}), p.Want)
}

func TestAForbiddenLookWaitsForAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), &forbiddingServer{newFakeServer()}
		f.faults = []fault{storeEmpty}
		run := enqueue(t, s, newRun(t, "main", 2))
		startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonCredentialRefused })
		other := enqueue(t, s, newRun(t, "topic", 1)) // posting is another right
		wantStatus(t, waitFor(t, s, other.ID, time.Minute, ended), Sent)
	})
}

// forbiddingServer refuses every look.
type forbiddingServer struct{ *fakeServer }

func (d *forbiddingServer) Look(_ context.Context, p client.Parcel) client.Sighting {
	return client.ClassifyLook(d.answer(time.Now(), 403, client.APIError{RequestID: "r", Message: "Forbidden"}), p.Want)
}

func TestRetryStillWaitsAfterAnUnknownAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.faults = []fault{loseResponse}
		run := enqueue(t, s, newRun(t, "main", 1))
		startSender(t, &Sender{Store: s, Deliverer: f})
		waitFor(t, s, run.ID, time.Minute, func(r *Run) bool { return r.Reason == ReasonBackoff })
		if _, err := s.Retry(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, waitFor(t, s, run.ID, time.Minute, ended), Deduplicated)
		history, err := s.History(t.Context(), run.ID)
		if err != nil || history[1].StartedAt.Sub(history[0].EndedAt) < 2*time.Second {
			t.Errorf("sent again too soon: %v", err)
		}
	})
}
