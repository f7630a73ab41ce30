package outbox

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// A resubmission takes a run's results over. Sent by both, in one project of one
// host, they would be counted twice: of such runs one at most may be sent.

// successors are the runs that took a run's results over, one after the other.
// One that is gone from this outbox is an error that wraps ErrNotFound, with
// those before it.
func (t *tx) successors(run *Run) (all []*Run, err error) {
	seen := map[uuid.UUID]bool{run.ID: true}
	for next := run.ResubmittedAs; next != nil && !seen[*next]; {
		seen[*next] = true
		by, err := t.byID(*next)
		if err != nil {
			return all, fmt.Errorf("run %s took its results over: %w", *next, err)
		}
		all = append(all, by)
		next = by.ResubmittedAs
	}
	return all, nil
}

// replaced is a *NotNowError for a run whose results another one delivered, or
// will.
func (t *tx) replaced(run *Run) error {
	all, err := t.successors(run)
	for _, by := range all {
		if by.inPlaceOf(run) && (by.Status != Cancelled || by.MayBeThere) {
			return &NotNowError{run, fmt.Sprintf("run %s has its results now (it is %s): sent too, they would be counted twice; act on that one", by.ID, by.Status)}
		}
	}
	if errors.Is(err, ErrNotFound) {
		return &NotNowError{run, fmt.Sprintf("run %s, which took its results over, is not in this outbox any more: sent too, they might be counted twice", *last(run, all).ResubmittedAs)}
	}
	return err
}

func last(run *Run, successors []*Run) *Run {
	if len(successors) > 0 {
		return successors[len(successors)-1]
	}
	return run
}

// inPlaceOf tells whether a run goes where another one went.
func (r *Run) inPlaceOf(other *Run) bool { return r.Host == other.Host && r.Project == other.Project }

// takeBack makes a run the one whose results are to be sent, where none of its
// successors was, or will be: they are noted as its predecessors.
func (t *tx) takeBack(run *Run) error {
	if run.ResubmittedAs == nil {
		return nil
	}
	if err := t.replaced(run); err != nil {
		return err
	}
	return t.handOver(run, run.ID)
}

// handOver gives what a run's successors took over to another one.
func (t *tx) handOver(run *Run, to uuid.UUID) error {
	all, err := t.successors(run)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	for _, by := range all {
		if by.inPlaceOf(run) && by.ID != to {
			by.ResubmittedAs = &to
			if err := t.save(by); err != nil {
				return err
			}
		}
	}
	if run.ResubmittedAs = &to; to == run.ID {
		run.ResubmittedAs = nil
	}
	return nil
}

// succeeded notes at an old run which new one took its place. One elsewhere
// takes none over that another has.
func (t *tx) succeeded(old uuid.UUID, by *Run, beside bool) error {
	run, err := t.byID(old)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !run.Status.Ended() { // it was retried in the meantime
		return &NotNowError{run, "it may still be delivered: cancel it first"}
	}
	switch {
	case run.Status.Acknowledged() && by.inPlaceOf(run) && !beside:
		return &NotNowError{run, "it was delivered in the meantime"}
	case run.Status.Acknowledged():
		run.ResubmittedAs = &by.ID
	case by.inPlaceOf(run):
		if err := t.replaced(run); err != nil {
			return err
		}
		if err := t.handOver(run, by.ID); err != nil {
			return err
		}
	case run.ResubmittedAs == nil:
		run.ResubmittedAs = &by.ID
	}
	return t.save(run)
}

// resign gives a run's results back to the one that it took them from, when it
// is deleted: where it was never sent, that one is free again.
func (t *tx) resign(run *Run) error {
	if run.Resubmits == nil || run.Status.Acknowledged() || run.MayBeThere {
		return nil
	}
	from, err := t.byID(*run.Resubmits)
	if errors.Is(err, ErrNotFound) || err == nil && (from.ResubmittedAs == nil || *from.ResubmittedAs != run.ID) {
		return nil
	}
	if err != nil {
		return err
	}
	from.ResubmittedAs = run.ResubmittedAs
	return t.save(from)
}
