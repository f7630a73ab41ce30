package outbox

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/client/harness"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// anyRun draws a run with any of its fields set.
func anyRun(rt *rapid.T) *Run {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "main", "Größe", "İstanbul", "a=b", "\x00\xff", "feature/X-1"}), rapid.String())
	at := func(label string) time.Time {
		if rapid.Bool().Draw(rt, label+" set") {
			return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(rt, label), rapid.Int64Range(0, 999_999_999).Draw(rt, label+" ns")).UTC()
		}
		return time.Time{}
	}
	id := func(label string) uuid.UUID {
		raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, label)
		return uuid.UUID(raw)
	}
	r := &Run{
		ID: id("id"), Seq: rapid.Uint64Min(1).Draw(rt, "seq"), Status: rapid.SampledFrom(Statuses()).Draw(rt, "status"),
		Reason: Reason(text.Draw(rt, "reason")), Message: text.Draw(rt, "message"), Host: text.Draw(rt, "host"),
		Shared: rapid.Bool().Draw(rt, "shared"), EnqueuedAt: time.Unix(rapid.Int64Range(0, 1<<32).Draw(rt, "enqueued"), 7).UTC(),
		Bytes: rapid.IntRange(0, 1<<22).Draw(rt, "bytes"), Credential: text.Draw(rt, "credential"), MayBeThere: rapid.Bool().Draw(rt, "there"),
		NextAttemptAt: at("next"), AcknowledgedAt: at("acknowledged"), ChangedAt: at("changed"), Attempts: rapid.IntRange(0, 9).Draw(rt, "attempts"),
		BodyPruned: rapid.Bool().Draw(rt, "pruned"), Settle: time.Duration(rapid.IntRange(0, 9).Draw(rt, "settle")),
	}
	r.Summary = client.Summary{
		Key: r.ID, Project: text.Draw(rt, "project"), ProjectNamed: rapid.Bool().Draw(rt, "named"), Branch: text.Draw(rt, "branch"),
		StartPoint: text.Draw(rt, "start point"), Hash: text.Draw(rt, "hash"), Testbed: text.Draw(rt, "testbed"), Adapter: text.Draw(rt, "adapter"),
		Settings: text.Draw(rt, "settings"), Digest: text.Draw(rt, "digest"), Repository: text.Draw(rt, "repository"),
		StartTime: at("start"), EndTime: at("end"), Iterations: rapid.SliceOfN(rapid.IntRange(0, 99), 1, 3).Draw(rt, "iterations"),
	}
	if rapid.Bool().Draw(rt, "given key") {
		r.Key = id("key")
	}
	if rapid.Bool().Draw(rt, "its body is named") {
		r.bodySum = rapid.Uint64Min(1).Draw(rt, "body")
	}
	if rapid.Bool().Draw(rt, "labelled") {
		r.Labels = map[string]string{"a=b": "c", "ci": "Yes"}
		r.Warnings = []harness.Warning{"cut short"}
	}
	return r
}

func TestARecordSaysWhatWasSaved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := anyRun(rt)
		data, err := encodeRun(r)
		if err != nil {
			rt.Fatal(err)
		}
		var got Run
		if err := decodeRun(r.Seq, data, &got); err != nil || !reflect.DeepEqual(&got, r) {
			rt.Fatalf("%+v became %+v (%v)", r, got, err)
		}
		at, bit := rapid.IntRange(0, len(data)-1).Draw(rt, "byte"), rapid.IntRange(0, 7).Draw(rt, "bit")
		data[at] ^= 1 << bit
		if err := decodeRun(r.Seq, data, &got); err == nil {
			rt.Fatalf("bit %d of byte %d was turned, and nobody noticed", bit, at)
		}
	})
}

// TestAFilterPassesWhatItsQueryMatches compares reading a record in place with
// decoding it.
func TestAFilterPassesWhatItsQueryMatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := anyRun(rt)
		q := Query{Since: time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "since"), 0)}
		if rapid.Bool().Draw(rt, "any time") {
			q.Since = time.Time{}
		}
		part := func(text string) string {
			runes := []rune(text)
			if len(runes) == 0 {
				return ""
			}
			from := rapid.IntRange(0, len(runes)-1).Draw(rt, "from")
			return string(runes[from:rapid.IntRange(from, len(runes)).Draw(rt, "to")])
		}
		switch rapid.SampledFrom([]string{"status", "fields", "word", "id", "label", "query", "alike"}).Draw(rt, "by") {
		case "status":
			q.Statuses = []Status{rapid.SampledFrom(Statuses()).Draw(rt, "wanted"), r.Status}
		case "fields":
			q.Host, q.Project, q.Branch = r.Host, r.Project, r.Branch
			q.Testbed, q.Repository = r.Testbed, r.Repository
		case "word":
			q.Words = []string{part(r.Branch + r.Testbed)}
		case "id":
			q.Words = []string{part(r.ID.String())}
		case "alike":
			q.Alike, q.Words = true, []string{strings.ToLower(part(r.Branch)), strings.ToLower(part(r.Project))}
		case "label":
			q.Words = []string{"ci=yes"}
		case "query":
			var err error
			if q, err = q.ParseQuery("MAIN "+string(r.Status), time.Now()); err != nil {
				rt.Fatal(err)
			}
		}
		data, err := encodeRun(r)
		if err != nil {
			rt.Fatal(err)
		}
		if q.Matches(r) && !q.filter().passes(data) {
			rt.Fatalf("%+v matches %+v, but the filter drops it", r, q)
		}
	})
}

// FuzzDecodeRun feeds damaged records: an error or a run, never a panic; and a
// filter never panics either.
func FuzzDecodeRun(f *testing.F) {
	for _, base := range []string{"testdata/schema1", "testdata/schema2"} {
		path, _ := unpackGolden(f, base)
		file, err := os.Open(path)
		if err != nil {
			f.Fatal(err)
		}
		if err := eachLeaf(file, func(_, v []byte, _ int64) { f.Add(bytes.Clone(v)) }); err != nil {
			f.Fatal(err)
		}
		_ = file.Close()
	}
	q := Query{Words: []string{"abc", "0"}, Host: "h", Statuses: []Status{Sent}}.filter()
	f.Fuzz(func(_ *testing.T, data []byte) {
		var r Run
		_ = decodeRun(1, data, &r)
		q.passes(data)
		var a Attempt
		_ = decodeRecord(data, &a)
		found := &scraps{runs: map[uint64]*Run{}, bodies: map[uint64][]place{}, attempts: map[uint64]map[int]Attempt{}, loose: map[string][]byte{}}
		for _, key := range []int{8, 12, 16} {
			found.take(make([]byte, key), data, 0)
		}
	})
}

// FuzzPages feeds damaged pages to the reader that does without bbolt.
func FuzzPages(f *testing.F) {
	path, _ := unpackGolden(f, "testdata/schema2")
	whole := readFile(f, path)
	page := os.Getpagesize()
	for at := 0; at+page <= len(whole); at += page {
		f.Add(whole[at : at+page])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		leafEntries(data, 0, func(k, v []byte, at int64) {
			if len(k)+len(v) > len(data) || at < 0 {
				t.Error("an entry that is larger than its page")
			}
		})
	})
}

// FuzzImport feeds damaged exports to an outbox: what is not whole is refused
// with words, and nothing that is taken in makes it unsound.
func FuzzImport(f *testing.F) {
	path, _ := unpackGolden(f, "testdata/schema2")
	s, err := Open(f.Context(), path)
	if err != nil {
		f.Fatal(err)
	}
	var export bytes.Buffer
	if _, _, err := s.Export(f.Context(), Query{}, &export); err != nil {
		f.Fatal(err)
	}
	f.Add(export.Bytes())
	var lines [][]byte
	if err := eachExportLine(export.Bytes(), func(line []byte) { lines = append(lines, line) }); err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.Join(lines, nil))
	f.Add(bytes.Join(lines[:2], nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.Import(t.Context(), bytes.NewReader(data), nil)
		checkClean(t, s)
	})
}

// FuzzPart feeds damaged parts of benchmarks that were cut short.
func FuzzPart(f *testing.F) {
	path := filepath.Join(f.TempDir(), "outbox.db")
	p, err := BeginPart(path, Draft{Command: "go test"})
	if err != nil {
		f.Fatal(err)
	}
	if err := p.Add([]string{"BenchmarkA 1 1 ns/op"}, time.Now()); err != nil {
		f.Fatal(err)
	}
	f.Add(readFile(f, p.Path()))
	p.Leave()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.part")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if u, err := OpenPart(path); err == nil {
			u.Leave()
		}
	})
}

// eachExportLine unpacks an export.
func eachExportLine(packed []byte, each func(line []byte)) error {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(zip)
	for line := range bytes.Lines(text) {
		each(bytes.Clone(line))
	}
	return err
}
