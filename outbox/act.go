package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// NotNowError says why an action can't be done to a run as it stands.
type NotNowError struct {
	Run *Run
	Why string
}

func (e *NotNowError) Error() string { return fmt.Sprintf("run %s: %s", e.Run.ID, e.Why) }

// Retry makes a run due now: the same key and the same bytes, so it is safe at
// any time. It lifts what holds the run's host and project back. A run that is
// acknowledged, in a sender's hands or replaced by another is a *NotNowError.
func (s *Store) Retry(ctx context.Context, id uuid.UUID) (run *Run, err error) {
	return s.retry(ctx, id, func(*Run) {})
}

// RetryAs is Retry, and from now on with the credential of that fingerprint: a
// run that was enqueued with none takes one only when a person says so, since
// that claims the project's organization on the server.
func (s *Store) RetryAs(ctx context.Context, id uuid.UUID, fingerprint string) (*Run, error) {
	return s.retry(ctx, id, func(run *Run) { run.Credential = fingerprint })
}

func (s *Store) retry(ctx context.Context, id uuid.UUID, change func(*Run)) (run *Run, err error) {
	err = s.update(ctx, func(t *tx) error {
		if _, err := t.adopt(claimant{}); err != nil { // a dead sender's run is in nobody's hands
			return err
		}
		if run, err = t.byID(id); err != nil {
			return err
		}
		switch {
		case run.Status.Acknowledged():
			return &NotNowError{run, "the server holds it already"}
		case run.Status == Sending:
			return &NotNowError{run, "an attempt is in flight"}
		}
		if err := t.takeBack(run); err != nil {
			return err
		}
		last, err := t.lastAttempt(run.Seq)
		if err != nil {
			return err
		}
		t.step(Policy{}).again(run, last)
		change(run)
		if err := t.release(run); err != nil {
			return err
		}
		return t.save(run)
	})
	return run, err
}

// Cancel withdraws a run that is pending. What an earlier attempt may have
// left on the server stays there.
func (s *Store) Cancel(ctx context.Context, id uuid.UUID) (run *Run, err error) {
	err = s.update(ctx, func(t *tx) error {
		if _, err := t.adopt(claimant{}); err != nil {
			return err
		}
		if run, err = t.byID(id); err != nil {
			return err
		}
		if why := run.withdrawable(); why != "" {
			return &NotNowError{run, why}
		}
		run.Status, run.Reason, run.NextAttemptAt = Cancelled, ReasonNone, time.Time{}
		return t.save(run)
	})
	return run, err
}

// Uncancel takes a cancellation back: the run waits as it did, and what holds its
// host and project back stays. A run that is cancelled no more is a *NotNowError.
func (s *Store) Uncancel(ctx context.Context, id uuid.UUID) error {
	return s.update(ctx, func(t *tx) error {
		run, err := t.byID(id)
		if err != nil {
			return err
		}
		if run.Status != Cancelled {
			return &NotNowError{run, "it is " + string(run.Status) + " by now"}
		}
		if err := t.takeBack(run); err != nil {
			return err
		}
		last, err := t.lastAttempt(run.Seq)
		if err != nil {
			return err
		}
		mends := run.Mends
		t.step(Policy{}).again(run, last)
		run.Mends = mends
		return t.save(run)
	})
}

// Hasten lets runs that wait out a backoff go at once, since a person asks or
// the host is back: at most what an attempt of unknown outcome needs is still
// waited. A host that asked to wait is left alone. Only the lanes of such runs
// are touched as wants says; nil: all.
func (s *Store) Hasten(ctx context.Context, wants func(*Run) bool) error {
	return s.update(ctx, func(t *tx) error { return t.hastenAll(wants) })
}

func (t *tx) hastenAll(wants func(*Run) bool) error {
	for _, lane := range t.lanes() {
		if err := t.hasten(lane.hash, wants); err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
	}
	return nil
}

// hasten lets the oldest run of a lane go.
func (t *tx) hasten(lane []byte, wants func(*Run) bool) error {
	first, _ := t.inLane(lane, 0)
	run, err := t.run(first)
	if err != nil || run.Status != Pending || wants != nil && !wants(run) {
		return err
	}
	if asked, err := t.closeBreaker(run.Host); asked || err != nil {
		return err
	}
	if run.Reason != ReasonBackoff && run.Reason != ReasonProxy {
		return nil
	}
	last, err := t.lastAttempt(run.Seq)
	if err != nil {
		return err
	}
	at := soonest(last, t.now)
	if !run.NextAttemptAt.After(at) {
		return nil
	}
	run.NextAttemptAt = at
	return t.save(run)
}

// closeBreaker lifts a host's pause, but for one that the host asked for.
func (t *tx) closeBreaker(host string) (asked bool, err error) {
	pause, err := t.pause(hostScope(host))
	if err != nil || pause.Reason == ReasonThrottled && pause.Until.After(t.now) {
		return true, err
	}
	if pause.Failures == 0 {
		return false, nil
	}
	return false, t.setPause(hostScope(host), Pause{AnsweredAt: pause.AnsweredAt})
}

// unavailableHosts are those whose breaker is open.
func (s *Store) unavailableHosts(ctx context.Context) (hosts []string, err error) {
	prefix := hostScope("")
	err = s.view(ctx, func(t *tx) error {
		return t.Bucket(bucketPauses).ForEach(func(k, v []byte) error {
			p := decodePause(string(k), v)
			if scope := string(k); p.Failures > 0 && len(scope) > len(prefix) && scope[:len(prefix)] == prefix {
				hosts = append(hosts, scope[len(prefix):])
			}
			return nil
		})
	})
	return hosts, err
}

// hostIsBack closes a host's breaker and hastens its runs.
func (s *Store) hostIsBack(ctx context.Context, host string) error {
	return s.Hasten(ctx, func(r *Run) bool { return r.Host == host })
}
