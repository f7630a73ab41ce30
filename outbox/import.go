package outbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"burrow/client"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzip"
)

// ErrNotAnExport says that a file is no export, or one of a newer burrow.
var ErrNotAnExport = errors.New("not an export of burrow")

// ErrCutShort says that an export ends before its end, or was changed on its
// way.
var ErrCutShort = errors.New("the export is not whole")

// maxExportLine bounds a line: a body of the largest size, escaped, and a long
// history.
const maxExportLine = 64 << 20

// Imported is what became of an export's runs.
type Imported struct {
	Added        int // new here
	Acknowledged int // were here, and are acknowledged now, as the export says
	There        int // were here already
	Deleted      int // were deleted here, and stay so
	// Refused are those that could not be taken in, and why. The others are.
	Refused []error
}

// Total is how many runs were read.
func (i Imported) Total() int {
	return i.Added + i.Acknowledged + i.There + i.Deleted + len(i.Refused)
}

// Import takes the runs of an export in. A run that is here already, by ID or
// by shared key, is not added again, so importing twice, or the exports of
// several machines, sends nothing twice. Only runs that the export's checksums
// prove are taken in, and only as their bytes say. Each commit is told to
// progress, which may be nil. Where the export turns out not to be whole, the
// runs that are proven are taken in, and the error wraps ErrCutShort.
func (s *Store) Import(ctx context.Context, from io.Reader, progress func(Imported)) (done Imported, err error) {
	var batch []exportLine
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		part, err := s.importBatch(ctx, batch)
		if err != nil {
			return err
		}
		done.add(part)
		batch, size = batch[:0], 0
		if progress != nil {
			progress(done)
		}
		return nil
	}
	broken := readExport(from, func(line exportLine) error {
		batch, size = append(batch, line), size+len(line.Request)+len(line.Base64)
		if len(batch) < bulkRuns && size < bulkBytes {
			return nil
		}
		return flush()
	})
	if broken != nil && !errors.Is(broken, ErrCutShort) {
		return done, broken
	}
	if err := flush(); err != nil {
		return done, err
	}
	return done, broken
}

func (i *Imported) add(part Imported) {
	i.Added += part.Added
	i.Acknowledged += part.Acknowledged
	i.There += part.There
	i.Deleted += part.Deleted
	i.Refused = append(i.Refused, part.Refused...)
}

// readExport reads one export or several behind each other, compressed or not,
// and hands on the runs that are proven whole, as they come.
func readExport(from io.Reader, each func(exportLine) error) error {
	lines := bufio.NewReaderSize(from, 64<<10)
	if magic, _ := lines.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zip, err := gzip.NewReader(lines)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNotAnExport, err)
		}
		defer func() { _ = zip.Close() }() // it was read; the file is its opener's
		lines = bufio.NewReaderSize(zip, 64<<10)
	}
	for first := true; ; first = false {
		if _, err := lines.Peek(1); errors.Is(err, io.EOF) && !first {
			return nil
		}
		err := readOneExport(lines, each)
		if errors.Is(err, ErrNotAnExport) && !first {
			return fmt.Errorf("%w: what follows its end is no export", ErrCutShort)
		}
		if err != nil {
			return err
		}
	}
}

// readOneExport reads to an export's end. A run is handed on once the line
// after it has proven it.
func readOneExport(lines *bufio.Reader, each func(exportLine) error) error {
	sum, runs := sha256.New(), 0
	first, err := readLine(lines)
	var head exportHead
	if err != nil || json.Unmarshal(first, &head) != nil || head.Version == 0 {
		return fmt.Errorf("%w: its first line does not say so", ErrNotAnExport)
	}
	if head.Version > exportVersion {
		return fmt.Errorf("%w: its version is %d, this burrow reads %d: update burrow", ErrNotAnExport, head.Version, exportVersion)
	}
	sum.Write(first)
	cut := func(why error) error { return fmt.Errorf("%w: %d runs of it are proven (%w)", ErrCutShort, runs, why) }
	var unproven *exportLine
	for {
		text, err := readLine(lines)
		if err != nil {
			return cut(err)
		}
		var line exportLine
		if err := json.Unmarshal(text, &line); err != nil {
			return cut(err)
		}
		if line.Before != hex.EncodeToString(sum.Sum(nil)) {
			return cut(errChanged)
		}
		if unproven != nil {
			runs++
			if err := each(*unproven); err != nil {
				return err
			}
		}
		switch {
		case line.End != nil && line.End.Runs == runs:
			return nil
		case line.End != nil, line.Run == nil:
			return cut(errChanged)
		}
		sum.Write(text)
		unproven = &line
	}
}

var errChanged = errors.New("a checksum does not match: it was changed on its way")

// readLine reads a line with its end; one that is longer than any can be is an
// error.
func readLine(from *bufio.Reader) (line []byte, err error) {
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case len(line) > maxExportLine:
			return nil, fmt.Errorf("a line of more than %d MiB", maxExportLine>>20)
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// importBatch takes runs in, in one commit. One that failed with an I/O error
// is tried once more: only a later commit counts.
func (s *Store) importBatch(ctx context.Context, lines []exportLine) (done Imported, err error) {
	take := func() error {
		return s.update(ctx, func(t *tx) error {
			done = Imported{}
			for _, line := range lines {
				if err := t.importRun(line, &done); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err = take(); err != nil && ctx.Err() == nil && !isBusy(err) {
		err = take()
	}
	if err != nil {
		return done, fmt.Errorf("importing: %w", err)
	}
	return done, nil
}

func (t *tx) importRun(line exportLine, done *Imported) error {
	run := *line.Run
	refuse := func(why error) error {
		done.Refused = append(done.Refused, fmt.Errorf("run %s: %w", run.ID, why))
		return nil
	}
	body := []byte(line.Request)
	if len(line.Base64) > 0 {
		body = line.Base64
	}
	packed, err := t.verifyImport(&run, body)
	if err != nil {
		return refuse(err)
	}
	there, err := t.byID(run.ID)
	switch {
	case err == nil:
		return t.importKnown(there, &run, line.Attempts, done)
	case !errors.Is(err, ErrNotFound):
		return err
	case t.deleted(run.ID):
		done.Deleted++
		return nil
	}
	if run.Shared {
		there, err := t.byKey(run.Host, run.Summary)
		var conflict *KeyConflictError
		switch {
		case errors.As(err, &conflict):
			return refuse(err)
		case err != nil:
			return err
		case there != nil && there.Digest != run.Digest:
			return refuse(fmt.Errorf("run %s bears its key with other results", there.ID))
		case there != nil:
			return t.importKnown(there, &run, line.Attempts, done)
		}
	}
	if run.Seq, err = t.Bucket(bucketRuns).NextSequence(); err != nil {
		return err
	}
	attempts := line.Attempts
	if !soundHistory(&run, attempts) {
		attempts, run.Attempts = nil, 0
	}
	run.arrive(t.now)
	done.Added++
	return t.restore(&run, packed, attempts)
}

// verifyImport checks that a run is what its bytes say, and packs them.
func (t *tx) verifyImport(run *Run, body []byte) (packed []byte, err error) {
	if _, known := statusOf(statusCode(run.Status)); !known {
		return nil, fmt.Errorf("%w: unknown status %q", errUnfit, run.Status)
	}
	if run.ID == uuid.Nil || run.Key == uuid.Nil || run.Status.Acknowledged() && run.Report == nil || run.Status == Sending {
		return nil, fmt.Errorf("%w: its record is not whole", errUnfit)
	}
	if host, err := client.ParseHost(run.Host); run.Host != client.Local && (err != nil || host != run.Host) {
		return nil, fmt.Errorf("%w: no run can be sent to host %q", errUnfit, run.Host)
	}
	run.Claim = nil // an attempt in flight is its own machine's
	if run.BodyPruned && run.Status.Acknowledged() {
		return nil, nil
	}
	summary, err := client.Summarize(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnfit, err)
	}
	if summary.Key != run.Key || summary.Digest != run.Digest || len(body) != run.Bytes {
		return nil, fmt.Errorf("%w: its request is not the one that its record tells of", errUnfit)
	}
	run.Summary, run.Bytes, run.BodyPruned = summary, len(body), false
	return t.store.pack.pack(body)
}

// importKnown takes from an export that another machine delivered a run that is
// not acknowledged here, and how.
func (t *tx) importKnown(there, carried *Run, attempts []Attempt, done *Imported) error {
	if there.Digest != carried.Digest || there.Key != carried.Key {
		done.Refused = append(done.Refused, fmt.Errorf("run %s is here with other results: what is here stands", there.ID))
		return nil
	}
	if there.Status.Acknowledged() || there.Status == Sending || !carried.Status.Acknowledged() {
		done.There++
		return nil
	}
	done.Acknowledged++
	there.Status, there.Reason, there.Message = carried.Status, ReasonNone, ""
	there.Report, there.AcknowledgedAt = carried.Report, carried.AcknowledgedAt
	there.ReportLeft, there.Short, there.Search, there.NextAttemptAt = false, nil, nil, time.Time{}
	if soundHistory(carried, attempts) {
		if err := t.mergeHistory(there, attempts); err != nil {
			return err
		}
	}
	return t.save(there)
}

// mergeHistory puts the attempts of another machine among a run's own, by the
// time at which they began.
func (t *tx) mergeHistory(run *Run, others []Attempt) error {
	all, err := t.attempts(run.Seq)
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := errors.Join(t.drop(bucketAttempts, attemptKey(run.Seq, a.Number)), t.drop(bucketActivity, a.activityKey(run.Seq))); err != nil {
			return err
		}
	}
	for _, a := range others {
		same := func(b Attempt) bool { return a.StartedAt.Equal(b.StartedAt) && a.EndedAt.Equal(b.EndedAt) }
		if !slices.ContainsFunc(all, same) { // it was carried there from here
			a.Run = run.ID
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b Attempt) int { return a.StartedAt.Compare(b.StartedAt) })
	next := 1
	for _, a := range all {
		a.Number = next
		next += max(a.Count, 1)
		if err := t.putAttemptAs(run.Seq, a); err != nil {
			return err
		}
	}
	run.Attempts = next - 1
	return nil
}

// arrive makes an imported run ready for this outbox: what waits may go at
// once, and another machine may have sent it.
func (r *Run) arrive(now time.Time) {
	if !r.Status.Acknowledged() {
		r.MayBeThere = true
	}
	if r.Status == Pending {
		r.Failures, r.FirstFailureAt, r.NextAttemptAt = 0, time.Time{}, now
		switch {
		case r.Short != nil:
			r.Reason = ReasonStoring
		case !r.Reason.NeedsPerson():
			r.Reason, r.Message = ReasonNone, ""
		}
	} else {
		r.NextAttemptAt = time.Time{}
	}
	if r.Status != Pending {
		r.Short, r.Search = nil, nil
	}
	if year := r.EnqueuedAt.Year(); year < 2000 || year > 2200 { // what the record can hold
		r.EnqueuedAt = now
	}
	r.ChangedAt = now
}
