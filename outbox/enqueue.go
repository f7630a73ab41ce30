package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// New is a run to be accepted: its frozen bytes and where they go.
type New struct {
	ID         uuid.UUID         `json:"id"` // NewID makes one
	Body       []byte            `json:"body"`
	Host       string            `json:"host"`
	Credential string            `json:"credential,omitempty"` // fingerprint; "": anonymous
	Shared     bool              `json:"shared,omitempty"`     // the key was given or made of the content
	Labels     map[string]string `json:"labels,omitempty"`
	Mend       MendPolicy        `json:"mend,omitempty"`
	Settle     time.Duration     `json:"settle,omitempty"`
	Resubmits  *uuid.UUID        `json:"resubmits,omitempty"`
	// Beside says that a person wants another report beside the one of the run
	// that this one resubmits; else it takes that run's place.
	Beside bool `json:"beside,omitempty"`

	summary *client.Summary // of the body as Freeze made it; nil: it is read
}

// KeyConflictError says that a shared key is in use for a run of another
// branch, testbed, adapter, settings or hash.
type KeyConflictError struct{ Run *Run }

func (e *KeyConflictError) Error() string {
	return fmt.Sprintf("the idempotency key %s belongs to run %s (branch %s, testbed %s, adapter %s) in this outbox: give another key",
		e.Run.Key, e.Run.ID, e.Run.Branch, e.Run.Testbed, e.Run.Adapter)
}

// ErrDeleted says that a run of that ID was in this outbox and was deleted or
// pruned: it is not taken in again.
var ErrDeleted = errors.New("the run was deleted from this outbox")

// errUnfit says that a body is no run that a server would keep whole.
var errUnfit = errors.New("not a run that can be sent")

// Enqueue accepts a run: when it returns nil, the run is on the disk and will
// be delivered. Accepting the same ID again changes nothing. A shared key that
// is there already for an equal run is answered with that run: added is false.
func (s *Store) Enqueue(ctx context.Context, n New) (run *Run, added bool, err error) {
	ready, err := s.ready(n)
	if err != nil {
		return nil, false, err
	}
	accept := func() error {
		return s.update(ctx, func(t *tx) (err error) {
			run, added, err = t.enqueue(n, ready.summary, ready.packed)
			return err
		})
	}
	if err = accept(); err == nil {
		return run, added, nil
	}
	if refusesOne(err) || isBusy(err) || ctx.Err() != nil {
		return nil, false, err
	}
	// A commit that failed with an I/O error may be visible without being
	// durable: only a later commit of the same run counts.
	if err = accept(); err != nil {
		return nil, false, err
	}
	return run, true, nil
}

// CheckKey tells, before a benchmark runs, whether its given key belongs to a
// run of something else in this outbox: a *KeyConflictError.
func (s *Store) CheckKey(ctx context.Context, d Draft) error {
	if d.Key == "" || d.Key == KeyContent {
		return nil
	}
	return s.view(ctx, func(t *tx) error {
		_, err := t.byKey(d.Host, client.Subject(d.Request, client.TextKey(d.Key)))
		return err
	})
}

func (t *tx) enqueue(n New, summary client.Summary, packed []byte) (*Run, bool, error) {
	if there, err := t.byID(n.ID); err == nil {
		return there, false, t.save(there)
	} else if !errors.Is(err, ErrNotFound) {
		return nil, false, err
	}
	if t.deleted(n.ID) {
		return nil, false, fmt.Errorf("run %s: %w", n.ID, ErrDeleted)
	}
	if n.Shared {
		there, err := t.byKey(n.Host, summary)
		if there != nil || err != nil {
			return there, false, err
		}
	}
	seq, err := t.Bucket(bucketRuns).NextSequence()
	if err != nil {
		return nil, false, err
	}
	run := &Run{
		ID: n.ID, Seq: seq, Status: Pending, Host: n.Host, Summary: summary, Shared: n.Shared, Labels: n.Labels,
		EnqueuedAt: t.now, NextAttemptAt: t.now, Bytes: len(n.Body), Credential: n.Credential,
		Mend: n.Mend, Settle: n.Settle, Resubmits: n.Resubmits,
	}
	run.bodySum = sumOf(packed)
	if err := t.put(bucketDense(t.Tx, bucketBodies), number(seq), packed); err != nil {
		return nil, false, fmt.Errorf("storing the run's body: %w", err)
	}
	if n.Resubmits != nil {
		if err := t.succeeded(*n.Resubmits, run, n.Beside); err != nil {
			return nil, false, err
		}
	}
	return run, true, t.save(run)
}

// byKey finds the run that bears a shared key, if it may answer for this one.
func (t *tx) byKey(host string, summary client.Summary) (*Run, error) {
	probe := &Run{Host: host, Summary: summary}
	data := t.Bucket(bucketKeys).Get(sharedKey(probe))
	if data == nil {
		return nil, nil
	}
	run, err := t.run(decodeNumber(data))
	if err != nil {
		return nil, err
	}
	if !run.SameSubject(summary) {
		return nil, &KeyConflictError{Run: run}
	}
	return run, nil
}
