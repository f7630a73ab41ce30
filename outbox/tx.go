package outbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// tx is one transaction on the outbox with the records and their indexes.
// save is the one place that writes a run, so the indexes can't drift.
type tx struct {
	*bolt.Tx
	store   *Store
	guard   *guard // nil: a file that is being built
	now     time.Time
	changed bool             // a transaction that changed nothing is not committed
	counts  map[Status]int64 // changes that are not written yet
	// stored is what the indexes say of the runs that were read or saved, so
	// that save writes only what changed.
	stored map[uint64]indexed
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
	if err := decodeRun(seq, data, run); err != nil {
		return run, err
	}
	t.remember(run)
	return run, nil
}

// indexed is what the indexes say of a run.
type indexed struct {
	status Status
	due    []byte // its value in its lane; nil: at an end
	owner  string // of its claim; "": none
	report uuid.UUID
	age    []byte // its place among the acknowledged; nil: it is not
}

func (r *Run) indexed() indexed {
	i := indexed{status: r.Status, age: r.age()}
	if !r.Status.Ended() {
		i.due = r.laneValue()
	}
	if r.Claim != nil {
		i.owner = r.Claim.Owner
	}
	if r.Report != nil {
		i.report = r.Report.UUID
	}
	return i
}

func (t *tx) remember(run *Run) {
	if t.stored == nil {
		t.stored = map[uint64]indexed{}
	}
	t.stored[run.Seq] = run.indexed()
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

// statusKey is a run's place in the index of statuses.
func statusKey(s Status, seq uint64) []byte { return append([]byte{statusCode(s)}, number(seq)...) }

// save writes a run and keeps the counts and indexes true to it.
func (t *tx) save(run *Run) error {
	t.changed = true
	run.ChangedAt = t.now
	old, known := t.stored[run.Seq]
	if !known && t.Bucket(bucketRuns).Get(number(run.Seq)) != nil {
		if _, err := t.run(run.Seq); err != nil {
			return err
		}
		old, known = t.stored[run.Seq], true
	}
	data, err := encodeRun(run)
	if err != nil {
		return fmt.Errorf("saving run %s: %w", run.ID, err)
	}
	if err := t.put(bucketDense(t.Tx, bucketRuns), number(run.Seq), data); err != nil {
		return fmt.Errorf("saving run %s: %w", run.ID, err)
	}
	if err := t.index(run, old, known); err != nil {
		return fmt.Errorf("saving run %s: %w", run.ID, err)
	}
	t.remember(run)
	if run.Status.Acknowledged() && !old.status.Acknowledged() {
		return errors.Join(t.learnProject(run), t.learnDate(run))
	}
	return nil
}

// index writes what changed of a run's places in the indexes.
func (t *tx) index(run *Run, old indexed, known bool) error {
	is, seq := run.indexed(), number(run.Seq)
	lane := laneKey(hashed(run.Lane()), run.Seq)
	var writes []error
	put := func(bucket, k, v []byte) { writes = append(writes, t.put(bucketDense(t.Tx, bucket), k, v)) }
	remove := func(bucket, k []byte) { writes = append(writes, t.drop(bucket, k)) }
	if !known {
		put(bucketIDs, run.ID[:], seq)
		if run.Shared {
			put(bucketKeys, sharedKey(run), seq)
		}
	}
	if old.status != is.status {
		if known {
			remove(bucketStatuses, statusKey(old.status, run.Seq))
			t.count(old.status, -1)
		}
		put(bucketStatuses, statusKey(is.status, run.Seq), nil)
		t.count(is.status, +1)
	}
	switch {
	case is.due == nil && old.due != nil:
		remove(bucketLanes, lane)
	case !bytes.Equal(is.due, old.due):
		put(bucketLanes, lane, is.due)
	}
	switch {
	case is.owner == "" && old.owner != "":
		remove(bucketClaims, seq)
	case is.owner != old.owner:
		put(bucketClaims, seq, []byte(is.owner))
	}
	if !bytes.Equal(is.age, old.age) {
		if old.age != nil {
			remove(bucketAges, old.age)
		}
		if is.age != nil {
			put(bucketAges, is.age, nil)
		}
	}
	if is.report != uuid.Nil && is.report != old.report {
		put(bucketReports, hashed(run.Host, is.report.String()), seq)
	}
	return errors.Join(writes...)
}

func sharedKey(run *Run) []byte { return hashed(run.Host, run.Project, run.Key.String()) }

func countKey(s Status) []byte { return append([]byte("count/"), s...) }

// count changes how many runs have a status; settle writes it down.
func (t *tx) count(s Status, change int64) {
	if t.counts == nil {
		t.counts = map[Status]int64{}
	}
	t.counts[s] += change
}

// settle writes what a transaction gathered, before it is committed.
func (t *tx) settle() error {
	for status, change := range t.counts {
		if change == 0 {
			continue
		}
		count := t.counted(status)
		delete(t.counts, status)
		if err := t.put(t.Bucket(bucketMeta), countKey(status), number(uint64(count))); err != nil {
			return err
		}
	}
	return nil
}

// counted is how many runs have a status.
func (t *tx) counted(s Status) int64 {
	count := t.counts[s]
	if data := t.Bucket(bucketMeta).Get(countKey(s)); len(data) == 8 {
		count += int64(binary.BigEndian.Uint64(data))
	}
	return count
}

// body returns the bytes that are sent for a run: those that match their hash,
// and are that run's.
func (t *tx) body(run *Run) (body []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // bbolt met a damaged page: the bodies on it are lost, no other
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	packed := t.Bucket(bucketBodies).Get(number(run.Seq))
	switch {
	case packed == nil && run.BodyPruned:
		return nil, fmt.Errorf("run %s: %w", run.ID, ErrPruned)
	case packed == nil:
		return nil, fmt.Errorf("%w: its body is missing", ErrDamaged)
	}
	return run.own(packed)
}
