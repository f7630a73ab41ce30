package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"
)

// A sender that ended by itself can be woken again, and its trouble is told only
// as long as it lasts.
func TestASenderThatFailedIsWokenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	store, err := outbox.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".senders", nil, 0o600); err != nil { // it can't register
		t.Fatal(err)
	}
	hosts := client.NewHosts("x", client.NewCredentials(client.Local), nil)
	r := &resting{ctx: t.Context(), sender: &outbox.Sender{Store: store, Deliverer: hosts}}
	r.wake()
	if !until(10*time.Second, func() bool { return r.trouble() != nil }) {
		t.Fatal("it does not say that it can't register")
	}
	if err := os.Remove(path + ".senders"); err != nil {
		t.Fatal(err)
	}
	registered := func() bool {
		files, err := filepath.Glob(path + ".senders/*")
		return err == nil && len(files) == 1
	}
	for range 2 { // the second time, it was laid to rest
		r.wake()
		if !until(10*time.Second, registered) || r.trouble() != nil {
			t.Errorf("it does not deliver, or says so: %v", r.trouble())
		}
		if err := r.rest(); err != nil {
			t.Error(err)
		}
	}
}
