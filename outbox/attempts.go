package outbox

import (
	"bytes"
	"errors"

	"burrow/client"
)

// folds tells whether a later attempt says nothing new after this one.
func (a *Attempt) folds(b Attempt) bool {
	return a.Outcome == client.Unavailable && b.Outcome == a.Outcome && b.Error == a.Error && b.HTTPStatus == a.HTTPStatus
}

// putAttempt writes an attempt. Consecutive equal ones that never reached the
// server fold into one line, so that a week offline does not fill the disk.
func (t *tx) putAttempt(run *Run, a Attempt) error {
	last, err := t.lastAttempt(run.Seq)
	if err != nil {
		return err
	}
	if last != nil && last.Number != a.Number && last.folds(a) {
		folded := *last
		folded.Count = max(last.Count, 1) + 1
		folded.EndedAt, folded.RetryAt, folded.Duration = a.EndedAt, a.RetryAt, a.Duration
		a = folded
	}
	t.changed = true
	return t.putAttemptAs(run.Seq, a)
}

// putAttemptAs writes an attempt under its number.
func (t *tx) putAttemptAs(seq uint64, a Attempt) error {
	data, err := encode(a)
	if err != nil {
		return err
	}
	key := attemptKey(seq, a.Number)
	if old := t.Bucket(bucketAttempts).Get(key); old != nil {
		var before Attempt
		if err := decodeRecord(old, &before); err != nil {
			return err
		}
		if err := t.drop(bucketActivity, before.activityKey(seq)); err != nil {
			return err
		}
	}
	return errors.Join(
		t.put(bucketDense(t.Tx, bucketAttempts), key, data),
		t.put(bucketDense(t.Tx, bucketActivity), a.activityKey(seq), nil),
	)
}

// activityKey is an attempt's place among all, by the time it ended.
func (a *Attempt) activityKey(seq uint64) []byte {
	return append(number(uint64(a.EndedAt.UnixNano())), attemptKey(seq, a.Number)...)
}

func (t *tx) attempts(seq uint64) ([]Attempt, error) {
	var attempts []Attempt
	prefix := number(seq)
	c := t.Bucket(bucketAttempts).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var a Attempt
		if err := decodeRecord(v, &a); err != nil {
			return nil, err
		}
		attempts = append(attempts, a)
	}
	return attempts, nil
}

func (t *tx) lastAttempt(seq uint64) (*Attempt, error) {
	c := t.Bucket(bucketAttempts).Cursor()
	move := c.Prev
	if k, _ := c.Seek(number(seq + 1)); k == nil {
		move = c.Last
	}
	k, v := move()
	if !bytes.HasPrefix(k, number(seq)) {
		return nil, nil
	}
	var a Attempt
	return &a, decodeRecord(v, &a)
}
