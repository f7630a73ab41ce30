package outbox

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// However runs of one measurement are resubmitted, cancelled, retried, deleted
// and pruned, its results arrive once.
func TestAMeasurementIsCountedOnce(t *testing.T) {
	type family struct {
		*testing.T
		s    *Store
		f    *fakeServer
		runs map[string]*Run
	}
	cancel := func(c family, name string) {
		if _, err := c.s.Cancel(c.Context(), c.runs[name].ID); err != nil {
			c.Fatalf("cancelling %s: %v", name, err)
		}
	}
	retry := func(c family, name string) error { _, err := c.s.Retry(c.Context(), c.runs[name].ID); return err }
	resubmit := func(c family, old, name string, change ...func(*New)) error {
		if _, err := c.s.ClearWay(c.Context(), c.f, c.runs[old].ID, MendAny, true); err != nil {
			return err
		}
		id := c.runs[old].ID
		run, _, err := c.s.Enqueue(c.Context(), newRun(c.T, "main", 1, append(change, func(n *New) { n.Resubmits = &id })...))
		c.runs[name] = run
		return err
	}
	must := func(c family, err error) {
		c.Helper()
		if err != nil {
			c.Fatal(err)
		}
	}
	deliver := func(c family) {
		stop := startSender(c.T, &Sender{Store: c.s, Deliverer: c.f})
		time.Sleep(time.Minute)
		stop()
	}
	for name, story := range map[string]func(family){
		"the new one was pruned": func(c family) {
			must(c, resubmit(c, "x", "y"))
			deliver(c)
			if done, err := c.s.Prune(c.Context(), Retention{Bodies: 1, Runs: 1, OwnClock: true}, false, nil); err != nil || done.Runs != 1 {
				c.Fatalf("%+v, %v", done, err)
			}
			if retry(c, "x") == nil {
				c.Error("x is sent beside y, which was delivered")
			}
		},
		"the new one was deleted": func(c family) {
			must(c, resubmit(c, "x", "y"))
			deliver(c)
			must(c, c.s.Delete(c.Context(), c.runs["y"].ID))
			if retry(c, "x") == nil {
				c.Error("x is sent beside y, which was delivered")
			}
		},
		"the new one was deleted unsent": func(c family) {
			must(c, resubmit(c, "x", "y"))
			must(c, c.s.Delete(c.Context(), c.runs["y"].ID))
			must(c, retry(c, "x"))
		},
		"the old one took it back": func(c family) {
			must(c, resubmit(c, "x", "y"))
			cancel(c, "y")
			must(c, retry(c, "x"))
			deliver(c)
			if retry(c, "y") == nil {
				c.Error("y is sent beside x")
			}
			if c.s.Uncancel(c.Context(), c.runs["y"].ID) == nil {
				c.Error("y is sent beside x")
			}
		},
		"to and fro": func(c family) {
			must(c, resubmit(c, "x", "y"))
			cancel(c, "y")
			must(c, c.s.Uncancel(c.Context(), c.runs["x"].ID))
			cancel(c, "x")
			must(c, retry(c, "y"))
			if retry(c, "x") == nil {
				c.Error("x is sent beside y")
			}
			deliver(c)
		},
		"resubmitted twice": func(c family) {
			must(c, resubmit(c, "x", "y"))
			if resubmit(c, "x", "z") == nil {
				c.Error("z is sent beside y")
			}
			cancel(c, "y")
			must(c, resubmit(c, "x", "z"))
			deliver(c)
			if retry(c, "y") == nil || retry(c, "x") == nil {
				c.Error("y or x is sent beside z")
			}
		},
		"over two": func(c family) {
			must(c, resubmit(c, "x", "y"))
			cancel(c, "y")
			must(c, resubmit(c, "y", "z"))
			if retry(c, "x") == nil {
				c.Error("x is sent beside z")
			}
			deliver(c)
			if retry(c, "x") == nil || retry(c, "y") == nil {
				c.Error("x or y is sent beside z")
			}
		},
		"delivered while it was resubmitted": func(c family) {
			if _, err := c.s.ClearWay(c.Context(), c.f, c.runs["x"].ID, MendAny, true); err != nil {
				c.Fatal(err)
			}
			must(c, retry(c, "x")) // by another process
			deliver(c)
			id := c.runs["x"].ID
			_, _, err := c.s.Enqueue(c.Context(), newRun(c.T, "other", 1, func(n *New) { n.Resubmits = &id }))
			if notNow := new(NotNowError); !errors.As(err, &notNow) {
				c.Errorf("y is accepted beside x, which was delivered: %v", err)
			}
		},
		"elsewhere too": func(c family) {
			must(c, resubmit(c, "x", "y"))
			cancel(c, "y")
			id := c.runs["x"].ID
			enqueue(c.T, c.s, newRun(c.T, "main", 1, func(n *New) { n.Resubmits, n.Host = &id, "http://elsewhere.example" }))
			must(c, retry(c, "y"))
			if retry(c, "x") == nil {
				c.Error("x is sent beside y")
			}
			c.f.made-- // elsewhere is another server
			deliver(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := family{t, openTest(t), newFakeServer(), map[string]*Run{}}
				c.runs["x"] = enqueue(t, c.s, newRun(t, "main", 1))
				cancel(c, "x")
				story(c)
				deliver(c)
				wantReports(t, c.f, 1, 0)
				checkClean(t, c.s)
			})
		})
	}
}

// Each resubmission of a run that was delivered is a report that a person asked
// for.
func TestResubmissionsOfADeliveredRunStandBesideEachOther(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "main", 1))
	stop := startSender(t, &Sender{Store: s, Deliverer: newFakeServer()})
	waitFor(t, s, run.ID, time.Minute, ended)
	stop()
	first := enqueue(t, s, newRun(t, "other", 1, func(n *New) { n.Resubmits, n.Beside = &run.ID, true }))
	enqueue(t, s, newRun(t, "third", 1, func(n *New) { n.Resubmits, n.Beside = &run.ID, true }))
	if _, err := s.Cancel(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retry(t.Context(), first.ID); err != nil {
		t.Error(err)
	}
}
