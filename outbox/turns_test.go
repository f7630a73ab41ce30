package outbox

import (
	"testing"

	"burrow/client"
)

// One worker lets a run go, and another claims it in the same commit: it stays
// in hand, and is not taken for a dead sender's.
func TestARunThatChangesHandsInACommitStaysInHand(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "main", 1))
	owner, err := s.register(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.unregister(t.Context(), owner)
	w := &workers{Sender: &Sender{Store: s, Deliverer: newFakeServer()}, owner: owner, turns: turns{inHand: map[uint64]bool{}}}
	w.claimant = claimant{owner: owner.name, fingerprint: w.fingerprint, holds: func(seq uint64) bool { return w.inHand[seq] }}

	first, _, err := w.advance(t.Context(), nil, nil, true)
	if err != nil || first == nil {
		t.Fatalf("nothing to send: %v", err)
	}
	again := func(t *tx) error { // due at once, as after a deletion that freed its key
		run, err := t.mine(owner.name, first)
		if err != nil {
			return err
		}
		run.Claim, run.Status = nil, Pending
		return t.save(run)
	}
	other, done := &turn{ctx: t.Context(), more: true}, &turn{ctx: t.Context(), done: first, record: again}
	w.commit(t.Context(), []*turn{other, done})
	if other.err != nil || other.next == nil || other.next.run.ID != run.ID {
		t.Fatalf("the other worker got %v: %v", other.next, other.err)
	}
	if _, _, err := w.advance(t.Context(), nil, nil, true); err != nil {
		t.Fatal(err)
	}
	wantOutcomes(t, s, run.ID)
	if got, err := s.Get(t.Context(), run.ID); err != nil || got.Status != Sending || got.Attempts != 2 {
		t.Errorf("the run is %s after %d attempts, the last of which is still under way", got.Status, got.Attempts)
	}
	record := func(t *tx) error {
		return w.recordSend(t, other.next, client.Verdict{Outcome: client.Refused, HTTPStatus: 400}, 0)
	}
	if _, _, err := w.advance(t.Context(), other.next, record, false); err != nil || w.inHand[run.Seq] {
		t.Errorf("still in hand: %v", err)
	}
	wantOutcomes(t, s, run.ID, client.Refused)
}
