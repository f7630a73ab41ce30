package tui

import (
	"maps"
	"slices"

	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// openPalette finds an action by its words and does it, as its key would.
func (a *app) openPalette() {
	var picks []pick
	for _, e := range a.paletteEntries() {
		press := keyMsg(e.binding.Keys()[0])
		picks = append(picks, pick{
			text: e.binding.Help().Desc, key: a.theme.key(e.binding.Help().Key), place: e.place,
			act: func() tea.Cmd { return a.press(press) },
		})
	}
	a.pick(": ", "do it", "No action has these words.", 0, picks)
}

type entry struct {
	binding key.Binding
	place   string
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
