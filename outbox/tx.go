package outbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"burrow/client"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// tx is one transaction on the outbox with the records and their indexes.
// save is the one place that writes a run, so the indexes can't drift.
type tx struct {
	*bolt.Tx
	store   *Store
	now     time.Time
	changed bool // a transaction that changed nothing is not committed
	// stored are the statuses of the runs that were read or saved, so that save
	// need not read a run again to keep the counts.
	stored map[uint64]Status
}

// recordVersion leads every stored record.
const recordVersion = 1

func encode(record any) ([]byte, error) {
	data, err := json.Marshal(record)
	return append([]byte{recordVersion}, data...), err
}

func decodeRecord(data []byte, into any) error {
	if len(data) == 0 || data[0] != recordVersion {
		return fmt.Errorf("%w: a record of an unknown version", ErrDamaged)
	}
	if err := json.Unmarshal(data[1:], into); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

func decodeNumber(data []byte) uint64 { return binary.BigEndian.Uint64(data) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// hashLength is the length of a hashed key, in bytes.
const hashLength = 16

// hashed makes a key of fixed length from texts.
func hashed(texts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return sum[:hashLength]
}

func laneKey(lane []byte, seq uint64) []byte { return append(bytes.Clone(lane), number(seq)...) }

func attemptKey(seq uint64, n int) []byte {
	return binary.BigEndian.AppendUint32(number(seq), uint32(n))
}

func (t *tx) run(seq uint64) (*Run, error) {
	data := t.Bucket(bucketRuns).Get(number(seq))
	if data == nil {
		return nil, ErrNotFound
	}
	run := &Run{}
	if err := decodeRecord(data, run); err != nil {
		return run, err
	}
	t.remember(run)
	return run, nil
}

func (t *tx) remember(run *Run) {
	if t.stored == nil {
		t.stored = map[uint64]Status{}
	}
	t.stored[run.Seq] = run.Status
}

func (t *tx) byID(id uuid.UUID) (*Run, error) {
	seq := t.Bucket(bucketIDs).Get(id[:])
	if seq == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return t.run(decodeNumber(seq))
}

// never is the due time of a run that no sender may touch until a person acts.
const never = math.MaxInt64

// due is when a run may be claimed, in Unix nanoseconds.
func (r *Run) due() int64 {
	if r.NextAttemptAt.IsZero() {
		return never
	}
	return r.NextAttemptAt.UnixNano()
}

// save writes a run and keeps the counts and indexes true to it.
func (t *tx) save(run *Run) error {
	t.changed = true
	run.ChangedAt = t.now
	old, known := t.stored[run.Seq]
	if !known && t.Bucket(bucketRuns).Get(number(run.Seq)) != nil {
		before, err := t.run(run.Seq)
		if err != nil {
			return err
		}
		old, known = before.Status, true
	}
	if known {
		if err := t.count(old, -1); err != nil {
			return err
		}
	}
	t.remember(run)
	lane := laneKey(hashed(run.Lane()), run.Seq)
	if err := t.count(run.Status, +1); err != nil {
		return err
	}
	data, err := encode(run)
	if err != nil {
		return err
	}
	writes := []error{
		t.Bucket(bucketRuns).Put(number(run.Seq), data),
		t.Bucket(bucketIDs).Put(run.ID[:], number(run.Seq)),
	}
	if run.Status.Ended() {
		writes = append(writes, t.Bucket(bucketLanes).Delete(lane))
	} else {
		writes = append(writes, t.Bucket(bucketLanes).Put(lane, number(uint64(run.due()))))
	}
	if run.Claim != nil {
		writes = append(writes, t.Bucket(bucketClaims).Put(number(run.Seq), []byte(run.Claim.Owner)))
	} else {
		writes = append(writes, t.Bucket(bucketClaims).Delete(number(run.Seq)))
	}
	if run.Shared {
		writes = append(writes, t.Bucket(bucketKeys).Put(sharedKey(run), number(run.Seq)))
	}
	if run.Report != nil {
		writes = append(writes, t.Bucket(bucketReports).Put(hashed(run.Host, run.Report.UUID.String()), number(run.Seq)))
	}
	if run.Status.Acknowledged() && !old.Acknowledged() {
		writes = append(writes, t.learnProject(run))
	}
	for _, err := range writes {
		if err != nil {
			return fmt.Errorf("saving run %s: %w", run.ID, err)
		}
	}
	return nil
}

func sharedKey(run *Run) []byte { return hashed(run.Host, run.Project, run.Key.String()) }

func countKey(s Status) []byte { return append([]byte("count/"), s...) }

func (t *tx) count(s Status, change int64) error {
	return t.Bucket(bucketMeta).Put(countKey(s), number(uint64(t.counted(s)+change)))
}

func (t *tx) counted(s Status) int64 {
	data := t.Bucket(bucketMeta).Get(countKey(s))
	if len(data) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(data))
}

// folds tells whether a later attempt says nothing new after this one.
func (a *Attempt) folds(b Attempt) bool {
	return a.Outcome == client.Unavailable && b.Outcome == a.Outcome && b.Error == a.Error && b.HTTPStatus == a.HTTPStatus
}

// body returns the bytes that are sent for a run.
func (t *tx) body(seq uint64) ([]byte, error) {
	packed := t.Bucket(bucketBodies).Get(number(seq))
	if packed == nil {
		return nil, fmt.Errorf("%w: its body is missing", ErrDamaged)
	}
	return unpack(packed)
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
	data, err := encode(a)
	if err != nil {
		return err
	}
	t.changed = true
	return t.Bucket(bucketAttempts).Put(attemptKey(run.Seq, a.Number), data)
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
