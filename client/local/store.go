package local

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// lockTimeout bounds the wait for another process that has the file open. Each
// holds it for one transaction.
const lockTimeout = 10 * time.Second

// Buckets of the store. All values are JSON unless said otherwise; a uuid is
// its 16 bytes.
//
//	meta                "last" → the last uuid made
//	users               name → userRow
//	projects            uuid → projectRow
//	slugs               project slug → uuid
//	data/<project>/     one bucket for each project uuid:
//	  branches          uuid → branchRow
//	  testbeds          uuid → client.Testbed
//	  benchmarks        uuid → client.Benchmark
//	  measures          uuid → client.Measure
//	  names             kind, 0, "s" or "n", 0, slug or name → uuid
//	  versions          head uuid, hash → number (8 bytes)
//	  thresholds        branch uuid, testbed uuid, measure uuid → thresholdRow
//	  reports           uuid → reportRow, without results
//	  results           uuid → [][]client.Result
//	  keys              idempotency key (16 bytes) → report uuid
//	  times             start, end, created (8 bytes each, seconds), uuid → nothing
var (
	bucketMeta     = []byte("meta")
	bucketUsers    = []byte("users")
	bucketProjects = []byte("projects")
	bucketSlugs    = []byte("slugs")
	bucketData     = []byte("data")

	bucketBranches   = []byte("branches")
	bucketTestbeds   = []byte("testbeds")
	bucketBenchmarks = []byte("benchmarks")
	bucketMeasures   = []byte("measures")
	bucketNames      = []byte("names")
	bucketVersions   = []byte("versions")
	bucketThresholds = []byte("thresholds")
	bucketReports    = []byte("reports")
	bucketResults    = []byte("results")
	bucketKeys       = []byte("keys")
	bucketTimes      = []byte("times")

	metaLast = []byte("last")
)

// store opens its file for each transaction, so that several processes can
// share it.
type store struct {
	path string
	now  func() time.Time
	mu   sync.RWMutex // bbolt's own file lock only polls, every 50 ms
}

// tx is one transaction.
type tx struct {
	*bolt.Tx
	now  time.Time // the server's clock, in whole milliseconds
	last uuid.UUID // the last one made
}

func openStore(path string, now func() time.Time) (*store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the local server's folder: %w", err)
	}
	s := &store{path: path, now: now}
	err := s.update(func(t *tx) error {
		for _, name := range [][]byte{bucketMeta, bucketUsers, bucketProjects, bucketSlugs, bucketData} {
			if _, err := t.CreateBucketIfNotExists(name); err != nil {
				return fmt.Errorf("making bucket %s: %w", name, err)
			}
		}
		return nil
	})
	return s, err
}

// update runs one write transaction: all of it is kept, fsynced, or nothing.
func (s *store) update(work func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open(false, func(db *bolt.DB) error {
		return db.Update(func(raw *bolt.Tx) error {
			t := &tx{Tx: raw, now: s.now().UTC().Truncate(time.Millisecond)}
			if meta := raw.Bucket(bucketMeta); meta != nil {
				copy(t.last[:], meta.Get(metaLast))
			}
			before := t.last
			if err := work(t); err != nil {
				return err
			}
			if t.last == before {
				return nil
			}
			return t.Bucket(bucketMeta).Put(metaLast, t.last[:])
		})
	})
}

// view runs one read transaction.
func (s *store) view(work func(*tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.open(true, func(db *bolt.DB) error {
		return db.View(func(raw *bolt.Tx) error { return work(&tx{Tx: raw, now: s.now().UTC()}) })
	})
}

func (s *store) open(readOnly bool, work func(*bolt.DB) error) (err error) {
	db, err := bolt.Open(s.path, 0o600, &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType, ReadOnly: readOnly})
	if err != nil {
		return fmt.Errorf("opening the local server's store %s: %w", s.path, err)
	}
	defer func() {
		if closeErr := db.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("closing the local server's store: %w", closeErr)
		}
	}()
	return work(db)
}

// newUUID makes a UUIDv7 from the server's clock, above the last one made
// unless the clock was set back by more than a second.
func (t *tx) newUUID() uuid.UUID {
	const maxSequence = 1<<12 - 1
	ms, sequence := uint64(t.now.UnixMilli()), uint16(0)
	lastMS := binary.BigEndian.Uint64(t.last[:8]) >> 16
	if lastMS >= ms && lastMS-ms <= 1000 {
		ms, sequence = lastMS, binary.BigEndian.Uint16(t.last[6:8])&maxSequence+1
		if sequence > maxSequence {
			ms, sequence = ms+1, 0
		}
	}
	id := uuid.New() // random, with the variant set
	binary.BigEndian.PutUint64(id[:8], ms<<16|7<<12|uint64(sequence))
	t.last = id
	return id
}

// second is the transaction's time as Bencher stores times.
func (t *tx) second() time.Time { return t.now.Truncate(time.Second) }

// data is a project's own bucket of that name.
func (t *tx) data(project uuid.UUID, name []byte) *bolt.Bucket {
	return t.Bucket(bucketData).Bucket(project[:]).Bucket(name)
}

// get reads a value; false means that there is none.
func get[T any](b *bolt.Bucket, key []byte) (value T, found bool, err error) {
	raw := b.Get(key)
	if raw == nil {
		return value, false, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, false, fmt.Errorf("reading a record of the local server: %w", err)
	}
	return value, true, nil
}

func put(b *bolt.Bucket, key []byte, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing a record of the local server: %w", err)
	}
	return b.Put(key, raw)
}
