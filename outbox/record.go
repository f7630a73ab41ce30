package outbox

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// A run's record has its indexed fields at fixed or counted places, so that a
// filter reads them where they lie, without decoding the rest:
//
//	version, status, flags          1 byte each
//	ID                              16 bytes
//	enqueued                        8 bytes, Unix nanoseconds
//	key                             16 bytes, where it is not the ID
//	body                            8 bytes, the begin of its hash, where it is known
//	lengths of the texts            a count, then that many, as varints
//	texts                           the fields of texts(), then "name=value" of each label
//	start, end, next, acknowledged, changed
//	                                times
//	the rest                        JSON of the other fields that are set
//	checksum                        4 bytes, CRC-32C of all before it
//
// Records of schema 1 are JSON throughout, after a version byte of 1.
const (
	jsonVersion = 1 // of every record but a run's
	runVersion  = 2
)

// The flags of a run's record.
const (
	flagKeyIsID = 1 << iota
	flagShared
	flagProjectNamed
	flagMayBeThere
	flagFolds   // its texts hold letters that are not lower-case ASCII
	flagBodySum // it names its body
)

const (
	statusAt, flagsAt, idAt = 1, 2, 3
	enqueuedAt              = idAt + 16
	cardLength              = enqueuedAt + 8
)

func encode(record any) ([]byte, error) {
	data, err := json.Marshal(record)
	return append([]byte{jsonVersion}, data...), err
}

func decodeRecord(data []byte, into any) error {
	if len(data) == 0 || data[0] != jsonVersion {
		return fmt.Errorf("%w: a record of an unknown version", ErrDamaged)
	}
	if err := json.Unmarshal(data[1:], into); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// texts are the fields of a run that a filter reads.
func (r *Run) texts() []*string {
	return []*string{
		&r.Host, &r.Project, &r.Branch, &r.Testbed, &r.Hash, &r.Adapter, &r.Repository,
		(*string)(&r.Reason), &r.Message, &r.StartPoint, &r.Settings, &r.Digest, &r.Credential,
	}
}

// times are the times of a run that are packed.
func (r *Run) times() []*time.Time {
	return []*time.Time{&r.StartTime, &r.EndTime, &r.NextAttemptAt, &r.AcknowledgedAt, &r.ChangedAt}
}

func encodeRun(r *Run) ([]byte, error) {
	rest := *r
	rest.ID, rest.Seq, rest.Status, rest.Key = uuid.Nil, 0, "", uuid.Nil
	rest.Shared, rest.ProjectNamed, rest.MayBeThere, rest.EnqueuedAt = false, false, false, time.Time{}
	for _, text := range rest.texts() {
		*text = ""
	}
	for _, at := range rest.times() {
		*at = time.Time{}
	}
	tail, err := json.Marshal(&rest)
	if err != nil {
		return nil, err
	}
	fields := r.texts()
	texts := make([]string, len(fields), len(fields)+len(r.Labels))
	for i, text := range fields {
		texts[i] = *text
	}
	for name, value := range r.Labels {
		texts = append(texts, name+"="+value)
	}
	data := append(make([]byte, 0, cardLength+256+len(tail)), runVersion, statusCode(r.Status), r.flags(texts))
	data = append(data, r.ID[:]...)
	data = binary.BigEndian.AppendUint64(data, uint64(r.EnqueuedAt.UnixNano()))
	if r.Key != r.ID {
		data = append(data, r.Key[:]...)
	}
	if r.bodySum != 0 {
		data = binary.BigEndian.AppendUint64(data, r.bodySum)
	}
	data = binary.AppendUvarint(data, uint64(len(texts)))
	for _, text := range texts {
		data = binary.AppendUvarint(data, uint64(len(text)))
	}
	for _, text := range texts {
		data = append(data, text...)
	}
	for _, at := range r.times() {
		data = appendTime(data, *at)
	}
	data = append(data, tail...)
	return binary.BigEndian.AppendUint32(data, crc32.Checksum(data, castagnoli())), nil
}

func (r *Run) flags(texts []string) (flags byte) {
	set := func(flag byte, is bool) {
		if is {
			flags |= flag
		}
	}
	set(flagKeyIsID, r.Key == r.ID)
	set(flagShared, r.Shared)
	set(flagProjectNamed, r.ProjectNamed)
	set(flagMayBeThere, r.MayBeThere)
	set(flagBodySum, r.bodySum != 0)
	set(flagFolds, slices.ContainsFunc(texts, folds))
	return flags
}

const checksumLength = 4

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// folds tells whether lower-casing a text may change it.
func folds(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return true
		}
	}
	return false
}

// statusCode is the status as a byte: its place in Statuses, from 1.
func statusCode(s Status) byte {
	switch s {
	case Pending:
		return 1
	case Sending:
		return 2
	case Sent:
		return 3
	case Deduplicated:
		return 4
	case Incomplete:
		return 5
	case Rejected:
		return 6
	case Cancelled:
		return 7
	}
	return 0
}

func statusOf(code byte) (Status, bool) {
	all := Statuses()
	if code == 0 || int(code) > len(all) {
		return "", false
	}
	return all[code-1], true
}

func appendTime(data []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(data, 0)
	}
	data = binary.AppendVarint(append(data, 1), at.Unix())
	return binary.AppendUvarint(data, uint64(at.Nanosecond()))
}

// reader takes a record apart; the first thing that does not fit ends it.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) bytes(n uint64) []byte {
	if r.broken || n > uint64(len(r.rest)) {
		r.broken = true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte {
	if one := r.bytes(1); len(one) == 1 {
		return one[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	n, used := binary.Uvarint(r.rest)
	if used <= 0 {
		r.broken = true
		return 0
	}
	r.bytes(uint64(used))
	return n
}

func (r *reader) time() time.Time {
	if r.byte() == 0 {
		return time.Time{}
	}
	seconds, used := binary.Varint(r.rest)
	if used <= 0 {
		r.broken = true
		return time.Time{}
	}
	r.bytes(uint64(used))
	return time.Unix(seconds, int64(r.uvarint())).UTC()
}

// lengths reads those of the texts, and leaves the reader at the texts.
func (r *reader) lengths() []uint64 {
	count := r.uvarint()
	if count > uint64(len(r.rest)) { // each takes a byte at least
		r.broken = true
		return nil
	}
	all := make([]uint64, count)
	for i := range all {
		all[i] = r.uvarint()
	}
	return all
}

// decodeRun reads a run's record of any schema. The sequence number is the
// record's key.
func decodeRun(seq uint64, data []byte, into *Run) error {
	*into = Run{}
	if len(data) > 0 && data[0] == jsonVersion {
		return decodeRecord(data, into)
	}
	damaged := func(what string) error { return fmt.Errorf("%w: run number %d: %s", ErrDamaged, seq, what) }
	if len(data) < cardLength+checksumLength || data[0] != runVersion {
		return damaged("a record of an unknown version")
	}
	end := len(data) - checksumLength
	if crc32.Checksum(data[:end], castagnoli()) != binary.BigEndian.Uint32(data[end:]) {
		return damaged("it does not match its checksum")
	}
	data = data[:end]
	status, known := statusOf(data[statusAt])
	if !known {
		return damaged("an unknown status")
	}
	r := &reader{rest: data[cardLength:]}
	flags := data[flagsAt]
	copy(into.ID[:], data[idAt:])
	into.Key = into.ID
	if flags&flagKeyIsID == 0 {
		copy(into.Key[:], r.bytes(16))
	}
	if flags&flagBodySum != 0 {
		var sum [8]byte
		copy(sum[:], r.bytes(uint64(len(sum))))
		into.bodySum = binary.BigEndian.Uint64(sum[:])
	}
	lengths := r.lengths()
	fields := into.texts()
	if len(lengths) < len(fields) {
		return damaged("fields are missing")
	}
	id, key := into.ID, into.Key
	texts := make([]string, len(lengths)) // the labels among them are for the filter only
	for i, n := range lengths {
		texts[i] = string(r.bytes(n))
	}
	var times [5]time.Time
	for i := range times {
		times[i] = r.time()
	}
	if r.broken {
		return damaged("it is cut short")
	}
	if !bytes.Equal(r.rest, []byte("{}")) {
		if err := json.Unmarshal(r.rest, into); err != nil {
			return damaged(err.Error())
		}
	}
	for i, field := range fields {
		*field = texts[i]
	}
	for i, at := range into.times() {
		*at = times[i]
	}
	into.ID, into.Key, into.Seq, into.Status = id, key, seq, status
	into.Shared, into.ProjectNamed, into.MayBeThere = flags&flagShared != 0, flags&flagProjectNamed != 0, flags&flagMayBeThere != 0
	into.EnqueuedAt = time.Unix(0, int64(binary.BigEndian.Uint64(data[enqueuedAt:]))).UTC()
	return nil
}
