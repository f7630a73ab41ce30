package outbox

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// filter is a Query made ready to read records where they lie. It may let a
// run pass that Query.Matches refuses, never the other way.
type filter struct {
	since    int64 // Unix nanoseconds
	statuses []bool
	words    []filterWord
	fields   []filterField
	alike    bool
}

// filterField is a text of Run.texts that must be just this.
type filterField struct {
	index int
	want  []byte
}

// filterTexts are how many of Run.texts a query chooses by: host to repository.
const filterTexts = 7

type filterWord struct {
	text     []byte
	statuses []bool // the word is part of these statuses' names
	inID     bool   // it can be part of an ID
}

func (q Query) filter() *filter {
	f := &filter{since: math.MinInt64, alike: q.Alike}
	for i, want := range [filterTexts]string{q.Host, q.Project, q.Branch, q.Testbed, "", "", q.Repository} { // as Run.texts begins
		if want != "" {
			f.fields = append(f.fields, filterField{i, []byte(want)})
		}
	}
	if q.Since.After(time.Unix(0, math.MinInt64)) {
		f.since = q.Since.UnixNano()
	}
	switch {
	case len(q.Statuses) > 0:
		f.statuses = statusTable(func(s Status) bool { return slices.Contains(q.Statuses, s) })
	case q.Alerts: // only those have reports that were evaluated
		f.statuses = statusTable(Status.Acknowledged)
	}
	for _, word := range q.Words {
		f.words = append(f.words, filterWord{
			text:     []byte(word),
			statuses: statusTable(func(s Status) bool { return strings.Contains(string(s), word) }),
			inID:     inID(word),
		})
	}
	return f
}

// inID tells whether a word can be part of an ID: hexadecimal digits, at most
// twelve of them between two hyphens.
func inID(word string) bool {
	if strings.Trim(word, "0123456789abcdef-") != "" {
		return false
	}
	for group := range strings.SplitSeq(word, "-") {
		if len(group) > 12 {
			return false
		}
	}
	return true
}

// statusTable tells for each status's code whether the status is meant.
func statusTable(meant func(Status) bool) []bool {
	table := make([]bool, math.MaxUint8+1)
	for _, s := range Statuses() {
		table[statusCode(s)] = meant(s)
	}
	return table
}

// passes reads a run's record as encodeRun lays it out. A record that it can't
// read passes: whoever decodes it says so.
func (f *filter) passes(data []byte) bool {
	if len(data) < cardLength || data[0] != runVersion {
		return true
	}
	status, flags := data[statusAt], data[flagsAt]
	if f.statuses != nil && !f.statuses[status] {
		return false
	}
	if int64(binary.BigEndian.Uint64(data[enqueuedAt:])) < f.since {
		return false
	}
	at := cardLength
	if flags&flagKeyIsID == 0 {
		at += len(uuid.UUID{})
	}
	if flags&flagBodySum != 0 {
		at += 8
	}
	// The lengths lie before the texts: few, and mostly of one byte.
	count, at, sound := varint(data, at)
	var head [filterTexts + 1]int // where each of the first texts begins
	length := 0
	for i := 0; i < count && sound; i++ {
		var n int
		n, at, sound = varint(data, at)
		length += n
		if i+1 < len(head) {
			head[i+1] = length
		}
	}
	if !sound || length < 0 || length > len(data)-at {
		return true
	}
	texts := data[at : at+length]
	for _, field := range f.fields {
		if count <= field.index {
			return true
		}
		if !bytes.Equal(field.want, texts[head[field.index]:head[field.index+1]]) {
			return false
		}
	}
	if !f.alike {
		return f.mentioned(data, status, flags, texts)
	}
	if count < filterTexts {
		return true
	}
	for _, word := range f.words {
		found := false
		for _, i := range [...]int{1, 2, 3, 5} { // project, branch, testbed, adapter
			found = found || inOrder(string(texts[head[i]:head[i+1]]), string(word.text))
		}
		if !found {
			return false
		}
	}
	return true
}

// varint reads a length, and where the next one is.
func varint(data []byte, at int) (n, next int, sound bool) {
	if at < len(data) && data[at] < 0x80 {
		return int(data[at]), at + 1, true
	}
	if at >= len(data) {
		return 0, at, false
	}
	long, used := binary.Uvarint(data[at:])
	return int(long), at + used, used > 0 && long <= uint64(len(data))
}

func (f *filter) mentioned(data []byte, status, flags byte, texts []byte) bool {
	if len(f.words) > 0 && flags&flagFolds != 0 {
		texts = bytes.ToLower(texts)
	}
	for _, word := range f.words {
		if word.statuses[status] || holds(texts, word.text) || word.inID && idHolds(data, word.text) {
			continue
		}
		return false
	}
	return true
}

// holds is bytes.Contains for short texts: up to 64 bytes are compared at once,
// where longer ones are searched byte by byte for the word's first letter,
// which is in every hash.
func holds(text, word []byte) bool {
	const window = 64
	step := window - len(word) + 1
	if step < window/2 {
		return bytes.Contains(text, word)
	}
	for len(text) > window {
		if bytes.Contains(text[:window], word) {
			return true
		}
		text = text[step:]
	}
	return bytes.Contains(text, word)
}

// idHolds tells whether a part of the run's ID is that text.
func idHolds(data, part []byte) bool {
	const digits = "0123456789abcdef"
	var text [36]byte
	at := 0
	for i, b := range data[idAt : idAt+16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = digits[b>>4], digits[b&0xf]
		at += 2
	}
	return bytes.Contains(text[:], part)
}

// walk goes through the records of the chosen statuses (none: all) from one
// sequence number on (0: from the end), until the function returns false.
func (t *tx) walk(statuses []Status, from uint64, upwards bool, visit func(seq uint64, data []byte) bool) {
	if len(statuses) == 0 {
		c := newRunCursor(t.Bucket(bucketRuns), nil, from, upwards)
		for ; c.k != nil; c.move() {
			if !visit(decodeNumber(c.k), c.v) {
				return
			}
		}
		return
	}
	var all []*runCursor // of each status, in step
	for _, s := range slices.Compact(slices.Sorted(slices.Values(statuses))) {
		if c := newRunCursor(t.Bucket(bucketStatuses), []byte{statusCode(s)}, from, upwards); c.k != nil {
			all = append(all, c)
		}
	}
	for len(all) > 0 {
		best := 0
		for i, c := range all {
			if cmp := bytes.Compare(c.k, all[best].k); upwards && cmp < 0 || !upwards && cmp > 0 {
				best = i
			}
		}
		seq := decodeNumber(all[best].k)
		if data := t.Bucket(bucketRuns).Get(number(seq)); data != nil && !visit(seq, data) {
			return
		}
		if all[best].move(); all[best].k == nil {
			all = slices.Delete(all, best, best+1)
		}
	}
}

// walkIDs is walk over the records of certain runs.
func (t *tx) walkIDs(ids []uuid.UUID, from uint64, upwards bool, visit func(seq uint64, data []byte) bool) {
	var all []uint64
	for _, id := range ids {
		if found := t.Bucket(bucketIDs).Get(id[:]); found != nil {
			if seq := decodeNumber(found); from == 0 || upwards && seq >= from || !upwards && seq <= from {
				all = append(all, seq)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if !upwards {
		slices.Reverse(all)
	}
	for _, seq := range all {
		if data := t.Bucket(bucketRuns).Get(number(seq)); data != nil && !visit(seq, data) {
			return
		}
	}
}

// runCursor goes through sequence numbers that stand behind a prefix.
type runCursor struct {
	cursor  *bolt.Cursor
	prefix  []byte
	upwards bool
	k, v    []byte // the sequence number alone; nil at the end
}

func newRunCursor(b *bolt.Bucket, prefix []byte, from uint64, upwards bool) *runCursor {
	c := &runCursor{cursor: b.Cursor(), prefix: prefix, upwards: upwards}
	if upwards {
		c.set(c.cursor.Seek(append(bytes.Clone(prefix), number(from)...)))
		return c
	}
	beyond := uint64(math.MaxUint64)
	if from > 0 {
		beyond = from + 1
	}
	if k, _ := c.cursor.Seek(append(bytes.Clone(prefix), number(beyond)...)); k == nil {
		c.set(c.cursor.Last())
		return c
	}
	c.move()
	return c
}

func (c *runCursor) move() {
	if c.upwards {
		c.set(c.cursor.Next())
		return
	}
	c.set(c.cursor.Prev())
}

func (c *runCursor) set(k, v []byte) {
	c.k, c.v = nil, nil
	if bytes.HasPrefix(k, c.prefix) && len(k) == len(c.prefix)+8 {
		c.k, c.v = k[len(c.prefix):], v
	}
}
