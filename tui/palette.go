package tui

import (
	"maps"
	"slices"
	"strings"

	"burrow/outbox"

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

// paletteEntries are the actions whose keys do something now, those that only
// move aside.
func (a *app) paletteEntries() []entry {
	var entries []entry
	scopes := a.view().scopes()
	if view, knows := a.view().(interface{ offers() []scope }); knows {
		scopes = view.offers()
	}
	if a.outbox.list.selected() != nil {
		scopes = append(scopes, a.ownScope()...)
	}
	skip := map[string]bool{a.keys.Palette.Help().Desc: true}
	for i, b := range []key.Binding{a.keys.View1, a.keys.View2, a.keys.View3, a.keys.View4} {
		skip[b.Help().Desc] = i == a.current
	}
	skip[a.keys.Undo.Help().Desc] = len(a.undoes) == 0
	skip[a.keys.New.Help().Desc] = a.options.Bench == nil
	skip[a.keys.Suspend.Help().Desc] = !a.suspends
	for _, s := range append(scopes, a.keys.everywhere()...) {
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
	return entries
}

// offers are the keys that do something now: with what is marked or selected,
// and where the focus is.
func (p *outboxPage) offers() []scope {
	k, run := p.keys, p.list.selected()
	var chosen []*outbox.Run
	if len(p.marks) > 0 {
		chosen = slices.Collect(maps.Values(p.marks))
	} else if run != nil {
		chosen = append(chosen, run)
	}
	rows, all := len(p.list.runs), p.outlook.total()
	some := func(can func(*outbox.Run) bool) bool { return slices.ContainsFunc(chosen, can) }
	needs, _ := needKinds(p.outlook)
	when := func(name string, keys ...condition) scope {
		s := scope{name: name}
		for _, one := range keys {
			if one.holds {
				s.bindings = append(s.bindings, one.binding)
			}
		}
		return s
	}
	scopes := []scope{when("On runs",
		condition{k.Retry, some(retriable)}, condition{k.Cancel, some(cancellable)},
		condition{k.Resubmit, p.options.Resubmit != nil && len(chosen) == 1 && some(resubmittable)},
		condition{k.Delete, some(deletable)}, condition{k.Copy, len(chosen) > 0},
		condition{k.Browser, run != nil && run.ReportURL() != ""}, condition{k.Pause, true},
		condition{k.Export, p.options.Export != nil && rows+len(chosen) > 0},
		condition{k.NextTab, run != nil}, condition{k.PreviousTab, run != nil},
	)}
	if p.focus == focusDetail {
		return append(scopes, when("In the details", condition{k.Back, true}, condition{k.Fold, p.detail.tab == tabRequest}))
	}
	return append(scopes, when("In the list",
		condition{k.Open, run != nil}, condition{k.Filter, all > 0}, condition{k.ClearFilter, p.filter.set() || len(p.marks) > 0},
		condition{k.Mark, run != nil}, condition{k.Range, run != nil && len(p.marks) > 0}, condition{k.MarkAll, rows > 0},
		condition{k.Everything, p.options.Repository != ""}, condition{k.Sort, rows > 1}, condition{k.Problem, needs > 0},
	))
}

// condition is whether a key does something now.
type condition struct {
	binding key.Binding
	holds   bool
}

// offers are the keys of where the focus is.
func (p *reportsPage) offers() []scope {
	if p.focus == focusDetail {
		return p.scopes()[1:]
	}
	return p.scopes()[:1]
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
		line := cursor + " " + t.accent.Render(right(t.key(e.binding.Help().Key), 9)) + "  " + name.Render(e.binding.Help().Desc)
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
