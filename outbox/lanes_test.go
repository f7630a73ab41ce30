package outbox

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestALaneWithALiveClaimIsBusy lets a younger run pass an older one that waits
// for a person: while it is in flight the older one, due again, must wait.
func TestALaneWithALiveClaimIsBusy(t *testing.T) {
	s := openTest(t)
	older, younger := enqueue(t, s, newRun(t, "main", 1)), enqueue(t, s, newRun(t, "main", 1))
	other := enqueue(t, s, newRun(t, "topic", 1))
	claims := claimant{owner: "this test", fingerprint: func(*Run) (string, bool) { return "", true }}
	change := func(id uuid.UUID, change func(*Run)) {
		t.Helper()
		err := s.update(context.Background(), func(tx *tx) error {
			run, err := tx.byID(id)
			if err != nil {
				return err
			}
			change(run)
			return tx.save(run)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wantClaimed := func(want ...uuid.UUID) {
		t.Helper()
		var got []*claimed
		err := s.update(context.Background(), func(tx *tx) (err error) {
			got, _, err = tx.claim(claims, maxConnections)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d runs were claimed, want %d", len(got), len(want))
		}
		for i, id := range want {
			if got[i].run.ID != id {
				t.Errorf("run %s was claimed, want %s", got[i].run.ID, id)
			}
		}
	}

	change(older.ID, func(r *Run) { r.Reason, r.NextAttemptAt = ReasonPlan, time.Time{} })
	wantClaimed(younger.ID, other.ID)
	change(older.ID, func(r *Run) { r.Reason, r.NextAttemptAt = ReasonNone, s.Now() })
	wantClaimed()
	change(younger.ID, func(r *Run) { r.Status, r.Claim = Cancelled, nil })
	wantClaimed(older.ID)
}
