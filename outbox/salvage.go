package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// Salvaged is what a salvage saved.
type Salvaged struct {
	Runs int
	// Bare are runs whose results could not be read: acknowledged ones are
	// counted as pruned, the others wait as damaged.
	Bare  int
	Lost  int    // runs that are named somewhere, but whose records could not be read
	Kept  string // the old file
	Cause error  // what was wrong with it
}

// String is what a person is told.
func (v Salvaged) String() string {
	if errors.Is(v.Cause, errAsked) {
		return fmt.Sprintf("the outbox was built anew: %d runs; the old file is kept as %s", v.Runs, v.Kept)
	}
	bare := ""
	if v.Bare > 0 {
		bare = fmt.Sprintf(" (%d of them without their results)", v.Bare)
	}
	lost := ""
	if v.Lost > 0 {
		lost = fmt.Sprintf("; %d that it names could not be read", v.Lost)
	}
	cause := v.Cause
	var file *damagedFileError
	if errors.As(cause, &file) {
		cause = file.cause
	}
	return fmt.Sprintf("the outbox was damaged (%v): %d runs were saved%s into a new file%s, the damaged one is kept as %s", cause, v.Runs, bare, lost, v.Kept)
}

// Rebuild builds the outbox anew from what can be read of it, and every index
// from the records; the old file is kept beside it.
func (s *Store) Rebuild(ctx context.Context) (Salvaged, error) { return s.rebuilt(ctx, errAsked) }

// rebuilt is Rebuild for a cause that was met.
func (s *Store) rebuilt(ctx context.Context, cause error) (Salvaged, error) {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return Salvaged{}, err
	}
	defer release()
	return s.salvage(cause)
}

var errAsked = errors.New("to be rebuilt")

// salvage puts a new file in the outbox's place. The side lock is held.
func (s *Store) salvage(cause error) (Salvaged, error) {
	saved := Salvaged{Kept: s.path + ".damaged-" + s.Now().UTC().Format("20060102T150405Z"), Cause: cause}
	err := s.rebuildFromTree(&saved)
	if err != nil && !errors.Is(err, errInPlace) {
		if errors.Is(saved.Cause, errAsked) {
			saved.Cause = err
		}
		err = s.rebuildFromPages(&saved)
	}
	if err != nil {
		return Salvaged{}, err
	}
	s.pokes.all()
	return saved, nil
}

// rebuildFromTree reads the file as bbolt does. Anything that can't be read is
// an error.
func (s *Store) rebuildFromTree(saved *Salvaged) error {
	if err := soundTree(s.path); err != nil && !errors.Is(err, errFreePages) { // those are not copied
		return damagedFile(s.path, err)
	}
	kept, err := s.replace(rebuildSuffix, saved.Kept, func(fresh *bolt.DB) error {
		return s.read(func(old *bolt.DB) error {
			return old.View(func(b *bolt.Tx) error {
				if _, err := schemaOf(b); err != nil {
					return err
				}
				all := records(b, func(what string, err error) error { return fmt.Errorf("%s: %w", what, err) })
				read := all.runs
				all.runs = func(give func(*Run, []byte, []Attempt) error) error {
					return read(func(run *Run, body []byte, attempts []Attempt) error {
						if _, err := run.own(body); err != nil && !run.BodyPruned {
							return fmt.Errorf("run %s: %w", run.ID, err)
						}
						if !soundHistory(run, attempts) {
							return fmt.Errorf("%w: the history of run %s has holes", ErrDamaged, run.ID)
						}
						saved.Runs++
						return give(run, body, attempts)
					})
				}
				return s.build(fresh, all)
			})
		})
	})
	if kept != "" {
		saved.Kept = kept
	}
	return err
}

// rebuildFromPages takes every record from the file's pages, wherever they lie:
// a tree that can't be trusted is not followed. Of several states of a run the
// newest counts; an older one in its place would only be sent again, with its
// key.
func (s *Store) rebuildFromPages(saved *Salvaged) error {
	file, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("reading what is left of the outbox: %w", err)
	}
	defer file.Close()
	found := &scraps{
		file: file, runs: map[uint64]*Run{}, bodies: map[uint64][]place{}, attempts: map[uint64]map[int]Attempt{}, named: map[uuid.UUID]uint64{}, loose: map[string][]byte{},
	}
	if err := eachLeaf(file, found.take); err != nil {
		return fmt.Errorf("reading what is left of the outbox %s: %w", s.path, err)
	}
	if len(found.runs) == 0 {
		return fmt.Errorf("%w; no run can be read from it, so it was left as it is: move it away to begin a new outbox", damagedFile(s.path, saved.Cause))
	}
	saved.Runs = len(found.runs)
	kept, err := s.replace(rebuildSuffix, saved.Kept, func(fresh *bolt.DB) error { return s.build(fresh, found.stock(saved)) })
	if kept != "" {
		saved.Kept = kept
	}
	if err != nil {
		return fmt.Errorf("building the outbox anew: %w", err)
	}
	return nil
}

// scraps are the records that were found in a file's pages.
type scraps struct {
	file     *os.File
	runs     map[uint64]*Run
	bodies   map[uint64][]place // every body that was found for a run
	attempts map[uint64]map[int]Attempt
	named    map[uuid.UUID]uint64 // runs that an index names
	loose    map[string][]byte    // tombstones, known projects and holds: bucket and key
}

// place is where in the file a body lies: they would not all fit into memory.
type place struct {
	at     int64
	length int
}

// take tells a record by the form of its key and value.
func (f *scraps) take(k, v []byte, at int64) {
	switch {
	case len(k) == 8 && len(v) > packHead && v[0] == packVersion && v[1] <= packDeflated:
		if _, err := unpack(v); err == nil {
			f.bodies[decodeNumber(k)] = append(f.bodies[decodeNumber(k)], place{at, len(v)})
		}
	case len(k) == 8:
		run := &Run{}
		if err := decodeRun(decodeNumber(k), v, run); err != nil || run.ID == uuid.Nil || run.Seq != decodeNumber(k) {
			return
		}
		if there := f.runs[run.Seq]; there == nil || run.ChangedAt.After(there.ChangedAt) {
			f.runs[run.Seq] = run
		}
	case len(k) == 12:
		var a Attempt
		if decodeRecord(v, &a) != nil || a.Run == uuid.Nil {
			return
		}
		seq := decodeNumber(k[:8])
		if f.attempts[seq] == nil {
			f.attempts[seq] = map[int]Attempt{}
		}
		if there, known := f.attempts[seq][a.Number]; !known || a.EndedAt.After(there.EndedAt) {
			f.attempts[seq][a.Number] = a
		}
	case len(k) == 16 && len(v) == 8 && uuid.UUID(k).Version() == 7 && uuid.UUID(k).Variant() == uuid.RFC4122: // keys of other indexes are hashes
		f.named[uuid.UUID(k)] = decodeNumber(v)
	case len(k) == 16 && len(v) == 9 && v[0] == tombstoneVersion:
		f.loose[string(bucketGone)+"\x00"+string(k)] = v
	case len(k) == 16 && len(v) == 16:
		f.loose[string(bucketProjects)+"\x00"+string(k)] = v
	case strings.HasPrefix(string(k), "held\x00"):
		var p, there Pause
		name := string(bucketPauses) + "\x00" + string(k)
		if decodeRecord(v, &p) == nil && (f.loose[name] == nil || decodeRecord(f.loose[name], &there) == nil && p.SetAt.After(there.SetAt)) {
			f.loose[name] = v
		}
	}
}

// stock offers what was found, mended where a part is missing.
func (f *scraps) stock(saved *Salvaged) stock {
	order := slices.Sorted(maps.Keys(f.runs))
	for id, seq := range f.named {
		if f.runs[seq] == nil && f.loose[string(bucketGone)+"\x00"+string(id[:])] == nil {
			saved.Lost++
		}
	}
	return stock{
		last: order[len(order)-1],
		runs: func(give func(*Run, []byte, []Attempt) error) error {
			for _, seq := range order {
				run := f.runs[seq]
				if f.loose[string(bucketGone)+"\x00"+string(run.ID[:])] != nil {
					saved.Runs--
					continue // it was deleted: this page is free
				}
				body := f.body(run)
				if body == nil && !run.BodyPruned {
					saved.Bare++
					run.loseBody()
				}
				if err := give(run, body, f.history(run)); err != nil {
					return err
				}
			}
			return nil
		},
		rest: func(give func(bucket, k, v []byte) error) error {
			for name, v := range f.loose {
				bucket, k, _ := strings.Cut(name, "\x00")
				if err := give([]byte(bucket), []byte(k), v); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// body is the one of those found that is this run's.
func (f *scraps) body(run *Run) []byte {
	if run.BodyPruned {
		return nil
	}
	for _, found := range f.bodies[run.Seq] {
		packed := make([]byte, found.length)
		if _, err := f.file.ReadAt(packed, found.at); err != nil {
			continue
		}
		if _, err := run.own(packed); err == nil {
			return packed
		}
	}
	return nil
}

// loseBody notes that a run's bytes are lost: one that was delivered, or
// withdrawn, needs them no more, the others can't be sent.
func (r *Run) loseBody() {
	switch {
	case r.Status.Acknowledged(), r.Status == Cancelled:
		r.BodyPruned = true
	default:
		r.Status, r.Reason, r.Claim = Pending, ReasonDamaged, nil
		r.Message, r.NextAttemptAt = "its results could not be saved from the damaged outbox: run the benchmark again", time.Time{}
	}
}

// history is a run's attempts, numbered without holes.
func (f *scraps) history(run *Run) []Attempt {
	attempts := slices.SortedFunc(maps.Values(f.attempts[run.Seq]), func(a, b Attempt) int { return cmp.Compare(a.Number, b.Number) })
	attempts = slices.DeleteFunc(attempts, func(a Attempt) bool { return a.Run != run.ID || a.Number < 1 })
	next := 1
	for i := range attempts {
		attempts[i].Number = next
		next += max(attempts[i].Count, 1)
	}
	if made := next - 1 + run.inFlight(); made != run.Attempts {
		run.Attempts, run.MayBeThere = made, true
	}
	return attempts
}
