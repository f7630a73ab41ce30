package outbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
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
	return b.Bucket(bucketMeta).Put(keySchema, schemaValue(SchemaVersion))
}

// schemaValue is a schema's number with its checksum, so that a damaged one is
// not taken for that of a newer burrow.
func schemaValue(version uint32) []byte {
	value := binary.BigEndian.AppendUint32(nil, version)
	return binary.BigEndian.AppendUint32(value, crc32.Checksum(value, castagnoli()))
}

// readSchema reads a schema's number; older files bear no checksum.
func readSchema(value []byte) (version uint32, sound bool) {
	if len(value) != 4 && len(value) != 8 {
		return 0, false
	}
	version = binary.BigEndian.Uint32(value)
	return version, len(value) == 4 || bytes.Equal(value, schemaValue(version))
}

// hasOutboxBuckets tells an outbox whose schema was lost from a bbolt file of
// another program.
func hasOutboxBuckets(b *bolt.Tx) bool {
	found := 0
	for _, name := range buckets() {
		if b.Bucket(name) != nil {
			found++
		}
	}
	return found > len(buckets())/2
}

// schemaOf is the schema of an outbox, or an error that wraps ErrNotAnOutbox or
// ErrNewerSchema.
func schemaOf(b *bolt.Tx) (uint32, error) {
	path := b.DB().Path()
	version, sound := uint32(0), false
	if meta := b.Bucket(bucketMeta); meta != nil {
		version, sound = readSchema(meta.Get(keySchema))
	}
	if !sound && hasOutboxBuckets(b) {
		return 0, damagedFile(path, errors.New("its schema can't be read"))
	}
	if !sound {
		return 0, fmt.Errorf("%s: %w (a bbolt file of another program); it was left as it is: name another file with --outbox", path, ErrNotAnOutbox)
	}
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
