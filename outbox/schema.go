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
	bucketMeta     = []byte("meta")     // "schema", "count/STATUS"
	bucketRuns     = []byte("runs")     // sequence → Run
	bucketIDs      = []byte("ids")      // ID → sequence
	bucketBodies   = []byte("bodies")   // sequence → packed body
	bucketLanes    = []byte("lanes")    // hash of lane, sequence → due time: the runs not at an end
	bucketAttempts = []byte("attempts") // sequence, number → Attempt
	bucketClaims   = []byte("claims")   // sequence → owner: the runs that are sending
	bucketKeys     = []byte("keys")     // hash of host, project and shared key → sequence
	bucketReports  = []byte("reports")  // hash of host and report UUID → sequence
	bucketPauses   = []byte("pauses")   // scope → Pause
	bucketProjects = []byte("projects") // hash of host and project's name → its UUID
)

func buckets() [][]byte {
	return [][]byte{
		bucketMeta, bucketRuns, bucketIDs, bucketBodies, bucketLanes,
		bucketAttempts, bucketClaims, bucketKeys, bucketReports, bucketPauses,
	}
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

func checkSchema(b *bolt.Tx) error {
	path := b.DB().Path()
	meta := b.Bucket(bucketMeta)
	if meta == nil || len(meta.Get(keySchema)) != 4 {
		return fmt.Errorf("%s: %w (a bbolt file of another program); it was left as it is: name another file with --outbox", path, ErrNotAnOutbox)
	}
	if version := binary.BigEndian.Uint32(meta.Get(keySchema)); version > SchemaVersion {
		return fmt.Errorf("%s: %w (schema %d, this one knows %d): update burrow", path, ErrNewerSchema, version, SchemaVersion)
	}
	for _, name := range buckets() {
		if b.Bucket(name) == nil {
			return fmt.Errorf("%s: %w: bucket %s", path, berrors.ErrBucketNotFound, name)
		}
	}
	return nil
}
