package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"
	bolt "go.etcd.io/bbolt"
)

// ErrNoRoom says that the outbox is at its ceiling, or the disk is full.
var ErrNoRoom = errors.New("no room")

// DefaultCeiling is how large the outbox may be, in bytes of live data, before
// a benchmark is refused.
const DefaultCeiling = 4 << 30

// leastFreeDisk is how many bytes the disk must have left before a benchmark
// starts: a run of the largest size several times over, and bbolt's growth.
const leastFreeDisk = 32 << 20

// Room tells, before a benchmark starts, whether its results will find room:
// below the ceiling (bytes; 0: DefaultCeiling) and on the disk, in a file that
// can be written. What was measured already is taken in above the ceiling too.
func (s *Store) Room(ctx context.Context, ceiling int64) error {
	if ceiling == 0 {
		ceiling = DefaultCeiling
	}
	file, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("the outbox can't be written: %w", err)
	}
	info, err := file.Stat()
	_ = file.Close()
	if err != nil {
		return fmt.Errorf("the outbox can't be read: %w", err)
	}
	if info.Size() > ceiling {
		size, err := s.size(ctx)
		if err != nil {
			return err
		}
		if size.Live > ceiling {
			return fmt.Errorf("%w: the outbox holds %s, its ceiling is %s: deliver (burrow sync), then burrow prune, or raise max-size in the configuration",
				ErrNoRoom, humanize.IBytes(uint64(size.Live)), humanize.IBytes(uint64(ceiling)))
		}
	}
	if free, err := freeDisk(filepath.Dir(s.path)); err == nil && free < leastFreeDisk {
		return fmt.Errorf("%w: the disk of %s has %d MiB left, and %d are needed: free some space, or name another file with --outbox",
			ErrNoRoom, s.path, free>>20, leastFreeDisk>>20)
	}
	return nil
}

// Size is what the outbox's file takes, in bytes.
type Size struct {
	File int64 // on the disk
	Live int64 // without the pages that are free for new data
}

func (s *Store) size(ctx context.Context) (size Size, err error) {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return size, err
	}
	defer release()
	return s.sizeLocked()
}

func (s *Store) sizeLocked() (size Size, err error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return size, fmt.Errorf("the outbox went away: %w", err)
	}
	size.File = info.Size()
	// Its list of free pages must be read, which a reader's open does not do.
	err = openFileWith(s.path, &bolt.Options{ReadOnly: true, PreLoadFreelist: true, OpenFile: openThere}, func(db *bolt.DB, _ *guard) error {
		pages := int64(db.Stats().FreePageN + db.Stats().PendingPageN)
		return db.View(func(b *bolt.Tx) error {
			// The file grows in steps: what lies beyond the last page is free too.
			size.Live = b.Size() - pages*int64(db.Info().PageSize)
			return nil
		})
	})
	return size, err
}

// roomFor tells whether the disk has room for the outbox's live data so many
// times over. The side lock is held.
func (s *Store) roomFor(times int64) error {
	size, err := s.sizeLocked()
	if err != nil {
		return err
	}
	free, err := freeDisk(filepath.Dir(s.path))
	if err != nil {
		return nil //nolint:nilerr // a system that can't say: the copy itself will
	}
	if need := times * size.Live; free < need {
		return fmt.Errorf("%w: the disk has %d MiB left, and %d are needed", ErrNoRoom, free>>20, need>>20)
	}
	return nil
}
