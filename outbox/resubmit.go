package outbox

import (
	"context"
	"fmt"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// LeftoverError says that an attempt left a report behind that burrow does not
// delete by itself.
type LeftoverError struct {
	Run    *Run
	Report uuid.UUID
	Held   int // iterations
}

func (e *LeftoverError) Error() string {
	return fmt.Sprintf("run %s left the report %s on %s, with %d of %d iterations", e.Run.ID, e.Report, e.Run.Host, e.Held, len(e.Run.Iterations))
}

// Leftover is a report without the run's results that an attempt left behind.
type Leftover struct {
	Report uuid.UUID
	Held   int    // iterations
	Kept   string // why it could not be deleted; "": it is gone
}

// ClearWay looks at what an ended run left on its server, before another run
// of the same results is made. The key is the only proof of whose a report is
// (siblings share seconds, hash, branch and testbed), so it sends the same
// bytes with the same key, which is always safe: a whole report is noted at the
// run and is an error, since nothing must be doubled; a short one is deleted
// where the run's mend policy (else this one) allows it or a person said so, and
// is a *LeftoverError else. Where the server can't be asked, or may still be at
// work on the run, that is an error too.
func (s *Store) ClearWay(ctx context.Context, d Deliverer, id uuid.UUID, mend MendPolicy, agreed bool) (*Leftover, error) {
	var run *Run
	err := s.view(ctx, func(t *tx) (err error) {
		if run, err = t.byID(id); err != nil {
			return err
		}
		return t.replaced(run)
	})
	if err != nil {
		return nil, err
	}
	switch {
	case !run.Status.Ended():
		return nil, &NotNowError{run, "it may still be delivered: cancel it first"}
	case run.Status.Acknowledged():
		return nil, &NotNowError{run, fmt.Sprintf("it is on %s already, whole, as report %s: there is nothing to resubmit (another --branch, --testbed, --hash, --adapter, --project or --to makes another report)", run.Host, run.Report.UUID)}
	case run.Status == Cancelled && run.MayBeThere:
		parcel, err := s.parcel(ctx, run)
		if err != nil {
			return nil, err
		}
		if d.Clear(ctx, parcel).State == client.ProjectMoved {
			return nil, searchElsewhere(ctx, d, run, parcel)
		}
		return nil, &NotNowError{run, "an earlier attempt may have left it on the server: burrow retry finds out, with the same key, so that nothing is doubled"}
	case !run.ReportLeft && run.Status != Incomplete:
		return nil, nil
	}
	parcel, err := s.parcel(ctx, run)
	if err != nil {
		return nil, err
	}
	switch c := d.Clear(ctx, parcel); c.State {
	case client.ProjectMoved, client.WithoutKeys:
		return nil, searchElsewhere(ctx, d, run, parcel)
	case client.NotCleared:
		return nil, notLookedUp(run, c.Trouble.Message)
	case client.ClearToSend:
	}
	const tries = 2 // a refusal can leave a report anew: the next answer names it
	var verdict client.Verdict
	for range tries {
		started, begun := s.Now(), time.Now()
		verdict = d.Send(ctx, parcel)
		if err := s.asked(ctx, id, verdict, started, time.Since(begun)); err != nil {
			return nil, err
		}
		switch verdict.Outcome {
		case client.Created, client.Replayed, client.Adopted:
			return nil, &NotNowError{run, fmt.Sprintf("it is on %s, whole, as report %s: there is nothing to resubmit", run.Host, verdict.Report.UUID)}
		case client.Incomplete:
			held := len(verdict.Report.Iterations())
			if why := (step{mend: mend}).mustStay(run, held); why != "" && !agreed {
				return nil, &LeftoverError{run, verdict.Report.UUID, held}
			}
			return removeLeftover(ctx, d, parcel, verdict.Report)
		case client.Refused:
			if !verdict.ReportLeft {
				return nil, nil // nothing is there, or it is another run's
			}
		default:
			return nil, notLookedUp(run, verdict.Message)
		}
	}
	return nil, notLookedUp(run, verdict.Message)
}

func notLookedUp(run *Run, why string) error {
	return fmt.Errorf("run %s may have left a report on %s, and that can't be looked up (%s): try again once it can be reached", run.ID, run.Host, why)
}

// searchElsewhere looks for a run's report where the same bytes must not be
// sent again: in a project that bears another name now, or on a server that
// knows no keys. None there is no error.
func searchElsewhere(ctx context.Context, d Deliverer, run *Run, parcel client.Parcel) error {
	if parcel.KnownProject != uuid.Nil {
		parcel.Want.Project, parcel.Want.ProjectUUID = parcel.KnownProject.String(), parcel.KnownProject
	}
	found := d.Search(ctx, parcel)
	switch {
	case !found.Asked:
		return notLookedUp(run, found.Trouble.Message)
	case len(found.Found) > 0:
		report := found.Found[0]
		return &NotNowError{run, fmt.Sprintf("it is on %s, in project %s, as report %s, with %d of %d iterations: delete that report first if the run is to be made again",
			run.Host, client.Plain(report.Project.Slug, 64), report.UUID, len(report.Iterations()), len(run.Iterations))}
	}
	return nil
}

// parcel is a run made ready for its server, outside a claim.
func (s *Store) parcel(ctx context.Context, run *Run) (parcel client.Parcel, err error) {
	parcel = client.Parcel{Host: run.Host, Fingerprint: run.Credential, Refused: run.Refused, Want: run.expectation(), KnownProject: run.KnownProject}
	err = s.view(ctx, func(t *tx) error {
		parcel.Body, err = t.body(run)
		return err
	})
	return parcel, err
}

func removeLeftover(ctx context.Context, d Deliverer, parcel client.Parcel, report *client.Report) (*Leftover, error) {
	left := &Leftover{Report: report.UUID, Held: len(report.Iterations())}
	parcel.Report, parcel.ReportProject = report.UUID, report.Project.UUID
	switch deletion := d.Delete(ctx, parcel); deletion.State {
	case client.Deleted:
	case client.DeleteRefused:
		left.Kept = deletion.Trouble.Message
	case client.DeleteUnknown, client.DeleteUnsent:
		return nil, fmt.Errorf("deleting the report %s: %s", report.UUID, deletion.Trouble.Message)
	}
	return left, nil
}

// asked keeps the attempt that looked, and what it proved.
func (s *Store) asked(ctx context.Context, id uuid.UUID, v client.Verdict, started time.Time, took time.Duration) error {
	return s.update(ctx, func(t *tx) error {
		run, err := t.byID(id)
		if err != nil {
			return err
		}
		if !run.Status.Ended() {
			return &NotNowError{run, "another process took it up in the meantime"}
		}
		run.Attempts++
		attempt := Attempt{
			Run: run.ID, Number: run.Attempts, StartedAt: started, EndedAt: t.now, Duration: took,
			Outcome: v.Outcome, HTTPStatus: v.HTTPStatus, Error: v.Message, ErrorCode: v.ErrorCode, RequestID: v.RequestID,
		}
		if v.Report != nil {
			attempt.Report = &v.Report.UUID
		}
		if v.Outcome.Acknowledged() {
			t.step(Policy{}).acknowledge(run, v.Outcome, v.Report, v.Date)
		}
		if err := t.putAttempt(run, attempt); err != nil {
			return err
		}
		return t.save(run)
	})
}
