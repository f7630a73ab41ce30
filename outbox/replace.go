package outbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// A whole file takes the outbox's place in steps of which a power cut may come
// between any two: built beside it, synced, renamed, the folder synced. Whoever
// builds it checks what it must hold.
// Until the rename the old file stands as it was; what is left of one that was
// not finished is removed by the next opener.

// Files that are being built bear the outbox's name and one of these.
const (
	newSuffix     = ".new"
	compactSuffix = ".compact"
	migrateSuffix = ".migrate"
	rebuildSuffix = ".rebuild"
)

// replace builds a file and puts it in the outbox's place; the old one is kept
// under another name where one is given, which is returned with a number where
// another file bears it. The side lock is held.
func (s *Store) replace(suffix, keepAs string, build func(fresh *bolt.DB) error) (kept string, err error) {
	fresh := s.path + suffix
	_ = os.Remove(fresh)
	err = openFile(fresh, false, func(db *bolt.DB) error {
		db.NoSync = true // nobody reads it before it is synced below
		if err := build(db); err != nil {
			return err
		}
		return db.Sync()
	})
	if err != nil {
		_ = os.Remove(fresh)
		return "", err
	}
	s.reach("replace: built")
	if keepAs != "" {
		if kept, err = keepFileAs(s.path, keepAs); err != nil {
			_ = os.Remove(fresh)
			return "", fmt.Errorf("keeping the old outbox: %w", err)
		}
		s.reach("replace: kept")
	}
	if err := os.Rename(fresh, s.path); err != nil {
		return kept, fmt.Errorf("putting %s in the outbox's place: %w", fresh, err)
	}
	s.reach("replace: renamed")
	if err := syncFolder(filepath.Dir(s.path)); err != nil {
		return kept, fmt.Errorf("%w: %w", errInPlace, err)
	}
	return kept, nil
}

// errInPlace says that the new file stands in the outbox's place, and that a
// power cut could still bring the old one back: nothing is to be tried again
// with what stands there now.
var errInPlace = errors.New("the new file is in its place, but not surely on the disk")

// sweep removes what an interrupted replacement left. The side lock is held.
func (s *Store) sweep() {
	for _, suffix := range []string{newSuffix, compactSuffix, migrateSuffix, rebuildSuffix} {
		_ = os.Remove(s.path + suffix)
	}
}

// keepFileAs gives a file another name too, or copies it where the file system
// has no hard links. What is kept already is never overwritten: the name gets a
// number.
func keepFileAs(path, wanted string) (name string, err error) {
	name = wanted
	for n := 2; ; n++ {
		err := os.Link(path, name)
		if err == nil {
			return name, syncFolder(filepath.Dir(name))
		}
		if !errors.Is(err, os.ErrExist) {
			break
		}
		if sameFile(path, name) { // of a try that was interrupted
			return name, nil
		}
		name = fmt.Sprintf("%s-%d", wanted, n)
	}
	from, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	for n := 2; errors.Is(err, os.ErrExist); n++ {
		name = fmt.Sprintf("%s-%d", wanted, n)
		to, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		_ = os.Remove(name)
		return "", err
	}
	return name, syncFolder(filepath.Dir(name))
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// reach tells a test how far the work went: it may end the process there.
func (s *Store) reach(step string) {
	if s.reached != nil {
		s.reached(step)
	}
}
