package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// picker lies over a view and offers things by their words: what is typed
// narrows them, Enter takes one.
type picker struct {
	prompt string
	does   string // what Enter does
	none   string // what is said where nothing has the words
	input  textinput.Model
	all    []pick
	found  []pick
	index  int
}

// pick is one of the things that are offered.
type pick struct {
	text  string
	key   string // that does the same; "": none
	place string // where it belongs
	act   func() tea.Cmd
}

// pick opens a picker with the cursor on one of the picks.
func (s *shell) pick(prompt, does, none string, index int, picks []pick) {
	input := textinput.New()
	input.CharLimit = 60
	input.Focus() // its command would blink; the cursor drawn here does not
	s.picker = &picker{prompt: prompt, does: does, none: none, input: input, all: picks, found: picks, index: index}
}

// pickName offers the names of what a view can show, and tells which was taken.
// Of two the cursor stands on the other one.
func (s *shell) pickName(what string, names []string, index int, taken func(int) tea.Cmd) tea.Cmd {
	if len(names) < 2 {
		return s.say("there is no other "+what, true)
	}
	picks := make([]pick, len(names))
	for i, name := range names {
		picks[i] = pick{text: plain(name), act: func() tea.Cmd { return taken(i) }}
	}
	picks[index].place = "shown now"
	cursor := index
	if len(names) == 2 {
		cursor = 1 - index
	}
	s.pick(what+": ", "show it", "No "+what+" has these words.", cursor, picks)
	return nil
}

func (s *shell) pressPicker(m tea.KeyMsg) tea.Cmd {
	p, k := s.picker, s.keys
	switch {
	case key.Matches(m, k.Dismiss):
		s.picker = nil
	case key.Matches(m, k.Choose):
		s.picker = nil
		if p.index < len(p.found) {
			return p.found[p.index].act()
		}
	case key.Matches(m, k.Above):
		p.index = max(p.index-1, 0)
	case key.Matches(m, k.Below):
		p.index = min(p.index+1, max(len(p.found)-1, 0))
	default:
		before := p.input.Value()
		if p.input, _ = p.input.Update(m); p.input.Value() != before {
			p.find()
		}
	}
	return nil
}

// find keeps the picks that hold every typed word, those that begin with the
// text first.
func (p *picker) find() {
	words := strings.Fields(strings.ToLower(p.input.Value()))
	p.found, p.index = nil, 0
	for _, one := range p.all {
		text := strings.ToLower(one.text)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			p.found = append(p.found, one)
		}
	}
	text := strings.Join(words, " ")
	begins := func(one pick) int { return btoi(strings.HasPrefix(strings.ToLower(one.text), text)) }
	slices.SortStableFunc(p.found, func(a, b pick) int { return begins(b) - begins(a) })
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *picker) lines(t theme, width, height int) []string {
	lines := []string{" " + t.accent.Render(p.prompt) + plain(p.input.Value()) + t.accent.Render("▏"), ""}
	room := height - len(lines)
	offset := max(0, min(p.index-room/2, len(p.found)-room))
	keys := slices.ContainsFunc(p.all, func(one pick) bool { return one.key != "" })
	for i := offset; i < min(offset+room, len(p.found)); i++ {
		one := p.found[i]
		line, name := "  ", t.soft
		if i == p.index {
			line, name = t.accent.Render("▌")+" ", t.title
		}
		if keys {
			line += t.accent.Render(right(one.key, 9)) + "  "
		}
		line += name.Render(cut(one.text, width-4))
		if room := width - ansi.StringWidth(line) - 2; room > ansi.StringWidth(one.place) {
			line = between(line, t.dim.Render(one.place+" "), width)
		}
		lines = append(lines, line)
	}
	if len(p.found) == 0 {
		lines = append(lines, "   "+t.dim.Render(p.none))
	}
	return lines
}
