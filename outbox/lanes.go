package outbox

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"

	"burrow/client"
)

// The runs of one branch of one project on one host are delivered in order of
// enqueueing; lanes go side by side.

// skipLimit bounds how many runs of one lane that wait for a person are passed
// over in search of one that doesn't.
const skipLimit = 100

// head finds the run of a lane without a live claim that may go now, or when it
// may. Runs that wait for a person hold back only runs that wait for the same.
func (t *tx) head(lane []byte, c claimant, sending map[string]int) (*Run, time.Time, error) {
	var none time.Time
	seq, more := t.inLane(lane, 0)
	for i := 0; more && i < skipLimit; i++ {
		run, err := t.run(seq)
		if err != nil || i == 0 && c.wants != nil && !c.wants(run) {
			return nil, none, err
		}
		seq, more = t.inLane(lane, seq+1)
		if run.Status != Pending { // a damaged index: it must not be sent again
			continue
		}
		if run.Reason.NeedsPerson() && run.NextAttemptAt.IsZero() {
			continue
		}
		if t.now.Before(run.ChangedAt) && !run.NextAttemptAt.IsZero() { // the clock was set back
			run.NextAttemptAt = t.now.Add(max(0, run.NextAttemptAt.Sub(run.ChangedAt)))
			if err := t.save(run); err != nil {
				return nil, none, err
			}
		}
		fingerprint, ok := c.fingerprint(run)
		if !ok {
			if err := t.lackCredential(run); err != nil {
				return nil, none, err
			}
			continue
		}
		at, held, err := t.pausedUntil(run, fingerprint, sending[run.Host])
		paced, err2 := t.paced(run, c)
		switch {
		case err != nil || err2 != nil:
			return nil, none, errors.Join(err, err2)
		case held:
			continue
		case at.Before(run.NextAttemptAt):
			at = run.NextAttemptAt
		}
		if at.Before(paced) {
			at = paced
		}
		host, err := t.pause(hostScope(run.Host))
		if err != nil {
			return nil, none, err
		}
		switch {
		case t.waitsForStartPoint(run), sending[run.Host] >= maxConnections:
			return nil, none, nil
		case !at.After(t.now):
			return run, none, nil
		case run.yields(t.now, host.AnsweredAt):
			continue
		}
		return nil, at, nil
	}
	return nil, none, nil
}

// waitsForStartPoint tells whether older runs of the branch that this run's
// branch grows from are still on their way.
func (t *tx) waitsForStartPoint(run *Run) bool {
	if run.StartPoint == "" || run.StartPoint == run.Branch {
		return false
	}
	prefix := hashed(client.LaneOf(run.Host, run.Project, run.StartPoint))
	k, _ := t.Bucket(bucketLanes).Cursor().Seek(prefix)
	if !bytes.HasPrefix(k, prefix) {
		return false
	}
	return decodeNumber(k[len(prefix):]) < run.Seq
}

// laneHead is a lane's oldest run, as the lane's index tells it.
type laneHead struct {
	hash  []byte
	seq   uint64
	value []byte // see Run.laneValue
}

// laneValue is what a run's lane holds of it: when it is due, when it was
// changed, and whether it failed so often that it may yield.
func (r *Run) laneValue() []byte {
	value := append(number(uint64(r.due())), number(uint64(r.ChangedAt.UnixNano()))...)
	if r.Failures >= yieldFailures {
		return append(value, 1)
	}
	return append(value, 0)
}

// waits tells whether nothing of the lane can go before its head is due. Where
// that takes the record to say, it does not.
func (h laneHead) waits(now time.Time) (due time.Time, waits bool) {
	if len(h.value) != 17 || h.value[16] != 0 || decodeNumber(h.value) == never {
		return due, false
	}
	due, changed := time.Unix(0, int64(decodeNumber(h.value))), time.Unix(0, int64(decodeNumber(h.value[8:])))
	return due, due.After(now) && !now.Before(changed) // else the clock was set back
}

// lanes are those that have runs that are not at an end, by the age of their
// oldest one.
func (t *tx) lanes() []laneHead {
	var all []laneHead
	c := t.Bucket(bucketLanes).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Seek(laneKey(k[:hashLength], never)) {
		all = append(all, laneHead{slices.Clone(k[:hashLength]), decodeNumber(k[hashLength:]), slices.Clone(v)})
	}
	slices.SortFunc(all, func(a, b laneHead) int { return cmp.Compare(a.seq, b.seq) })
	return all
}

// inLane is the oldest run of a lane from a sequence number on.
func (t *tx) inLane(lane []byte, from uint64) (seq uint64, found bool) {
	k, _ := t.Bucket(bucketLanes).Cursor().Seek(laneKey(lane, from))
	if !bytes.HasPrefix(k, lane) {
		return 0, false
	}
	return decodeNumber(k[hashLength:]), true
}
