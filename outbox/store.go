package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// SchemaVersion is the layout of the file that this program reads and writes.
const SchemaVersion = 2

// Files beside the outbox bear its name and one of these.
const (
	lockSuffix     = ".lock"
	sendersSuffix  = ".senders"
	recoverySuffix = ".recovery"
)

// Errors that callers decide on.
var (
	ErrNotFound    = errors.New("no such run")
	ErrNotAnOutbox = errors.New("not a burrow outbox")
	ErrNewerSchema = errors.New("written by a newer burrow")
	ErrDamagedFile = errors.New("the outbox's file is damaged")
)

// Store is one outbox file. Nobody keeps the file open: every operation opens
// it under the side lock, does its work in one transaction and closes it, so
// any number of processes can share it. A Store is safe for concurrent use and
// needs no closing.
type Store struct {
	path   string
	lock   *sideLock
	pokes  pokes
	pack   packer
	slack  slack
	broken broken

	// The clock and the draw of random numbers from [0, 1): tests replace
	// them.
	Now  func() time.Time
	Draw func() float64

	// Notices are sentences for the person about what Open found.
	Notices []string

	reached func(step string) // of tests: see reach
}

// Open returns the outbox at that path, made if it is not there. A file that
// is something else, or was written by a newer burrow, is refused untouched.
// Runs that were kept in the recovery folder are taken in.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := realPath(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, lock: newSideLock(path + lockSuffix), Now: time.Now, Draw: rand.Float64}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// begin makes the file ready, and takes in what was kept.
func (s *Store) begin(ctx context.Context) error {
	if err := s.inspect(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("making the outbox's folder: %w", err)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.recoverOrMend(ctx)
}

// recoverOrMend takes in what was kept. Damage that this meets is mended first,
// and where it can't be, it must not stand in the way of the commands that
// repair: what was kept stays kept.
func (s *Store) recoverOrMend(ctx context.Context) error {
	damaged := func(err error) bool { return errors.Is(err, ErrDamagedFile) || errors.Is(err, ErrDamaged) }
	err := s.recover(ctx)
	if !damaged(err) {
		return err
	}
	if saved, broken := s.rebuilt(ctx, err); broken == nil {
		s.Notices = append(s.Notices, saved.String())
		if err = s.recover(ctx); !damaged(err) {
			return err
		}
	}
	s.Notices = append(s.Notices, err.Error())
	return nil
}

// Path is the outbox's file.
func (s *Store) Path() string { return s.path }

// inspect looks at an existing file without opening it as a database, so that
// a stranger's file is left as it is.
func (s *Store) inspect() error {
	info, err := os.Stat(s.path) // opening a pipe would wait for its other end
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("outbox %s: %w", s.path, err)
	case info.IsDir():
		return fmt.Errorf("outbox %s is a folder: name a file", s.path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("outbox %s is a device or a pipe: name a file", s.path)
	}
	file, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("outbox %s: %w", s.path, err)
	}
	defer file.Close()
	if info.Size() == 0 || hasBoltMeta(file) || hasBoltPages(file) {
		return nil
	}
	return fmt.Errorf("%s: %w; it was left as it is: name another file with --outbox", s.path, ErrNotAnOutbox)
}

// prepare makes the file where there is none (beside its place, synced, then
// renamed: a power cut leaves all or nothing) and checks the schema of one
// that is there.
func (s *Store) prepare(ctx context.Context) error {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	info, err := os.Stat(s.path)
	if err == nil && info.Size() > 0 {
		return s.prepareThere()
	}
	if _, err := s.replace(newSuffix, "", func(fresh *bolt.DB) error { return fresh.Update(makeSchema) }); err != nil {
		return fmt.Errorf("making the outbox %s: %w", s.path, err)
	}
	return nil
}

// prepareThere checks the schema of the file that is there, and migrates an
// older one. The side lock is held.
func (s *Store) prepareThere() error {
	s.sweep()
	version := uint32(0)
	err := soundSkeleton(s.path)
	if err != nil {
		err = damagedFile(s.path, err)
	} else {
		err = s.schema(&version)
	}
	if errors.Is(err, ErrDamagedFile) {
		saved, err := s.salvage(err)
		if err == nil {
			s.Notices = append(s.Notices, saved.String())
		}
		return err
	}
	if err != nil || version == SchemaVersion {
		return err
	}
	return s.migrate(version)
}

// schema reads the file's schema.
func (s *Store) schema(version *uint32) error {
	return s.read(func(db *bolt.DB) error {
		return db.View(func(b *bolt.Tx) (err error) {
			*version, err = schemaOf(b)
			return err
		})
	})
}

// update runs one read-write transaction: when it returns nil, the change is
// on the disk.
func (s *Store) update(ctx context.Context, work func(*tx) error) error {
	err := s.burst(ctx, false, func(db *bolt.DB, g *guard) error {
		defer s.slack.note(db)
		return db.Update(func(b *bolt.Tx) error {
			t := &tx{Tx: b, store: s, guard: g, now: s.Now()}
			if err := work(t); err != nil {
				return err
			}
			if !t.changed {
				return errUnchanged // rolled back: a commit would wake every other process for nothing
			}
			err := t.settle()
			s.reach("commit: before")
			return err
		})
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	s.reach("commit: after")
	s.pokes.all()
	return err
}

var errUnchanged = errors.New("nothing changed")

// view runs one read-only transaction.
func (s *Store) view(ctx context.Context, work func(*tx) error) error {
	return s.burst(ctx, true, func(db *bolt.DB, _ *guard) error {
		return db.View(func(b *bolt.Tx) error { return work(&tx{Tx: b, store: s, now: s.Now()}) })
	})
}

func (s *Store) burst(ctx context.Context, readOnly bool, work func(*bolt.DB, *guard) error) error {
	release, err := s.lock.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.broken.still(readOnly, s.stamp); err != nil {
		return err
	}
	err = s.openGuarded(readOnly, work)
	s.broken.note(readOnly, err, s.stamp)
	return err
}

// read works on the outbox's file without changing it. The file must be there:
// bbolt would make an empty one.
func (s *Store) read(work func(*bolt.DB) error) error {
	return s.openGuarded(true, func(db *bolt.DB, _ *guard) error { return work(db) })
}

func (s *Store) openGuarded(readOnly bool, work func(*bolt.DB, *guard) error) error {
	err := openFileWith(s.path, &bolt.Options{ReadOnly: readOnly, OpenFile: openThere}, work)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the outbox went away: %w", err)
	}
	return err
}

// openThere opens a file and never makes one, not in an empty file either. A
// pipe in its place would be waited for.
func openThere(path string, flag int, mode os.FileMode) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file any more")
	case info.Size() == 0:
		return nil, damagedFile(path, errors.New("it is empty"))
	}
	return os.OpenFile(path, flag&^os.O_CREATE, mode)
}
