package outbox

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzip"
)

// exported is an outbox's export, and what stands in it.
func exported(t *testing.T, s *Store) (file []byte, runs map[uuid.UUID]*Run, bodies map[uuid.UUID][]byte) {
	t.Helper()
	var out bytes.Buffer
	if _, _, err := s.Export(t.Context(), Query{}, &out); err != nil {
		t.Fatal(err)
	}
	runs, bodies = map[uuid.UUID]*Run{}, map[uuid.UUID][]byte{}
	for _, r := range listAll(t, s) {
		body, err := s.Body(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		runs[r.ID], bodies[r.ID] = r, body
	}
	return out.Bytes(), runs, bodies
}

func unzipped(t *testing.T, file []byte) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// onlyTheirs tells how many runs an outbox holds, all of which must be what
// was exported.
func onlyTheirs(t *testing.T, what string, s *Store, runs map[uuid.UUID]*Run, bodies map[uuid.UUID][]byte) int {
	t.Helper()
	all := listAll(t, s)
	for _, r := range all {
		was := runs[r.ID]
		if was == nil {
			t.Errorf("%s: run %s was never exported", what, r.ID)
			continue
		}
		body, err := s.Body(t.Context(), r.ID)
		if err != nil || !bytes.Equal(body, bodies[r.ID]) {
			t.Errorf("%s: run %s has other bytes (%v)", what, r.ID, err)
		}
		if r.Host != was.Host || r.Project != was.Project || r.Branch != was.Branch || r.Key != was.Key || r.Status != was.Status {
			t.Errorf("%s: run %s went to %s %s %s as %s", what, r.ID, r.Host, r.Project, r.Branch, r.Status)
		}
	}
	return len(all)
}

// TestAChangedExportBringsOnlyWhatIsProven turns a bit of each byte of an
// export, compressed and not: whatever is taken in is as it was exported, and
// the whole copy brings the rest.
func TestAChangedExportBringsOnlyWhatIsProven(t *testing.T) {
	s := openTest(t)
	for i := range 3 {
		enqueue(t, s, newRun(t, "demo", i+1))
	}
	zipped, runs, bodies := exported(t, s)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's
	t.Logf("seed %d", seed)
	for form, file := range map[string][]byte{"gzip": zipped, "plain": unzipped(t, zipped)} {
		taken, told := 0, 0
		for at := 0; at < len(file); at += 1 + random.IntN(3) {
			changed := bytes.Clone(file)
			changed[at] ^= 1 << random.IntN(8)
			other, err := Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
			if err != nil {
				t.Fatal(err)
			}
			done, err := other.Import(t.Context(), bytes.NewReader(changed), nil)
			switch {
			case err != nil && !errors.Is(err, ErrCutShort) && !errors.Is(err, ErrNotAnExport):
				t.Fatalf("%s, byte %d: %v", form, at, err)
			case err != nil || len(done.Refused) > 0:
				told++
			case done.Added != len(runs):
				t.Errorf("%s, byte %d: %d runs, and not a word", form, at, done.Added)
			}
			taken += onlyTheirs(t, form, other, runs, bodies)
			if _, err := other.Import(t.Context(), bytes.NewReader(file), nil); err != nil {
				t.Fatal(err)
			}
			if n := onlyTheirs(t, form, other, runs, bodies); n != len(runs) {
				t.Errorf("%s, byte %d: the whole copy makes it %d runs, not %d", form, at, n, len(runs))
			}
		}
		t.Logf("%s: %d runs were taken in from changed files, %d files were told of", form, taken, told)
		if told == 0 {
			t.Errorf("%s: no change was noticed", form)
		}
	}
}

// TestACutExportBringsWhatStandsBefore cuts an export at every line.
func TestACutExportBringsWhatStandsBefore(t *testing.T) {
	s := openTest(t)
	for i := range 4 {
		enqueue(t, s, newRun(t, "demo", i+1))
	}
	zipped, runs, bodies := exported(t, s)
	lines := bytes.SplitAfter(unzipped(t, zipped), []byte("\n"))
	for keep := 1; keep < len(lines)-1; keep++ {
		other := openTest(t)
		_, err := other.Import(t.Context(), bytes.NewReader(bytes.Join(lines[:keep], nil)), nil)
		if !errors.Is(err, ErrCutShort) {
			t.Errorf("%d lines: %v", keep, err)
		}
		// The last line that is there has nothing behind it that proves it.
		if n := onlyTheirs(t, "cut", other, runs, bodies); n != max(keep-2, 0) {
			t.Errorf("%d lines: %d runs", keep, n)
		}
	}
}

// TestExportsBehindEachOtherAreAllRead is what `cat *.gz | burrow import -`
// does.
func TestExportsBehindEachOtherAreAllRead(t *testing.T) {
	var zipped, plain []byte
	for i := range 3 {
		s := openTest(t)
		for j := range i + 1 {
			enqueue(t, s, newRun(t, "demo", 10*i+j+1))
		}
		file, _, _ := exported(t, s)
		zipped, plain = append(zipped, file...), append(plain, unzipped(t, file)...)
	}
	for form, file := range map[string][]byte{"gzip": zipped, "plain": plain} {
		s := openTest(t)
		if done, err := s.Import(t.Context(), bytes.NewReader(file), nil); err != nil || done.Added != 6 {
			t.Errorf("%s: %+v, %v", form, done, err)
		}
		s = openTest(t)
		done, err := s.Import(t.Context(), bytes.NewReader(append(bytes.Clone(file), "more"...)), nil)
		if !errors.Is(err, ErrCutShort) || done.Added != 6 {
			t.Errorf("%s with something behind it: %+v, %v", form, done, err)
		}
	}
}

// TestARecordThatNoOutboxKeepsIsRefused: an export with right checksums can
// still carry what this outbox could not hold or send.
func TestARecordThatNoOutboxKeepsIsRefused(t *testing.T) {
	for name, change := range map[string]func(*exportLine){
		"no ID":          func(l *exportLine) { l.Run.ID = uuid.Nil },
		"no key":         func(l *exportLine) { l.Run.Key = uuid.Nil },
		"no host":        func(l *exportLine) { l.Run.Host = "" },
		"an odd host":    func(l *exportLine) { l.Run.Host = "\x1b[2Jevil\nhost" },
		"other results":  func(l *exportLine) { l.Run.Digest = "0000000000000000" },
		"other bytes":    func(l *exportLine) { l.Request += " " },
		"being sent":     func(l *exportLine) { l.Run.Status = Sending },
		"no report":      func(l *exportLine) { l.Run.Status = Sent },
		"unknown status": func(l *exportLine) { l.Run.Status = "odd" },
	} {
		file := crafted(t, change)
		s := openTest(t)
		done, err := s.Import(t.Context(), bytes.NewReader(file), nil)
		if err != nil || done.Added != 0 || len(done.Refused) != 1 {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	s := openTest(t)
	done, err := s.Import(t.Context(), bytes.NewReader(crafted(t, func(l *exportLine) {
		l.Run.Claim, l.Run.Attempts = &Claim{Owner: "x", Task: TaskSend}, 7
	})), nil)
	if err != nil || done.Added != 1 {
		t.Errorf("a claim of another machine's: %+v, %v", done, err)
	}
	if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// crafted is an export of one run that somebody changed, checksums and all.
func crafted(t *testing.T, change func(*exportLine)) []byte {
	t.Helper()
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "demo", 1))
	var line exportLine
	err := s.update(t.Context(), func(t *tx) (err error) {
		line, err = t.exportRun(run.Seq)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	change(&line)
	var file bytes.Buffer
	e := &exporter{sum: sha256.New()}
	e.to = io.MultiWriter(&file, e.sum)
	if err := errors.Join(e.line(exportHead{exportVersion, time.Now()}), e.proven(line), e.proven(exportLine{End: &exportEnd{1}})); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestAnExportPassesOverWhatCannotBeRead: records are damaged; the others are
// listed and exported, over pages too, and it is told.
func TestAnExportPassesOverWhatCannotBeRead(t *testing.T) {
	s := openTest(t)
	const runs = exportPage + 20
	for i := range runs {
		enqueue(t, s, newRun(t, "demo", i+1))
	}
	damage := func(seq uint64) {
		err := s.update(t.Context(), func(t *tx) error {
			t.changed = true
			record := bytes.Clone(t.Bucket(bucketRuns).Get(number(seq)))
			record[len(record)-1] ^= 0xff
			return t.Bucket(bucketRuns).Put(number(seq), record)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	damage(3)
	damage(exportPage + 5)
	if page, err := s.Page(t.Context(), Query{Limit: runs - 3}); !errors.Is(err, ErrDamaged) || len(page.Runs) != runs-3 {
		t.Errorf("%d runs are listed, %v", len(page.Runs), err)
	}
	var file bytes.Buffer
	n, damaged, err := s.Export(t.Context(), Query{}, &file)
	if err != nil || n != runs-2 || len(damaged) != 2 || !errors.Is(damaged[0], ErrDamaged) {
		t.Fatalf("%d runs, %v, %v", n, damaged, err)
	}
	other := openTest(t)
	if done, err := other.Import(t.Context(), &file, nil); err != nil || done.Added != runs-2 {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestOnlyAServersOwnDateIsItsClock: neither this machine's clock nor an
// export's word lets retention believe that time went by on the server.
func TestOnlyAServersOwnDateIsItsClock(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "demo", 1))
	later := time.Now().Add(1000 * 24 * time.Hour)
	for _, dated := range []bool{false, true} {
		err := s.update(t.Context(), func(t *tx) error {
			r, err := t.byID(run.ID)
			if err != nil {
				return err
			}
			r.Status, r.Report, r.AcknowledgedAt, r.dated = Sent, &ReportRef{UUID: uuid.New()}, later, dated
			if err := t.save(r); err != nil {
				return err
			}
			r.Status, r.Report, r.AcknowledgedAt = Pending, nil, time.Time{}
			return t.save(r)
		})
		if err != nil {
			t.Fatal(err)
		}
		var last time.Time
		if err := s.view(t.Context(), func(t *tx) error { last = t.lastDate(run.Host); return nil }); err != nil {
			t.Fatal(err)
		}
		if last.IsZero() == dated {
			t.Errorf("dated %v: the server's clock is taken for %v", dated, last)
		}
	}
}
