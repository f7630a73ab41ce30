package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"burrow/outbox"

	"github.com/google/uuid"
)

// What was accepted is not submitted again, whatever fails after it.
func TestAnErrorAfterAcceptanceSaysSo(t *testing.T) {
	store, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	a := &app{env: func(string) string { return "" }}
	runs := []*outbox.Run{{ID: uuid.New()}, {ID: uuid.New()}} // another process deleted them
	for n, want := range map[int]string{1: "was accepted already, don't submit it again", 2: "2 runs were accepted already"} {
		err := a.deliver(t.Context(), store, nil, delivery{runs: runs[:n], noSend: true})
		if !errors.Is(err, outbox.ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
}
