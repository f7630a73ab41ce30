package outbox

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// stock is an outbox's records, wherever they were read: the runs with all that
// belongs to them, and what stands for itself.
type stock struct {
	// runs gives each run with its packed body (nil: none), its attempts, oldest
	// first.
	runs func(give func(run *Run, body []byte, attempts []Attempt) error) error
	// rest gives the entries of the buckets that no run's record says.
	rest func(give func(bucket, k, v []byte) error) error
	last uint64 // sequence number that was given last
}

// loose are the buckets whose entries no run's record says.
func loose() [][]byte { return [][]byte{bucketPauses, bucketProjects, bucketGone} }

// rebuildBatch is how many bytes of records share a commit while an outbox is
// built: memory stays bounded however large it is.
const rebuildBatch = 4 << 20

// build writes records into a fresh file, and every index from them.
func (s *Store) build(fresh *bolt.DB, from stock) error {
	if err := fresh.Update(makeSchema); err != nil {
		return err
	}
	b := &builder{store: s, db: fresh}
	defer b.abandon()
	err := from.runs(func(run *Run, body []byte, attempts []Attempt) error {
		t, err := b.begin(len(body) + 1024)
		if err != nil {
			return err
		}
		from.last = max(from.last, run.Seq)
		return t.restore(run, body, attempts)
	})
	if err != nil {
		return err
	}
	if err := from.rest(func(bucket, k, v []byte) error {
		t, err := b.begin(len(k) + len(v))
		if err != nil {
			return err
		}
		return t.put(t.Bucket(bucket), k, v)
	}); err != nil {
		return err
	}
	t, err := b.begin(0)
	if err != nil {
		return err
	}
	if err := t.Bucket(bucketRuns).SetSequence(from.last); err != nil {
		return err
	}
	return b.commit()
}

// restore writes a run that was read elsewhere, as it was.
func (t *tx) restore(run *Run, body []byte, attempts []Attempt) error {
	changed := run.ChangedAt
	if body != nil {
		if _, err := run.own(body); err == nil {
			run.bodySum = sumOf(body) // of an older schema, or of an export, it was not known
		}
		if err := t.put(bucketDense(t.Tx, bucketBodies), number(run.Seq), body); err != nil {
			return fmt.Errorf("storing the body of run %s: %w", run.ID, err)
		}
	}
	for _, a := range attempts {
		if err := t.putAttemptAs(run.Seq, a); err != nil {
			return fmt.Errorf("storing the history of run %s: %w", run.ID, err)
		}
	}
	now := t.now
	t.now = changed // save stamps it
	err := t.save(run)
	t.now = now
	t.stored = nil // it would grow with the outbox
	return err
}

// builder writes into a file in commits of bounded size.
type builder struct {
	store *Store
	db    *bolt.DB
	tx    *tx
	size  int
}

// begin returns the transaction for so many more bytes.
func (b *builder) begin(size int) (*tx, error) {
	if b.tx != nil && b.size+size > rebuildBatch {
		if err := b.commit(); err != nil {
			return nil, err
		}
	}
	if b.tx == nil {
		raw, err := b.db.Begin(true)
		if err != nil {
			return nil, err
		}
		b.tx, b.size = &tx{Tx: raw, store: b.store, now: b.store.Now()}, 0
	}
	b.size += size
	return b.tx, nil
}

func (b *builder) commit() error {
	if b.tx == nil {
		return nil
	}
	err := b.tx.settle()
	if err == nil {
		err = b.tx.Commit()
	} else {
		b.abandon()
	}
	b.tx = nil
	return err
}

func (b *builder) abandon() {
	if b.tx != nil {
		_ = b.tx.Rollback()
	}
}

// records are those of a file that can be walked. What can't be read is told
// to complain, which says whether to go on.
func records(b *bolt.Tx, complain func(what string, err error) error) stock {
	t := &tx{Tx: b}
	return stock{
		last: b.Bucket(bucketRuns).Sequence(),
		runs: func(give func(*Run, []byte, []Attempt) error) error {
			return b.Bucket(bucketRuns).ForEach(func(k, v []byte) error {
				if len(k) != 8 {
					return complain("a run", fmt.Errorf("%w: a key of %d bytes", ErrDamaged, len(k)))
				}
				run := &Run{}
				if err := decodeRun(decodeNumber(k), v, run); err != nil {
					return complain(fmt.Sprint("run number ", decodeNumber(k)), err)
				}
				run.Seq = decodeNumber(k)
				attempts, err := t.attempts(run.Seq)
				if err != nil {
					if err := complain("the history of run "+run.ID.String(), err); err != nil {
						return err
					}
				}
				return give(run, b.Bucket(bucketBodies).Get(k), attempts)
			})
		},
		rest: func(give func(bucket, k, v []byte) error) error {
			for _, name := range loose() {
				bucket := b.Bucket(name)
				if bucket == nil {
					continue // schema 1 made it at need, or not at all
				}
				if err := bucket.ForEach(func(k, v []byte) error { return give(name, k, v) }); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
