package outbox

import (
	"encoding/binary"
	"fmt"
	"runtime"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const isWindows = runtime.GOOS == "windows"

// The buckets. Bodies lie apart from the index, so that a listing never reads
// one. Numbers in keys are big-endian; hashes of texts are 16 bytes.
var (
	bucketMeta     = []byte("meta")     // "schema", "count/STATUS", "date/HOST"
	bucketRuns     = []byte("runs")     // sequence → Run
	bucketStatuses = []byte("statuses") // status, sequence → nothing
	bucketIDs      = []byte("ids")      // ID → sequence
	bucketBodies   = []byte("bodies")   // sequence → packed body
	bucketLanes    = []byte("lanes")    // hash of lane, sequence → due time: the runs not at an end
	bucketAttempts = []byte("attempts") // sequence, number → Attempt
	bucketActivity = []byte("activity") // end of attempt, sequence, number → nothing
	bucketClaims   = []byte("claims")   // sequence → owner: the runs that are sending
	bucketKeys     = []byte("keys")     // hash of host, project and shared key → sequence
	bucketReports  = []byte("reports")  // hash of host and report UUID → sequence
	bucketPauses   = []byte("pauses")   // scope → Pause
	bucketProjects = []byte("projects") // hash of host and project's name → its UUID
	bucketAges     = []byte("ages")     // body kept, acknowledgment (Unix), sequence → nothing
	bucketGone     = []byte("gone")     // ID of a deleted run → version, when (Unix nanoseconds)
)

func buckets() [][]byte {
	return [][]byte{
		bucketMeta, bucketRuns, bucketStatuses, bucketIDs, bucketBodies, bucketLanes, bucketAttempts, bucketActivity,
		bucketClaims, bucketKeys, bucketReports, bucketPauses, bucketProjects, bucketAges, bucketGone,
	}
}

// denseFill is how full the pages of buckets become whose keys grow, in all or
// within a lane or a status: bbolt's own half would leave them so.
const denseFill = 0.95

// bucketDense returns such a bucket, ready for a write.
func bucketDense(b *bolt.Tx, name []byte) *bolt.Bucket {
	bucket := b.Bucket(name)
	bucket.FillPercent = denseFill
	return bucket
}

var keySchema = []byte("schema")

func makeSchema(b *bolt.Tx) error {
	for _, name := range buckets() {
		if _, err := b.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return b.Bucket(bucketMeta).Put(keySchema, binary.BigEndian.AppendUint32(nil, SchemaVersion))
}

// schemaOf is the schema of an outbox, or an error that wraps ErrNotAnOutbox or
// ErrNewerSchema.
func schemaOf(b *bolt.Tx) (uint32, error) {
	path := b.DB().Path()
	meta := b.Bucket(bucketMeta)
	if meta == nil || len(meta.Get(keySchema)) != 4 {
		return 0, fmt.Errorf("%s: %w (a bbolt file of another program); it was left as it is: name another file with --outbox", path, ErrNotAnOutbox)
	}
	version := binary.BigEndian.Uint32(meta.Get(keySchema))
	if version > SchemaVersion {
		return version, fmt.Errorf("%s: %w (schema %d, this one knows %d): update burrow", path, ErrNewerSchema, version, SchemaVersion)
	}
	if version < SchemaVersion {
		return version, nil
	}
	for _, name := range buckets() {
		if b.Bucket(name) == nil {
			return version, damagedFile(path, fmt.Errorf("%w: %s", berrors.ErrBucketNotFound, name))
		}
	}
	return version, nil
}
