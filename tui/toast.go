package tui

import (
	"context"
	"errors"
	"time"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// toast is one line about what was done. It goes with the next key, or by
// itself.
type toast struct {
	words  string
	bad    bool
	number int // of this toast: an older one's end does not end it
}

// How long a toast stays: one that bears bad news is for a person to see.
const (
	toastStays    = 6 * time.Second
	badToastStays = 20 * time.Second
)

// toastEnded: a toast stood long enough.
type toastEnded struct{ number int }

// say shows a toast.
func (s *shell) say(words string, bad bool) tea.Cmd {
	s.toast = toast{plain(words), bad, s.toast.number + 1}
	stays := toastStays
	if bad {
		stays = badToastStays
	}
	return s.work.after(stays, toastEnded{s.toast.number})
}

func (s *shell) endToast(m toastEnded) {
	if m.number == s.toast.number {
		s.toast = toast{number: s.toast.number}
	}
}

// fail shows an error; that the UI ends is none.
func (s *shell) fail(err error) tea.Cmd {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return s.say(errorWords(err), true)
}

// errorWords are an error for a person, with the run that it is about.
func errorWords(err error) string {
	var notNow *outbox.NotNowError
	if errors.As(err, &notNow) {
		return "run " + tail(notNow.Run.ID) + ": " + notNow.Why
	}
	return err.Error()
}
