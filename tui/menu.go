package tui

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// menu is a question in the footer with the keys that answer it. Esc leaves it,
// and so does any other key, which then means what it always means.
type menu struct {
	question string
	choices  []choice
}

type choice struct {
	key  key.Binding
	does string // in few words
	act  func() tea.Cmd
}

// ask puts a question that yes answers.
func (s *shell) ask(question string, yes func() tea.Cmd) {
	s.menu = &menu{question, []choice{
		{s.keys.Yes, "yes", yes},
		{s.keys.No, "no", func() tea.Cmd { return nil }},
	}}
}

// choose offers choices by a key each, and Esc.
func (s *shell) choose(question string, choices ...choice) {
	choices = append(choices, choice{s.keys.Leave, "leave it", func() tea.Cmd { return nil }})
	s.menu = &menu{question, choices}
}

func option(k, does string, act func() tea.Cmd) choice { return choice{bind(k, does, k), does, act} }

// pressMenu answers the question. A key that is no answer does nothing: what it
// does elsewhere is not what it was pressed for.
func (s *shell) pressMenu(m tea.KeyMsg) tea.Cmd {
	i := slices.IndexFunc(s.menu.choices, func(c choice) bool { return key.Matches(m, c.key) })
	if i < 0 {
		return nil
	}
	chosen := s.menu.choices[i]
	s.menu = nil
	return chosen.act()
}

// line draws the question with as many answers as fit, the way out always.
func (q *menu) line(t theme, width int) string {
	list, wide := q.answers()
	return t.warn.Render(cut(q.question, q.room(width))) + "  " + hints(t, list, min(wide, width-14))
}

// answers are the keys with what they do, and how wide they are.
func (q *menu) answers() (list []hint, wide int) {
	for _, c := range q.choices {
		h := hintOf(c.key, c.does)
		list = append(list, h)
		wide += ansi.StringWidth(h.key) + ansi.StringWidth(h.does) + 3
	}
	return list, wide
}

// room is how much of the question a line shows.
func (q *menu) room(width int) int {
	_, wide := q.answers()
	return max(width-wide-1, 12)
}
