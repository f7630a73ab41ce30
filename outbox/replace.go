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
// between any two: built beside it, checked, synced, renamed, the folder synced.
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
// under another name where one is given. The side lock is held.
func (s *Store) replace(suffix, keepAs string, build func(fresh *bolt.DB) error) error {
	fresh := s.path + suffix
	_ = os.Remove(fresh)
	err := openFile(fresh, false, func(db *bolt.DB) error {
		db.NoSync = true // nobody reads it before it is synced below
		if err := build(db); err != nil {
			return err
		}
		return db.Sync()
	})
	if err != nil {
		_ = os.Remove(fresh)
		return err
	}
	s.reach("replace: built")
	if keepAs != "" {
		if err := keepFileAs(s.path, keepAs); err != nil {
			_ = os.Remove(fresh)
			return fmt.Errorf("keeping the old outbox: %w", err)
		}
		s.reach("replace: kept")
	}
	if err := os.Rename(fresh, s.path); err != nil {
		return fmt.Errorf("putting %s in the outbox's place: %w", fresh, err)
	}
	s.reach("replace: renamed")
	return syncFolder(filepath.Dir(s.path))
}

// sweep removes what an interrupted replacement left. The side lock is held.
func (s *Store) sweep() {
	for _, suffix := range []string{newSuffix, compactSuffix, migrateSuffix, rebuildSuffix} {
		_ = os.Remove(s.path + suffix)
	}
}

// keepFileAs gives a file another name too, or copies it where the file system
// has no hard links.
func keepFileAs(path, name string) error {
	_ = os.Remove(name)
	if os.Link(path, name) == nil {
		return syncFolder(filepath.Dir(name))
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		_ = os.Remove(name)
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// reach tells a test how far the work went: it may end the process there.
func (s *Store) reach(step string) {
	if s.reached != nil {
		s.reached(step)
	}
}
