package tui

import (
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// shell is what every view draws and works with.
type shell struct {
	options Options
	work    *work
	theme   theme
	keys    keyMap

	now      time.Time // of the last message: drawing reads no clock
	delivery Delivery
	toast    toast
	menu     *menu   // a question or a choice in the footer; nil: none
	picker   *picker // nil: closed
	undoes   []undo
	forms    int      // that were opened: an older one's answer is not this one's
	commands []string // for a form: those that ran, the newest first, then others that may
	tight    bool     // the header has no room for a view's summary: its first line has it
}

// view is a page of the UI. It is given every message that is no key, the keys
// that nothing above it takes, and its room on the screen.
type view interface {
	name() string
	// take takes a message in that is no key.
	take(msg tea.Msg) tea.Cmd
	// press acts on a key.
	press(m tea.KeyMsg) tea.Cmd
	// typing tells whether every key is text now.
	typing() bool
	// entered is called when the view comes into sight.
	entered() tea.Cmd
	// arrange fits the view to its room and asks for what it lacks. The view
	// that is in sight is arranged after each message.
	arrange(width, height int) tea.Cmd
	// lines draws it: exactly so many lines, each exactly as wide. Measuring is
	// most of what a frame costs, so nobody measures them again.
	lines(width, height int) []string
	// summary is what the header says of it.
	summary() string
	// hints are the keys that apply now, the most useful first.
	hints() []hint
	// scopes list all of its keys, for the help and the palette.
	scopes() []scope
	// counting tells whether anything in it changes with the second.
	counting() bool
	// click is the mouse on a cell of its room.
	click(x, y int) tea.Cmd
	// wheel scrolls what is under the mouse.
	wheel(x, y, rows int) tea.Cmd
}

// rows is how far a moving key goes.
func (s *shell) rows(m tea.KeyMsg, page, all int) int {
	page = max(page-1, 1) // one line stays in sight
	switch {
	case key.Matches(m, s.keys.Up):
		return -1
	case key.Matches(m, s.keys.Down):
		return 1
	case key.Matches(m, s.keys.PageUp):
		return -page
	case key.Matches(m, s.keys.PageDown):
		return page
	case key.Matches(m, s.keys.Top):
		return -all
	case key.Matches(m, s.keys.Bottom):
		return all
	}
	return 0
}
