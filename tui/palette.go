package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// palette finds an action by its words and does it, as its key would.
type palette struct {
	input   textinput.Model
	entries []entry
	found   []entry
	index   int
}

type entry struct {
	binding key.Binding
	place   string
}

func newPalette(entries []entry) *palette {
	input := textinput.New()
	input.CharLimit = 60
	input.Focus() // its command would blink; the cursor drawn here does not
	return &palette{input: input, entries: entries, found: entries}
}

// paletteEntries are the actions that a key does now, those that only move
// aside.
func (a *app) paletteEntries() []entry {
	var entries []entry
	skip := map[string]bool{a.keys.Palette.Help().Desc: true, a.keys.ClearFilter.Help().Desc: true}
	for _, s := range append(a.view().scopes(), a.keys.everywhere()...) {
		if s.name == "Moving" {
			continue
		}
		for _, b := range s.bindings {
			if !skip[b.Help().Desc] {
				entries = append(entries, entry{b, s.name})
				skip[b.Help().Desc] = true
			}
		}
	}
	for _, c := range a.options.Commands {
		entries = append(entries, entry{c.binding(), "Your commands"})
	}
	return entries
}

func (a *app) pressPalette(m tea.KeyMsg) tea.Cmd {
	p, k := a.palette, a.keys
	switch {
	case key.Matches(m, k.Dismiss):
		a.palette = nil
	case key.Matches(m, k.Choose):
		a.palette = nil
		if p.index < len(p.found) {
			return a.press(keyMsg(p.found[p.index].binding.Keys()[0]))
		}
	case key.Matches(m, k.Above):
		p.index = max(p.index-1, 0)
	case key.Matches(m, k.Below):
		p.index = min(p.index+1, max(len(p.found)-1, 0))
	default:
		p.input, _ = p.input.Update(m)
		p.find()
	}
	return nil
}

// find keeps the entries that hold every typed word, those that begin with the
// text first.
func (p *palette) find() {
	words := strings.Fields(strings.ToLower(p.input.Value()))
	p.found, p.index = nil, 0
	for _, e := range p.entries {
		text := strings.ToLower(e.binding.Help().Desc)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			p.found = append(p.found, e)
		}
	}
	text := strings.Join(words, " ")
	slices.SortStableFunc(p.found, func(a, b entry) int {
		return btoi(strings.HasPrefix(strings.ToLower(b.binding.Help().Desc), text)) - btoi(strings.HasPrefix(strings.ToLower(a.binding.Help().Desc), text))
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *palette) lines(t theme, width, height int) []string {
	lines := []string{" " + t.accent.Render(": ") + plain(p.input.Value()) + t.accent.Render("▏"), ""}
	room := height - len(lines)
	offset := max(0, min(p.index-room/2, len(p.found)-room))
	for i := offset; i < min(offset+room, len(p.found)); i++ {
		e := p.found[i]
		cursor, name := " ", t.soft
		if i == p.index {
			cursor, name = t.accent.Render("▌"), t.title
		}
		line := cursor + " " + t.accent.Render(right(e.binding.Help().Key, 7)) + "  " + name.Render(e.binding.Help().Desc)
		if room := width - ansi.StringWidth(line) - 2; room > ansi.StringWidth(e.place) {
			line = between(line, t.dim.Render(e.place+" "), width)
		}
		lines = append(lines, line)
	}
	if len(p.found) == 0 {
		lines = append(lines, "   "+t.dim.Render("No action has these words."))
	}
	return lines
}
