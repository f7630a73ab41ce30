package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
)

// delivery is what a command waits for.
type delivery struct {
	runs   []*outbox.Run
	wait   time.Duration // negative: a few seconds, and pending is no failure
	noSend bool
	format string
	// errorOnAlert asks for a status of its own where a report has alerts.
	errorOnAlert bool
}

// patience is how long a command without --wait tries by itself.
const patience = 5 * time.Second

// deliver sends the runs, beside other senders, and says what became of them.
// They are in the outbox: whoever took an error for a refusal would submit them
// twice.
func (a *app) deliver(ctx context.Context, store *outbox.Store, hosts *client.Hosts, d delivery) error {
	err := a.delivered(ctx, store, hosts, d)
	var status *exitError
	switch {
	case err == nil, errors.As(err, &status), errors.Is(err, context.Canceled):
		return err
	case len(d.runs) == 1:
		return fmt.Errorf("run %s was accepted already, don't submit it again: %w", shortID(d.runs[0].ID), err)
	}
	return fmt.Errorf("%d runs were accepted already, don't submit them again: %w", len(d.runs), err)
}

func (a *app) delivered(ctx context.Context, store *outbox.Store, hosts *client.Hosts, d delivery) error {
	if d.noSend || d.wait == 0 || a.env(measuring) != "" {
		d.wait = 0 // nothing is waited for, in CI either
		return a.tellAll(ctx, store, nil, d)
	}
	a.warnPlainRuns(d.runs)
	span := d.wait
	if span < 0 {
		span = patience
	}
	lanes := map[string]bool{}
	for _, r := range d.runs {
		lanes[r.Lane()] = true
		if r.StartPoint != "" {
			lanes[client.LaneOf(r.Host, r.Project, r.StartPoint)] = true
		}
	}
	wants := func(r *outbox.Run) bool { return lanes[r.Lane()] }
	if err := store.Hasten(ctx, wants); err != nil {
		return err
	}
	sender := &outbox.Sender{Store: store, Deliverer: hosts, Policy: a.policy(), Log: a.log, Wants: wants, Told: func(words string) { a.warn("%s", words) }, Measuring: a.quiet().Measuring}
	stop := a.startSender(ctx, sender)
	runs, err := a.await(ctx, store, hosts, d.runs, span, d.wait < 0)
	d.runs = runs
	stopped := stop()
	if err == nil {
		err = stopped
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if ctx.Err() != nil {
		a.notice("Interrupted.")
		ctx = context.WithoutCancel(ctx)
	}
	return a.tellAll(ctx, store, hosts, d)
}

// startSender runs a sender until the returned function is called. When the
// person stops the command with Ctrl-Z, the sender lets go of its claims first
// and begins anew when the command goes on.
func (a *app) startSender(ctx context.Context, sender *outbox.Sender) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- sendUnlessSuspended(ctx, sender) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func sendUnlessSuspended(ctx context.Context, sender *outbox.Sender) error {
	asked, suspend, done := suspensions()
	defer done()
	for {
		sending, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- sender.Run(sending) }()
		select {
		case err := <-ended:
			cancel()
			return err
		case <-asked:
			cancel()
			if err := <-ended; err != nil {
				return err
			}
			suspend()
		}
	}
}

// await waits until every run is at its end, waits for a person, or the time
// is over; with early also once nothing more can happen in time.
func (a *app) await(ctx context.Context, store *outbox.Store, hosts *client.Hosts,
	runs []*outbox.Run, span time.Duration, early bool) ([]*outbox.Run, error) {
	deadline := time.Now().Add(min(span, 100*365*24*time.Hour))
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	watch := store.WatchClosely
	if few := 4; len(runs) > few {
		watch = store.Watch
	}
	changes := watch(ctx)
	for {
		latest, err := store.GetAll(ctx, idsOf(runs))
		if err != nil {
			if ctx.Err() != nil {
				return runs, nil
			}
			return runs, err
		}
		runs = latest
		waiting := false
		for _, now := range runs {
			idle := early && now.Status == outbox.Pending && now.NextAttemptAt.After(deadline)
			if !now.Status.Ended() && !stuck(now, hosts) && !idle {
				waiting = true
			}
		}
		if !waiting {
			return runs, nil
		}
		select {
		case <-ctx.Done():
			return runs, nil
		case <-changes:
		}
	}
}

// stuck tells whether a run waits for a person. One that waits for a sender
// with a credential doesn't, where this process has it: a UI without one may
// have said so.
func stuck(r *outbox.Run, hosts *client.Hosts) bool {
	if r.Status != outbox.Pending || !r.Reason.NeedsPerson() {
		return false
	}
	if r.Reason == outbox.ReasonCredential {
		_, atHand := hosts.Credential(r.Host, r.Credential, r.Refused)
		return !atHand
	}
	return true
}

// tellAll prints what became of the runs and returns the exit status.
func (a *app) tellAll(ctx context.Context, store *outbox.Store, hosts *client.Hosts, d delivery) error {
	runs, err := store.GetAll(context.WithoutCancel(ctx), idsOf(d.runs))
	if err != nil {
		return err
	}
	if len(runs) > manyRuns {
		hosts = nil // each run's own results are shown: a report each would be a request each
	}
	codes := make([]int, 0, len(runs))
	for _, latest := range runs {
		if err := a.tell(ctx, store, hosts, latest, d.format); err != nil {
			return err
		}
		codes = append(codes, statusCode(latest, d.wait > 0))
		if d.errorOnAlert && latest.Report != nil && latest.Report.AlertsTotal > 0 {
			codes = append(codes, exitAlerts)
		}
	}
	return exit(worst(codes))
}

// manyRuns is how many runs a command tells of with their servers' reports.
const manyRuns = 20

func idsOf(runs []*outbox.Run) []uuid.UUID {
	ids := make([]uuid.UUID, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	return ids
}

// statusCode is the exit status that a run asks for.
func statusCode(r *outbox.Run, waited bool) int {
	switch {
	case r.Status.Failed() || r.Status == outbox.Cancelled:
		return exitRefused
	case !r.Status.Ended() && waited:
		return exitPending
	}
	return exitOK
}

// worst orders exit statuses: 4 before 5 before 3.
func worst(codes []int) int {
	for _, code := range []int{exitRefused, exitAlerts, exitPending} {
		for _, c := range codes {
			if c == code {
				return code
			}
		}
	}
	return exitOK
}

// tell prints what became of one run: its status in words on stderr, its
// results on stdout.
func (a *app) tell(ctx context.Context, store *outbox.Store, hosts *client.Hosts, r *outbox.Run, format string) error {
	if a.flags.json {
		return a.printJSON(runJSON(r))
	}
	if r.Status.Failed() { // an error, so -q shows it too
		fmt.Fprintln(a.err, sentence(r, time.Now()))
		return nil
	}
	a.notice("%s", sentence(r, time.Now()))
	if !r.Status.Acknowledged() {
		return nil
	}
	report := a.fetchReport(ctx, hosts, r)
	if format == "json" || format == "html" {
		if report == nil {
			return fmt.Errorf("the report of run %s can't be had from %s right now; the run is delivered", r.ID, r.Host)
		}
		if format == "html" {
			return writeReportHTML(a.out, report)
		}
		return a.printJSON(report)
	}
	body, err := store.Body(context.WithoutCancel(ctx), r.ID)
	if errors.Is(err, outbox.ErrPruned) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.printResults(r, report, body); err != nil {
		return err
	}
	a.tellAlerts(r)
	return nil
}

// fetchReport asks the server for a run's report, or returns nil: the run's own
// results can be shown in its place.
func (a *app) fetchReport(ctx context.Context, hosts *client.Hosts, r *outbox.Run) *client.Report {
	if hosts == nil || r.Report == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	seen := hosts.Look(ctx, client.Parcel{
		Host: r.Host, Fingerprint: r.Credential, Report: r.Report.UUID, ReportProject: r.Report.Project,
		Want: client.Expectation{Summary: r.Summary, Shared: r.Shared, ProjectUUID: r.Report.Project},
	})
	return seen.Report
}

func shortID(id uuid.UUID) string { return id.String()[24:] }
