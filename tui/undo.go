package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"
)

// undo takes back what was done last, where that can be taken back.
type undo struct {
	what string                      // "the cancellation of run …"
	do   func(context.Context) error // nil: it can't be taken back
}

const mostUndoes = 20

// undone: something was taken back, or not.
type undone struct {
	words string
	err   error
}

func (s *shell) remember(u undo) {
	if s.undoes = append(s.undoes, u); len(s.undoes) > mostUndoes {
		s.undoes = s.undoes[1:]
	}
}

func (s *shell) undoLast() tea.Cmd {
	if len(s.undoes) == 0 {
		return s.say("nothing to undo", true)
	}
	last := s.undoes[len(s.undoes)-1]
	s.undoes = s.undoes[:len(s.undoes)-1]
	if last.do == nil {
		words := last.what + " can't be taken back"
		if n := len(s.undoes); n > 0 {
			words += "; " + s.keys.Undo.Help().Key + " again takes back " + s.undoes[n-1].what
		}
		return s.say(words, true)
	}
	return s.work.do(func(ctx context.Context) tea.Msg {
		return undone{"undone: " + last.what, last.do(ctx)}
	})
}
