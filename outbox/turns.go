package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// turns let a sender's workers share commits: while one commit is under way,
// the outcomes of the others gather, and the next commit takes them all, with a
// claim for each worker that wants to go on.
type turns struct {
	committing sync.Mutex      // one commit at a time: inHand tells what it claimed
	inHand     map[uint64]bool // the runs that this sender works on
	made       map[uint64]int  // the last attempts that this sender claimed, by run

	gathering sync.Mutex
	waiting   []*turn
}

// turn is what one worker wants of the next commit, and what it got.
type turn struct {
	ctx    context.Context //nolint:containedctx // of this worker: another's commit may end for its own reasons
	done   *claimed        // was delivered; nil: none
	record func(*tx) error // its outcome
	more   bool            // another run is wanted

	over bool // the rest is set
	next *claimed
	wake time.Time
	err  error
}

// advance records a delivery's outcome and claims another run, and keeps count
// of what is in hand. A claim whose commit failed with an I/O error may be in
// the file all the same: it is not in hand, so it goes back like a dead
// sender's.
func (w *workers) advance(ctx context.Context, done *claimed, record func(*tx) error, more bool) (next *claimed, wake time.Time, err error) {
	mine := &turn{ctx: ctx, done: done, record: record, more: more}
	w.gathering.Lock()
	w.waiting = append(w.waiting, mine)
	w.gathering.Unlock()

	w.committing.Lock()
	defer w.committing.Unlock()
	if mine.over { // another worker's commit took it along
		return mine.next, mine.wake, mine.err
	}
	w.gathering.Lock()
	batch := w.waiting
	w.waiting = nil
	w.gathering.Unlock()
	w.commit(ctx, batch)
	if mine.err != nil && len(batch) > 1 { // one of them may spoil it for all
		for _, one := range batch {
			w.commit(one.ctx, []*turn{one})
		}
	}
	return mine.next, mine.wake, mine.err
}

func (w *workers) commit(ctx context.Context, batch []*turn) {
	var records []func(*tx) error
	wanted := 0
	for _, one := range batch {
		if one.record != nil {
			records = append(records, one.record)
		}
		if one.more {
			wanted++
		}
	}
	next, wake, err := w.Store.advance(ctx, w.claimant, records, wanted)
	if errors.Is(err, ErrDamagedFile) && len(records) > 0 && wanted > 0 { // what can't be claimed keeps no outcome from its place
		next, wake, err = w.Store.advance(ctx, w.claimant, records, 0)
	}
	if err == nil {
		err = w.newer(next)
	}
	for _, one := range batch { // before any claim is noted: one worker may have claimed what another let go
		if err == nil && one.done != nil {
			delete(w.inHand, one.done.run.Seq)
		}
	}
	for _, one := range batch {
		one.over, one.next, one.wake, one.err = true, nil, wake, err
		if err != nil {
			continue
		}
		if one.more && len(next) > 0 {
			one.next, next = next[0], next[1:]
			w.inHand[one.next.run.Seq] = true
		}
	}
}

// errForgetful says that a claim came back as it was before it was made.
var errForgetful = errors.New("the outbox does not keep what is written to it (burrow doctor looks at it)")

// madeLimit bounds what is remembered of attempts.
const madeLimit = 10_000

// newer tells whether claims are of attempts that this sender did not make yet:
// a damaged file can forget what was written, or an older copy take its place.
// The same attempt must not be made in a circle without a pause. A claim that is
// refused here goes back like a dead sender's.
func (w *workers) newer(claims []*claimed) error {
	if w.made == nil || len(w.made) > madeLimit {
		w.made = map[uint64]int{}
	}
	for _, c := range claims {
		if !c.run.Claim.Task.IsAttempt() || c.run.Search != nil { // a search takes an attempt's number back
			continue
		}
		last := w.made[c.run.Seq]
		if w.made[c.run.Seq] = c.run.Attempts; c.run.Attempts <= last {
			delete(w.made, c.run.Seq)
			return fmt.Errorf("run %s: %w", c.run.ID, errForgetful)
		}
	}
	return nil
}
