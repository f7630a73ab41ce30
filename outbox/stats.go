package outbox

import (
	"context"
	"time"
)

// Stats are the outbox's figures.
type Stats struct {
	Counts        Counts
	Size          Size
	OldestPending time.Time // when the oldest run that is not at an end was enqueued; zero: none
	// Drain is how long the servers' pace makes draining take at least.
	Drain time.Duration
}

// Stats reads the outbox's figures.
func (s *Store) Stats(ctx context.Context) (stats Stats, err error) {
	if stats.Counts, err = s.Counts(ctx); err != nil {
		return stats, err
	}
	open, err := s.Outstanding(ctx)
	if err != nil {
		return stats, err
	}
	if len(open) > 0 {
		stats.OldestPending = open[0].EnqueuedAt
	}
	stats.Drain = DrainTime(open)
	stats.Size, err = s.size(ctx)
	return stats, err
}
