package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Quiet is a user's lock that benchmarks hold while they measure: senders
// would disturb what is measured. Any number of benchmarks share it; the
// kernel frees it however they end.
type Quiet struct{ path string }

// NewQuiet returns the lock in a folder, which is made at need: the user's
// runtime folder, so that it spans every outbox of that user.
func NewQuiet(folder string) *Quiet { return &Quiet{path: filepath.Join(folder, "measuring.lock")} }

// quietPoll is how often a lock that a sender is testing is tried again; a
// test takes microseconds.
const quietPoll = time.Millisecond

// Measure holds the lock until the returned function is called.
func (q *Quiet) Measure(ctx context.Context) (end func(), err error) {
	if err := os.MkdirAll(filepath.Dir(q.path), 0o700); err != nil {
		return nil, fmt.Errorf("keeping senders quiet: %w", err)
	}
	file := flock.New(q.path, flock.SetPermissions(0o600))
	if _, err := file.TryRLockContext(ctx, quietPoll); err != nil {
		return nil, fmt.Errorf("keeping senders quiet: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// Measuring tells whether a benchmark is being measured. A lock that can't be
// asked says no: delivery must not stop for it.
func (q *Quiet) Measuring() bool {
	if q == nil {
		return false
	}
	if _, err := os.Stat(q.path); errors.Is(err, os.ErrNotExist) {
		return false
	}
	file := flock.New(q.path, flock.SetPermissions(0o600))
	locked, err := file.TryLock()
	_ = file.Close()
	return err == nil && !locked
}

// patience bounds how long senders stay quiet: a benchmark of hours must not
// hold back everything for as long. Then they go on, over one connection.
const (
	quietPatience = 10 * time.Minute
	quietCheck    = 500 * time.Millisecond
)

// hush tells how many connections a sender may use now: none while a benchmark
// is measured, one when that takes long, else all.
type hush struct {
	measuring func() bool // nil: never
	since     time.Time   // when this sender first met the benchmark
}

func (h *hush) connections(now time.Time) int {
	if h.measuring == nil || !h.measuring() {
		h.since = time.Time{}
		return maxConnections
	}
	if h.since.IsZero() {
		h.since = now
	}
	if now.Sub(h.since) < quietPatience {
		return 0
	}
	return 1
}
