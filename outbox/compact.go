package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// bbolt's files don't shrink, and a long list of free pages is written anew at
// every commit: after 90 % of a million runs were deleted a commit took twenty
// times as long. So the file is copied into a smaller one when enough is free.
const (
	slackBytes = 64 << 20
	slackShare = 4 // a quarter
)

// compactBatch is how many bytes a commit of a copy holds.
const compactBatch = 1 << 20

// slack is how much of the file was free after this process's last commit.
type slack struct{ free, size atomic.Int64 }

func (s *slack) note(db *bolt.DB) {
	if info, err := os.Stat(db.Path()); err == nil {
		s.size.Store(info.Size())
	}
	s.free.Store(int64(db.Stats().FreeAlloc))
}

// ample tells whether a compaction pays.
func (s *slack) ample() bool {
	free := s.free.Load()
	return free > slackBytes && free > s.size.Load()/slackShare
}

// Ample tells whether a compaction pays, by what this process saw of the file at
// its last commit.
func (s *Store) Ample() bool { return s.slack.ample() }

// Compact copies the outbox into a file without free pages, which takes its
// place once it was checked and synced. Meanwhile no other process gets at the
// outbox. It returns the sizes before and after.
func (s *Store) Compact(ctx context.Context) (before, after Size, err error) {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return before, after, err
	}
	defer release()
	if before, err = s.sizeLocked(); err != nil {
		return before, after, err
	}
	if err := s.roomFor(2); err != nil {
		return before, after, fmt.Errorf("compacting the outbox: %w", err)
	}
	if err := soundTree(s.path); err != nil { // bbolt would copy what it finds, or never end
		return before, after, fmt.Errorf("compacting the outbox: %w", damagedFile(s.path, err))
	}
	_, err = s.replace(compactSuffix, "", func(fresh *bolt.DB) error {
		return s.read(func(old *bolt.DB) error {
			if err := bolt.Compact(fresh, old, compactBatch); err != nil {
				return err
			}
			return sameRecords(old, fresh)
		})
	})
	switch {
	case errors.Is(err, errInPlace):
		return before, after, fmt.Errorf("compacting the outbox: %w", err)
	case err != nil:
		return before, after, fmt.Errorf("compacting the outbox (the old file stays): %w", err)
	}
	s.slack.free.Store(0)
	s.pokes.all()
	after, err = s.sizeLocked()
	return before, after, err
}

// sameRecords checks a copy: the file's own structure, and that each bucket has
// as many entries as before.
func sameRecords(old, fresh *bolt.DB) error {
	return old.View(func(from *bolt.Tx) error {
		return fresh.View(func(to *bolt.Tx) error {
			wrong := []error{soundTree(fresh.Path())}
			for _, name := range buckets() {
				if a, b := entries(from.Bucket(name)), entries(to.Bucket(name)); a != b {
					wrong = append(wrong, fmt.Errorf("bucket %s has %d entries in the copy, not %d", name, b, a))
				}
			}
			return errors.Join(wrong...)
		})
	})
}

// entries counts a bucket's, -1 if it is not there.
func entries(b *bolt.Bucket) int {
	if b == nil {
		return -1
	}
	return b.Stats().KeyN
}
