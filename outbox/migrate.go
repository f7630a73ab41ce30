package outbox

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// migrate brings an outbox of an older schema to this one: it is built anew in
// batches beside the old file, which stays as a backup. The side lock is held.
func (s *Store) migrate(from uint32) error {
	if err := s.roomFor(2); err != nil {
		return fmt.Errorf("bringing the outbox to schema %d: %w", SchemaVersion, err)
	}
	backup, err := s.replace(migrateSuffix, fmt.Sprintf("%s.v%d.bak", s.path, from), func(fresh *bolt.DB) error {
		return s.read(func(old *bolt.DB) error {
			return old.View(func(b *bolt.Tx) error {
				return s.build(fresh, records(b, func(what string, err error) error {
					return damagedFile(s.path, fmt.Errorf("%s: %w", what, err))
				}))
			})
		})
	})
	if err != nil {
		return fmt.Errorf("bringing the outbox to schema %d: %w", SchemaVersion, err)
	}
	s.Notices = append(s.Notices, fmt.Sprintf("the outbox was brought from schema %d to %d; the old file is kept as %s", from, SchemaVersion, backup))
	return nil
}
