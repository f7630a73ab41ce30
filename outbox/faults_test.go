package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"
	"burrow/client/local"
	"burrow/outbox"

	"pgregory.net/rapid"
)

// orders are the faults that a random life draws from, each with an end.
var orders = []string{
	"lose-response=%d", "refuse=%d", "status=500:%d", "status=502:%d", "status=503:%d", "throttle=2:%d", "throttle-bare=%d",
	"slow-commit=3s:%d", "slow-commit=200ms:%d", "truncate=%d", "incomplete=%d", "partial=1:%d", "race=%d", "html=%d",
	"status=400:%d", "status=401:%d", "status=402:%d", "status=403:%d", "status=404:%d", "status=409:%d", "status=413:%d",
}

// TestAnyFaultsEndInOneWholeReportEach plays random sequences of the built-in
// server's faults, in fake time: every acknowledged run has exactly one report,
// whole; every other one names its reason; lanes are delivered in order, and no
// report is without its run.
func TestAnyFaultsEndInOneWholeReportEach(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var specs []string
		for range rapid.IntRange(0, 8).Draw(r, "faults") {
			order := rapid.SampledFrom(orders).Draw(r, "fault")
			specs = append(specs, fmt.Sprintf(order, rapid.IntRange(1, 3).Draw(r, "times")))
		}
		if rapid.Bool().Draw(r, "skewed") {
			specs = append(specs, "skew="+rapid.SampledFrom([]string{"-1h", "90s", "48h"}).Draw(r, "skew"))
		}
		if rapid.Bool().Draw(r, "far") {
			specs = append(specs, "latency=700ms")
		}
		if rapid.Bool().Draw(r, "keyless") {
			specs = append(specs, "no-keys")
		}
		mend := rapid.SampledFrom([]outbox.MendPolicy{outbox.MendAuto, outbox.MendAny, outbox.MendNever}).Draw(r, "mend")
		lanes, each := rapid.IntRange(1, 3).Draw(r, "lanes"), rapid.IntRange(1, 3).Draw(r, "runs")
		senders := rapid.IntRange(1, 2).Draw(r, "senders")
		folder, err := os.MkdirTemp("", "faults")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(folder)
		synctest.Test(t, func(t *testing.T) {
			faultyLife{folder: folder, specs: specs, mend: mend, lanes: lanes, each: each, senders: senders}.live(t, r)
		})
	})
}

type faultyLife struct {
	folder               string
	specs                []string
	mend                 outbox.MendPolicy
	lanes, each, senders int
}

func (l faultyLife) live(t *testing.T, r *rapid.T) {
	var faults []local.Fault
	for _, spec := range l.specs {
		f, err := local.ParseFault(spec)
		if err != nil {
			r.Fatal(err)
		}
		faults = append(faults, f)
	}
	server, err := local.Open(filepath.Join(l.folder, "server.db"), local.Options{Faults: faults})
	if err != nil {
		r.Fatal(err)
	}
	store, err := outbox.Open(t.Context(), filepath.Join(l.folder, "outbox.db"))
	if err != nil {
		r.Fatal(err)
	}
	for lane := range l.lanes {
		for n := range l.each {
			l.enqueue(r, store, lane, n)
		}
	}
	hosts := client.NewHosts("burrow/test", client.Credentials{}, server.Transport())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, l.senders)
	for range l.senders {
		sender := &outbox.Sender{Store: store, Deliverer: hosts, Policy: outbox.Policy{Mend: l.mend}, Log: slog.New(slog.DiscardHandler)}
		go func() { ended <- sender.Run(ctx) }()
	}
	l.attend(r, store)
	cancel()
	for range l.senders {
		if err := <-ended; err != nil {
			r.Error(err)
		}
	}
	hosts.Close()
	if err := server.Close(context.Background()); err != nil {
		r.Error(err)
	}
	l.judge(t, r, store)
}

// attend waits until every run is at an end. Every ten minutes it retries those
// that wait for a person, as one would: a refused credential holds back others
// too. A run in doubt may stay so.
func (l faultyLife) attend(r *rapid.T, store *outbox.Store) {
	const tick, visit, patience = 5 * time.Second, 10 * time.Minute, 24 * time.Hour
	for waited := tick; waited <= patience; waited += tick {
		time.Sleep(tick) // fake
		open, err := store.Outstanding(context.Background())
		if err != nil {
			r.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		if waited%visit != 0 {
			continue
		}
		if waited > 6*time.Hour && !slices.ContainsFunc(open, func(run *outbox.Run) bool { return !doubtful(run) }) {
			return
		}
		for _, run := range open {
			var notNow *outbox.NotNowError
			if !run.Reason.NeedsPerson() {
				continue
			}
			if _, err := store.Retry(context.Background(), run.ID); err != nil && !errors.As(err, &notNow) {
				r.Fatal(err)
			}
		}
	}
}

// doubtful tells whether several reports may be the run's, which a retry does
// not settle, or whether it waits for such a one.
func doubtful(run *outbox.Run) bool {
	return run.Reason == outbox.ReasonDoubt || strings.HasPrefix(string(run.Reason), "behind ")
}

func (l faultyLife) enqueue(r *rapid.T, store *outbox.Store, lane, n int) {
	id, err := outbox.NewID()
	if err != nil {
		r.Fatal(err)
	}
	at := time.Now().Add(time.Duration(10*lane+n) * time.Second)
	body, err := client.NewRun{
		Project: "demo", Branch: fmt.Sprint("b", lane), Testbed: "ci", StartTime: at, EndTime: at.Add(time.Second),
		Results:  []string{`{"a":{"latency":{"value":1}}}`, `{"a":{"latency":{"value":2}}}`},
		Settings: &client.Settings{Adapter: "json"},
	}.Freeze(id)
	if err != nil {
		r.Fatal(err)
	}
	if _, _, err := store.Enqueue(context.Background(), outbox.New{ID: id, Body: body, Host: client.Local}); err != nil {
		r.Fatal(err)
	}
}

// delivered is a run with the version number that its report got.
type delivered struct {
	run    *outbox.Run
	number int
}

// judge compares the outbox with what the server holds.
func (l faultyLife) judge(t *testing.T, r *rapid.T, store *outbox.Store) {
	runs, err := store.List(t.Context(), outbox.Query{})
	if err != nil {
		r.Fatal(err)
	}
	reopened, err := local.Open(filepath.Join(l.folder, "server.db"), local.Options{})
	if err != nil {
		r.Fatal(err)
	}
	reports := reportsOf(t, r, reopened)
	slices.Reverse(runs)
	last := map[string]*delivered{}
	for _, run := range runs {
		i := slices.IndexFunc(reports, func(p client.Report) bool {
			if run.Report == nil || !run.Status.Acknowledged() { // its report may be there, seen or not
				return p.StartTime.Equal(run.StartTime.Truncate(time.Second))
			}
			return p.UUID == run.Report.UUID
		})
		switch {
		case run.Status.Acknowledged() && (i < 0 || len(reports[i].Iterations()) != 2):
			r.Errorf("run %s is %s, but its report is not whole", run.ID, run.Status)
		case !run.Status.Acknowledged() && run.Reason == outbox.ReasonNone:
			r.Errorf("run %s is %s without a reason", run.ID, run.Status)
		case !run.Status.Ended() && (!doubtful(run) || !slices.Contains(l.specs, "no-keys")):
			r.Errorf("run %s is still %s (%s)", run.ID, run.Status, run.Reason)
		}
		if i < 0 {
			continue
		}
		if number := reports[i].Branch.Head.Version.Number; run.Status.Acknowledged() {
			older := last[run.Branch]
			const yields = 10 // failures after which a run lets younger ones pass
			if older != nil && number < older.number && older.run.Mends == 0 && older.run.Attempts <= yields && !waited(r, store, older.run) {
				r.Errorf("run %s of lane %s has version %d, the older run %s %d", run.ID, run.Branch, number, older.run.ID, older.number)
			}
			if older == nil || number > older.number {
				last[run.Branch] = &delivered{run, number}
			}
		}
		reports = slices.Delete(reports, i, i+1)
	}
	for _, p := range reports {
		r.Errorf("report %s, of %d iterations, is no run's", p.UUID, len(p.Iterations()))
	}
	if problems, err := store.Check(t.Context()); err != nil || len(problems) > 0 {
		r.Errorf("%v %v", problems, err)
	}
	if err := reopened.Close(context.Background()); err != nil {
		r.Error(err)
	}
}

// waited tells whether a run waited for a person, or was at its end and brought
// back: then younger ones of its lane may pass.
func waited(r *rapid.T, store *outbox.Store, run *outbox.Run) bool {
	history, err := store.History(context.Background(), run.ID)
	if err != nil {
		r.Fatal(err)
	}
	return slices.ContainsFunc(history, func(a outbox.Attempt) bool { return a.Outcome == client.Unauthorized || a.Outcome == client.Refused })
}

func reportsOf(t *testing.T, r *rapid.T, server *local.Server) (reports []client.Report) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://local/v0/projects/demo/reports?per_page=255", nil)
	if err != nil {
		r.Fatal(err)
	}
	answer, err := server.Transport().RoundTrip(request)
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound { // every run was refused
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(&reports); err != nil {
		r.Fatal(err)
	}
	return reports
}
