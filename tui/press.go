package tui

import (
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// pressAll takes what one read from the terminal brought. Bubble Tea makes one
// message of keys that come together, as held or scripted keys do: each counts.
// A paste outside a text field is no command.
func (a *app) pressAll(m tea.KeyMsg) tea.Cmd {
	switch {
	case a.filter.typing || m.Type != tea.KeyRunes || len(m.Runes) == 1:
		return a.press(m)
	case m.Paste:
		return nil
	}
	var commands []tea.Cmd
	for i, r := range m.Runes {
		if a.filter.typing { // "/" was among them: the rest is text
			return tea.Batch(append(commands, a.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: m.Runes[i:]}))...)
		}
		commands = append(commands, a.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: m.Alt}))
	}
	return tea.Batch(commands...)
}

// press takes a key to where it belongs: a question first, then the filter
// that is being typed, then what holds everywhere, then the view in focus.
func (a *app) press(m tea.KeyMsg) tea.Cmd {
	a.notice = notice{}
	if key.Matches(m, a.keys.Abandon) {
		return tea.Quit
	}
	if a.asking != nil {
		run := a.asking
		a.asking = nil
		switch {
		case key.Matches(m, a.keys.Yes):
			return cancel(a.work, a.options.Store, run)
		case key.Matches(m, a.keys.No):
			return nil
		} // any other key means no, and what it always means
	}
	if a.filter.typing {
		return a.typeFilter(m)
	}
	if a.helping {
		if rows := a.rows(m, a.help.height, len(a.help.lines)); rows != 0 {
			a.help = a.help.move(rows)
			return nil
		}
		a.helping = false
		if key.Matches(m, a.keys.Help, a.keys.Back) {
			return nil
		} // any other key means what it always means
	}
	switch {
	case key.Matches(m, a.keys.Quit):
		return tea.Quit
	case key.Matches(m, a.keys.Help):
		a.helping, a.help = true, pager{}
	case key.Matches(m, a.keys.Refresh):
		a.pings++
		return tea.Batch(tea.ClearScreen, a.reload(goalSelected), askHost(a.work, a.options, a.pings))
	case key.Matches(m, a.keys.Retry):
		return a.retry()
	case key.Matches(m, a.keys.Cancel):
		a.askCancel()
	case a.focus == focusDetail:
		a.pressDetail(m)
	default:
		return a.pressList(m)
	}
	return nil
}

func (a *app) pressList(m tea.KeyMsg) tea.Cmd {
	switch {
	case key.Matches(m, a.keys.Open) && a.list.selected() != nil:
		a.focus = focusDetail
	case key.Matches(m, a.keys.Filter):
		a.filter = a.filter.begin()
	case key.Matches(m, a.keys.ClearFilter) && a.filter.set():
		a.filter = a.filter.cleared()
		return a.refilter(goalSelected)
	case key.Matches(m, a.keys.Top) && a.list.newer:
		return a.reload(goalNewest)
	case key.Matches(m, a.keys.Bottom) && a.list.older:
		return a.reload(goalOldest)
	default:
		a.list = a.list.move(a.rows(m, a.list.height, len(a.list.runs)))
	}
	return nil
}

func (a *app) pressDetail(m tea.KeyMsg) {
	if key.Matches(m, a.keys.Back) {
		a.focus = focusList
		return
	}
	a.detail.pager = a.detail.move(a.rows(m, a.detail.height, len(a.detail.lines)))
}

// rows is how far a moving key goes.
func (a *app) rows(m tea.KeyMsg, page, all int) int {
	page = max(page-1, 1) // one line stays in sight
	switch {
	case key.Matches(m, a.keys.Up):
		return -1
	case key.Matches(m, a.keys.Down):
		return 1
	case key.Matches(m, a.keys.PageUp):
		return -page
	case key.Matches(m, a.keys.PageDown):
		return page
	case key.Matches(m, a.keys.Top):
		return -all
	case key.Matches(m, a.keys.Bottom):
		return all
	}
	return 0
}

// typeFilter gives a key to the filter's line and filters as it changes.
func (a *app) typeFilter(m tea.KeyMsg) tea.Cmd {
	before := a.filter.text()
	switch {
	case key.Matches(m, a.keys.Apply):
		a.filter = a.filter.applied()
	case key.Matches(m, a.keys.Drop):
		a.filter = a.filter.cleared()
	default:
		a.filter = a.filter.typed(m, a.options.Query, a.now)
	}
	switch a.filter.text() {
	case before:
		return nil
	case "":
		return a.refilter(goalSelected)
	}
	return a.refilter(goalNewest)
}

func (a *app) refilter(to goal) tea.Cmd {
	a.reading.generation++
	a.reading.goal = to // what an older filter was to show is no goal any more
	return a.reload(to)
}

// retry asks for a run to be sent now. Whether it may be is the store's to
// say, but what can't be is not even tried.
func (a *app) retry() tea.Cmd {
	run := a.list.selected()
	switch {
	case run == nil:
		return nil
	case !retriable(run):
		a.notice = notice{"run " + tail(run.ID) + " can't be retried: it is " + string(run.Status), true}
		return nil
	}
	return retry(a.work, a.options.Store, run)
}

func (a *app) askCancel() {
	run := a.list.selected()
	switch {
	case run == nil:
	case !cancellable(run):
		a.notice = notice{"run " + tail(run.ID) + " can't be cancelled: it is " + string(run.Status), true}
	default:
		a.asking = run
	}
}

func retriable(r *outbox.Run) bool { return !r.Status.Acknowledged() && r.Status != outbox.Sending }

func cancellable(r *outbox.Run) bool { return r.Status == outbox.Pending }
