package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"
)

// leaveWanted: the UI is to be left.
type leaveWanted struct{}

// senderRests: the sender beside the UI has let go of its claims.
type senderRests struct{ then tea.Msg }

// leave quits or goes to the shell once the sender beside the UI has let go of
// its claims. That takes as long as what is being sent: meanwhile the screen
// stays and says so.
func (a *app) leave(then tea.Msg) tea.Cmd {
	if a.options.Suspend == nil {
		return func() tea.Msg { return then }
	}
	a.leaving, a.menu = then, nil
	return a.work.do(func(context.Context) tea.Msg {
		a.options.Suspend()
		return senderRests{then}
	})
}

// handedOver leaves at last.
func (a *app) handedOver(m senderRests) tea.Cmd {
	a.leaving = nil
	return func() tea.Msg { return m.then }
}

func (a *app) resumed() tea.Cmd {
	return a.work.do(func(context.Context) tea.Msg {
		if a.options.Resume != nil {
			a.options.Resume()
		}
		return nil
	})
}

// suspend goes to the shell, where there is a way back from it.
func (a *app) suspend() tea.Cmd {
	if !a.suspends {
		return a.say("this system has no way back from the shell: "+a.keys.Quit.Help().Key+" quits", true)
	}
	return a.leave(tea.SuspendMsg{})
}
