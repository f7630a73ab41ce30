package outbox

import (
	"context"
	"fmt"

	"burrow/client"

	"github.com/google/uuid"
)

// Finder looks on a server for what a run may have left there: client.Hosts is
// one.
type Finder interface {
	Find(context.Context, client.Parcel) ([]client.Report, error)
	Delete(context.Context, client.Parcel) client.Deletion
}

// Leftover is a report without the run's results that an attempt left behind.
type Leftover struct {
	Report uuid.UUID
	Held   int    // iterations
	Kept   string // why it could not be deleted; "": it is gone
}

// ClearWay looks for what an ended run may have left on its server, before
// another run of the same results is made. A whole report is noted at the run
// and is an error: nothing must be doubled. A short one is deleted, if that is
// allowed. Where the server can't be asked, that is an error too.
func (s *Store) ClearWay(ctx context.Context, f Finder, id uuid.UUID) ([]Leftover, error) {
	run, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !run.MayBeThere && !run.ReportLeft && run.Report == nil {
		return nil, nil
	}
	parcel := client.Parcel{Host: run.Host, Fingerprint: run.Credential, Want: run.expectation()}
	found, err := f.Find(ctx, parcel)
	if err != nil {
		return nil, fmt.Errorf("run %s may be on %s already, and that can't be looked up (%w): try again once it can be reached", id, run.Host, err)
	}
	var leftovers []Leftover
	for _, report := range found {
		held := len(report.Iterations())
		if held >= len(run.Iterations) {
			if err := s.found(ctx, id, &report); err != nil {
				return leftovers, err
			}
			return leftovers, &NotNowError{run, fmt.Sprintf("it is on %s already, whole, as report %s: there is nothing to resubmit (another --project or --to makes a copy)", run.Host, report.UUID)}
		}
		left := Leftover{Report: report.UUID, Held: held}
		parcel.Report, parcel.ReportProject = report.UUID, report.Project.UUID
		switch deletion := f.Delete(ctx, parcel); deletion.State {
		case client.Deleted:
		case client.DeleteRefused:
			left.Kept = deletion.Trouble.Message
		case client.DeleteUnknown, client.DeleteUnsent:
			return leftovers, fmt.Errorf("deleting the report %s that run %s left behind: %s", report.UUID, id, deletion.Trouble.Message)
		}
		leftovers = append(leftovers, left)
	}
	return leftovers, nil
}

// found notes that the server holds a run's report, whole, though no attempt
// learnt of it.
func (s *Store) found(ctx context.Context, id uuid.UUID, report *client.Report) error {
	return s.update(ctx, func(t *tx) error {
		run, err := t.byID(id)
		if err != nil || run.Status.Acknowledged() {
			return err
		}
		if run.Status == Sending {
			return &NotNowError{run, "an attempt is in flight"}
		}
		t.step(Policy{}).acknowledge(run, client.Replayed, report, t.now)
		return t.save(run)
	})
}
