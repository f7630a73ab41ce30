package outbox

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// Retention is how long acknowledged runs are kept, from their acknowledgment.
// Runs that are not acknowledged are kept until a person deletes them.
type Retention struct {
	Bodies time.Duration // the frozen bytes; 0: DefaultKeepBodies; negative: for ever
	Runs   time.Duration // the rest, as long as Bodies at least; 0: DefaultKeepRuns; negative: for ever
	// OwnClock counts ages by this machine's clock alone: for who asks for a
	// prune, and knows what day it is.
	OwnClock bool
}

// ErrPruned says that a run's bytes were dropped some time after its
// acknowledgment.
var ErrPruned = errors.New("its results were pruned after their time, the server holds them")

// The defaults of a Retention.
const (
	DefaultKeepBodies = 7 * 24 * time.Hour
	DefaultKeepRuns   = 90 * 24 * time.Hour
)

// pruneBatch bounds how many runs one commit prunes: bursts must stay short.
const pruneBatch = 500

// Pruned is what a Prune took away.
type Pruned struct {
	Bodies int // runs whose bytes were dropped and whose record stays
	Runs   int // runs that were deleted
}

// Prune drops what is older than the retention, in commits of at most
// pruneBatch runs. Age is counted by the clock of each run's own server, as far
// as this machine's agrees: so a local clock that jumps ahead prunes nothing.
// Progress may be nil; a dry run only counts.
func (s *Store) Prune(ctx context.Context, keep Retention, dry bool, progress func(Pruned)) (done Pruned, err error) {
	for ctx.Err() == nil {
		var batch Pruned
		work := func(t *tx) error {
			batch, err = t.prune(keep, dry)
			return err
		}
		access := s.update
		if dry {
			access = s.view
		}
		if err := access(ctx, work); err != nil {
			return done, err
		}
		done.Bodies, done.Runs = done.Bodies+batch.Bodies, done.Runs+batch.Runs
		if progress != nil {
			progress(done)
		}
		if dry || batch.Bodies+batch.Runs < pruneBatch {
			return done, nil
		}
	}
	return done, ctx.Err()
}

// The index of ages: whether the body is kept, the acknowledgment, the
// sequence number.
const (
	ageBare = 0
	ageFull = 1
)

// age is an acknowledged run's place among the others by age, or nil.
func (r *Run) age() []byte {
	if !r.Status.Acknowledged() {
		return nil
	}
	full := byte(ageFull)
	if r.BodyPruned {
		full = ageBare
	}
	key := append([]byte{full}, number(uint64(r.AcknowledgedAt.Unix()))...)
	return append(key, number(r.Seq)...)
}

func (t *tx) prune(keep Retention, dry bool) (done Pruned, err error) {
	most := pruneBatch
	if dry {
		most = 1 << 62
	}
	runs, bodies := keepFor(keep.Runs, DefaultKeepRuns), keepFor(keep.Bodies, DefaultKeepBodies)
	if bodies < 0 || runs >= 0 && bodies > runs {
		runs = bodies
	}
	for _, one := range []struct {
		kind byte
		keep time.Duration
		runs bool
	}{{ageBare, runs, true}, {ageFull, runs, true}, {ageFull, bodies, false}} {
		if one.keep < 0 {
			continue
		}
		old, err := t.olderThan(one.kind, one.keep, keep.OwnClock, most-done.Bodies-done.Runs)
		if err != nil {
			return done, err
		}
		for _, run := range old {
			switch {
			case one.runs:
				done.Runs++
			case dry && runs >= 0 && t.olderBy(run, runs, keep.OwnClock):
				continue // counted among the runs
			default:
				done.Bodies++
			}
			if dry {
				continue
			}
			if err := t.pruneOne(run, one.runs); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

func keepFor(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return d
}

func (t *tx) pruneOne(run *Run, whole bool) error {
	if whole {
		return t.remove(run)
	}
	run.BodyPruned = true
	if err := t.drop(bucketBodies, number(run.Seq)); err != nil {
		return err
	}
	return t.save(run)
}

// olderThan reads the oldest acknowledged runs of a kind that are past an age.
func (t *tx) olderThan(kind byte, age time.Duration, ownClock bool, most int) (old []*Run, err error) {
	c := t.Bucket(bucketAges).Cursor()
	for k, _ := c.Seek([]byte{kind}); len(k) == 17 && k[0] == kind && len(old) < most; k, _ = c.Next() {
		acknowledged := time.Unix(int64(decodeNumber(k[1:9])), 0)
		if t.now.Sub(acknowledged) < age { // no server's clock can make it older
			return old, nil
		}
		run, err := t.run(decodeNumber(k[9:]))
		if err != nil {
			return nil, err
		}
		if t.olderBy(run, age, ownClock) {
			old = append(old, run)
		}
	}
	return old, nil
}

// olderBy tells whether a run was acknowledged so long ago by this machine's
// clock and, where that alone does not count, by its server's.
func (t *tx) olderBy(run *Run, age time.Duration, ownClock bool) bool {
	return t.now.Sub(run.AcknowledgedAt) >= age && (ownClock || t.lastDate(run.Host).Sub(run.AcknowledgedAt) >= age)
}

func dateKey(host string) []byte { return append([]byte("date/"), host...) }

// lastDate is the latest time that a host gave with an acknowledgment.
func (t *tx) lastDate(host string) time.Time {
	data := t.Bucket(bucketMeta).Get(dateKey(host))
	if len(data) != 8 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(data)), 0)
}

// learnDate keeps the time that a server gave with its acknowledgment. One that
// is this machine's, or an export's word, says nothing of the server's clock.
func (t *tx) learnDate(run *Run) error {
	dated := run.dated
	if run.dated = false; !dated || !run.AcknowledgedAt.After(t.lastDate(run.Host)) {
		return nil
	}
	return t.put(t.Bucket(bucketMeta), dateKey(run.Host), number(uint64(run.AcknowledgedAt.Unix())))
}
