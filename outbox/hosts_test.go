package outbox

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"
)

// deafHost is one host that never answers beside a server that does.
type deafHost struct{ *fakeServer }

const deaf = "https://deaf.example"

func (d deafHost) Ping(ctx context.Context, host string) (string, error) {
	if host == deaf {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return d.fakeServer.Ping(ctx, host)
}

func (d deafHost) Send(ctx context.Context, p client.Parcel) client.Verdict {
	if p.Host == deaf {
		return client.Verdict{Outcome: client.Unavailable, Scope: client.ScopeHost, Message: "timeout"}
	}
	return d.fakeServer.Send(ctx, p)
}

// A host that is asked for a sign of life, and gives none, keeps no other host
// waiting.
func TestADeafHostHoldsNoOtherUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		enqueue(t, s, newRun(t, "deaf", 1, func(n *New) { n.Host = deaf }))
		stop := startSender(t, &Sender{Store: s, Deliverer: deafHost{newFakeServer()}})
		for range 40 { // over two signs of life
			begun := time.Now()
			run := enqueue(t, s, newRun(t, "live", 1))
			waitFor(t, s, run.ID, 10*time.Second, ended)
			if waited := time.Since(begun); waited > time.Second {
				t.Fatalf("a run to a healthy host waited %s", waited)
			}
			time.Sleep(700 * time.Millisecond)
		}
		stop()
	})
}

// A host that answers one run is back for all: none waits out what it reckoned
// with while the host was away.
func TestAHostThatAnswersIsBackForAllLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		f.down = true
		s.Draw = func() float64 { return 0.99 }
		var runs []*Run
		for _, branch := range []string{"a", "b", "c"} {
			runs = append(runs, enqueue(t, s, newRun(t, branch, 1)))
		}
		stop := startSender(t, &Sender{Store: s, Deliverer: noPing{f}})
		time.Sleep(20 * time.Minute)
		f.mu.Lock()
		f.down = false
		f.mu.Unlock()
		first := time.Time{}
		for len(runs) > 0 {
			run := waitFor(t, s, runs[0].ID, time.Hour, func(*Run) bool { return true })
			if run.Status != Sent {
				time.Sleep(100 * time.Millisecond)
				runs = append(runs[1:], runs[0])
				continue
			}
			if first.IsZero() {
				first = time.Now()
			}
			runs = runs[1:]
		}
		stop()
		if since := time.Since(first); since > 10*time.Second {
			t.Errorf("the last run went %s after the first", since)
		}
	})
}

// noPing is a server that gives no sign of life but by its answers to runs.
type noPing struct{ *fakeServer }

func (noPing) Ping(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// An undo touches only what was done: the run waits as it did.
func TestTakingACancellationBack(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "main", 1))
	if err := s.Uncancel(t.Context(), run.ID); err == nil {
		t.Error("it was not cancelled")
	}
	if _, err := s.Cancel(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Uncancel(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), run.ID); err != nil || got.Status != Pending {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := s.Cancel(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	by := enqueue(t, s, newRun(t, "main", 1, func(n *New) { n.Resubmits = &run.ID }))
	for name, act := range map[string]func() error{
		"undo":     func() error { return s.Uncancel(t.Context(), run.ID) },
		"retry":    func() error { _, err := s.Retry(t.Context(), run.ID); return err },
		"resubmit": func() error { _, err := s.ClearWay(t.Context(), newFakeServer(), run.ID, MendAny, true); return err },
	} {
		if err := act(); err == nil {
			t.Errorf("%s: the results of run %s are another one's to deliver", name, run.ID)
		}
	}
	if err := s.Delete(t.Context(), by.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Uncancel(t.Context(), run.ID); err != nil {
		t.Errorf("the other run is gone: %v", err)
	}
}

// What a sender claims and does not work on, since its commit seemed to fail, goes
// back like a dead sender's.
func TestAForgottenClaimIsGivenBack(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "main", 1))
	c := claimant{owner: "me", fingerprint: func(*Run) (string, bool) { return "", true }}
	c.holds = func(uint64) bool { return true }
	if got, _, err := s.advance(t.Context(), c, nil, 1); err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, held := range []bool{true, false} {
		c.holds = func(uint64) bool { return held }
		if _, _, err := s.advance(t.Context(), c, nil, 1); err != nil {
			t.Fatal(err)
		}
		want := map[bool]Status{true: Sending, false: Pending}[held]
		if got, err := s.Get(t.Context(), run.ID); err != nil || got.Status != want {
			t.Errorf("held %v: %v, %v", held, got, err)
		}
	}
	wantOutcomes(t, s, run.ID, client.Unknown)
}
