package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"
)

// owner is a sender's proof of life: a file under senders/ that it holds
// locked for as long as it lives. A claim names it. The kernel frees the lock
// however the process ends, so a claim whose file is missing or free is a dead
// sender's. Files are made and locked, tested and removed only under the side
// lock: else a tester could catch one between its making and its locking.
type owner struct {
	name string
	file *flock.Flock
}

// register makes a new owner for this process.
func (s *Store) register(ctx context.Context) (*owner, error) {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := os.MkdirAll(s.senders(), 0o700); err != nil {
		return nil, fmt.Errorf("making the senders' folder: %w", err)
	}
	name := fmt.Sprintf("%d-%s", os.Getpid(), uuid.NewString())
	file := flock.New(s.ownerFile(name), flock.SetPermissions(0o600))
	if locked, err := file.TryLock(); err != nil || !locked {
		_ = file.Close()
		return nil, errors.Join(fmt.Errorf("the sender's file %s can't be locked", name), err)
	}
	return &owner{name: name, file: file}, nil
}

// unregister removes an owner that has no claims left. If the side lock is not
// to be had, the file stays, free, for others to clear away.
func (s *Store) unregister(ctx context.Context, o *owner) {
	if release, err := s.lock.acquire(ctx); err == nil {
		defer release()
		_ = os.Remove(s.ownerFile(o.name))
	}
	_ = o.file.Close()
}

// alive tells whether an owner's process lives. The side lock is held. An
// error means alive: a claim must never be taken from a living sender.
func (s *Store) alive(name string) bool {
	path := s.ownerFile(name)
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return false
	}
	file := flock.New(path, flock.SetFlag(os.O_RDWR), flock.SetPermissions(0o600))
	locked, err := file.TryLock()
	if err != nil {
		return true
	}
	if !locked {
		_ = file.Close()
		return true
	}
	_ = os.Remove(path)
	_ = file.Close()
	return false
}

func (s *Store) senders() string { return s.path + sendersSuffix }

func (s *Store) ownerFile(name string) string {
	return filepath.Join(s.senders(), name+".lock")
}

// claimPatience is how long a claim lasts at most where all goes well: two
// minutes for an attempt, and some for its outcome.
const claimPatience = 5 * time.Minute

// inHands says what is amiss with a run's claim, or "". The side lock is held.
func (t *tx) inHands(run *Run) string {
	process, _, _ := strings.Cut(run.Claim.Owner, "-")
	switch {
	case !t.store.alive(run.Claim.Owner):
		return "the process that sent it (" + process + ") is gone: the next sender takes it up"
	case t.now.Sub(run.Claim.StartedAt) > claimPatience:
		return fmt.Sprintf("process %s holds it since %s: if that hangs, end it, and the next sender takes the run up",
			process, run.Claim.StartedAt.Local().Format(time.TimeOnly))
	}
	return ""
}
