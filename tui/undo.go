package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"
)

// undo takes back what was done last, where that can be taken back.
type undo struct {
	what string // "the cancellation of run …"
	do   func(context.Context) error
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
	return s.work.do(func(ctx context.Context) tea.Msg {
		return undone{"undone: " + last.what, last.do(ctx)}
	})
}
