package outbox

import (
	"context"
	"fmt"
	"os"
	"time"
)

// upkeepInterval is how often an outbox is looked after, by whichever process
// is idle then.
const upkeepInterval = time.Hour

var keyUpkeep = []byte("upkeep") // in meta: when it was done last, Unix

// mostWalked bounds the file that is walked from end to end by the way, in bytes:
// a larger one would hold the lock too long.
const mostWalked = 256 << 20

// Upkeep looks whether the file is sound, prunes what is older than the
// retention, and compacts the file if much of it is free: at most once an hour
// over all processes.
func (s *Store) Upkeep(ctx context.Context, keep Retention) error {
	due := false
	err := s.view(ctx, func(t *tx) error {
		due = t.upkeepDue()
		return nil
	})
	if err != nil || !due {
		return err
	}
	err = s.update(ctx, func(t *tx) error {
		if due = t.upkeepDue(); !due {
			return nil // another process was faster
		}
		t.changed = true
		return t.put(t.Bucket(bucketMeta), keyUpkeep, number(uint64(t.now.Unix())))
	})
	if err != nil || !due {
		return err
	}
	if err := s.soundFile(ctx); err != nil {
		return err
	}
	if _, err := s.Prune(ctx, keep, false, nil); err != nil {
		return fmt.Errorf("pruning the outbox: %w", err)
	}
	if !s.slack.ample() {
		return nil
	}
	_, _, err = s.Compact(ctx)
	return err
}

// soundFile looks at the whole file: damage that nobody met yet is mended before
// commits write over what it would be mended from.
func (s *Store) soundFile(ctx context.Context) error {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	info, err := os.Stat(s.path)
	if err != nil || info.Size() > mostWalked {
		return err
	}
	if err := soundTree(s.path); err != nil {
		return damagedFile(s.path, err)
	}
	return nil
}

func (t *tx) upkeepDue() bool {
	data := t.Bucket(bucketMeta).Get(keyUpkeep)
	if len(data) != 8 {
		return true
	}
	since := t.now.Sub(time.Unix(int64(decodeNumber(data)), 0))
	return since < 0 || since >= upkeepInterval // below 0: the clock was set back
}
