package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Delete removes a run for good, with its results and its history; what the
// server holds stays there. Its ID is remembered, so that no kept or exported
// copy brings it back. A run in a sender's hands is a *NotNowError.
func (s *Store) Delete(ctx context.Context, id uuid.UUID) error {
	return s.update(ctx, func(t *tx) error {
		if _, err := t.adopt(claimant{}); err != nil {
			return err
		}
		run, err := t.byID(id)
		if err != nil {
			return err
		}
		if run.Status == Sending {
			return &NotNowError{run, "an attempt is in flight: wait for its outcome, then delete"}
		}
		return t.remove(run)
	})
}

// remove takes a run and all that belongs to it out of the outbox.
func (t *tx) remove(run *Run) error {
	t.changed = true
	seq := number(run.Seq)
	attempts, err := t.attempts(run.Seq)
	if err != nil {
		return err
	}
	t.count(run.Status, -1)
	errs := []error{
		t.resign(run),
		t.drop(bucketRuns, seq),
		t.drop(bucketStatuses, statusKey(run.Status, run.Seq)),
		t.drop(bucketIDs, run.ID[:]),
		t.drop(bucketBodies, seq),
		t.drop(bucketLanes, laneKey(hashed(run.Lane()), run.Seq)),
		t.drop(bucketClaims, seq),
		t.put(t.Bucket(bucketGone), run.ID[:], t.tombstone()),
	}
	for _, a := range attempts {
		errs = append(errs,
			t.drop(bucketAttempts, attemptKey(run.Seq, a.Number)),
			t.drop(bucketActivity, a.activityKey(run.Seq)))
	}
	if age := run.age(); age != nil {
		errs = append(errs, t.drop(bucketAges, age))
	}
	own := func(bucket, key []byte) { // another run's entry under the key stays
		if bytes.Equal(t.Bucket(bucket).Get(key), seq) {
			errs = append(errs, t.drop(bucket, key))
		}
	}
	own(bucketKeys, sharedKey(run))
	if run.Report != nil {
		own(bucketReports, hashed(run.Host, run.Report.UUID.String()))
	}
	delete(t.stored, run.Seq)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("deleting run %s: %w", run.ID, err)
	}
	return nil
}

// tombstoneVersion leads the value that a deleted run leaves under its ID.
const tombstoneVersion = 1

func (t *tx) tombstone() []byte {
	return append([]byte{tombstoneVersion}, number(uint64(t.now.UnixNano()))...)
}

// deleted tells whether a run of that ID was here and was deleted.
func (t *tx) deleted(id uuid.UUID) bool { return t.Bucket(bucketGone).Get(id[:]) != nil }
