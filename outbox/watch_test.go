package outbox

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Every commit of another process is noticed within 250 ms, on files of another
// machine's page size too.
func TestEveryCommitOfAnotherProcessIsNoticedInTime(t *testing.T) {
	for _, size := range []int{4 << 10, 16 << 10} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "outbox.db")
			db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: size})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(makeSchema); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			other, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			changes := s.Watch(ctx)
			for i := range 6 {
				time.Sleep(time.Duration(i) * 77 * time.Millisecond)
				enqueue(t, other, newRun(t, "main", i+1))
				select {
				case <-changes:
				case <-time.After(250 * time.Millisecond):
					t.Errorf("pages of %d bytes: commit %d was not noticed", size, i+1)
				}
			}
			stop()
			synctest.Wait()
		})
	}
}
