package tui

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// keyMap declares every key once: what acts on it, the footer, the palette and
// the help page all draw from here. The configuration file binds others, by the
// fields' names with hyphens ("page-up").
type keyMap struct {
	Up, Down, PageUp, PageDown, Top, Bottom key.Binding

	View1, View2, View3, View4, NextView, PreviousView                         key.Binding
	Palette, Undo, New, Mouse, Refresh, Suspend, Help, Quit                    key.Binding
	Abandon                                                                    key.Binding
	Open, Filter, ClearFilter, Mark, Range, MarkAll, Everything, Sort, Problem key.Binding
	Retry, Cancel, Resubmit, Delete, Copy, Browser, Pause, Export              key.Binding
	Back, NextTab, PreviousTab, Fold                                           key.Binding
	NextProject, NextBranch, NextTestbed, NextMeasure                          key.Binding
	FindBenchmark, SortChange                                                  key.Binding

	Yes, No, Leave                key.Binding
	Apply, Drop                   key.Binding
	Choose, Dismiss, Above, Below key.Binding
}

func bind(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}

func newKeyMap() keyMap {
	return keyMap{
		Up:       bind("↑/k", "up", "up", "k"),
		Down:     bind("↓/j", "down", "down", "j"),
		PageUp:   bind("PgUp", "a page up", "pgup", "ctrl+b", "ctrl+u"),
		PageDown: bind("PgDn", "a page down", "pgdown", "ctrl+f", "ctrl+d"),
		Top:      bind("g", "to the top", "g", "home"),
		Bottom:   bind("G", "to the bottom", "G", "end"),

		View1:        bind("1", "the outbox", "1"),
		View2:        bind("2", "reports on the server", "2"),
		View3:        bind("3", "a metric over versions", "3"),
		View4:        bind("4", "attempts as they happen", "4"),
		NextView:     bind("Tab", "the next view", "tab"),
		PreviousView: bind("Shift-Tab", "the view before", "shift+tab"),

		Palette: bind(":", "find an action", ":", "ctrl+p"),
		Undo:    bind("u", "undo", "u"),
		New:     bind("n", "new run", "n"),
		Mouse:   bind("M", "the mouse, on or off", "M"),
		Refresh: bind("R", "read all again", "R", "ctrl+l"),
		Suspend: bind("Ctrl-Z", "to the shell; fg comes back", "ctrl+z"),
		Help:    bind("?", "help", "?"),
		Quit:    bind("q", "quit", "q"),
		Abandon: bind("Ctrl-C", "quit from anywhere", "ctrl+c"),

		Open:        bind("Enter", "details", "enter", "right", "l"),
		Filter:      bind("/", "filter", "/"),
		ClearFilter: bind("Esc", "clear filter or marks", "esc"),
		Mark:        bind("Space", "mark", " "),
		Range:       bind("v", "mark up to the nearest mark", "v"),
		MarkAll:     bind("Ctrl-A", "mark all that are listed", "ctrl+a"),
		Everything:  bind("A", "all runs, or this repository's", "A"),
		Sort:        bind("s", "newest or oldest first", "s"),
		Problem:     bind("!", "the next run that needs you", "!"),

		Retry:    bind("r", "retry (same bytes, same key)", "r"),
		Cancel:   bind("x", "cancel (don't send it)", "x"),
		Resubmit: bind("e", "resubmit with changes", "e"),
		Delete:   bind("D", "delete from the outbox", "D"),
		Copy:     bind("y", "copy key, ID, address, JSON", "y"),
		Browser:  bind("o", "open the report in a browser", "o"),
		Pause:    bind("p", "pause or resume delivery", "p"),
		Export:   bind("X", "export what is marked, or all", "X"),

		Back:        bind("Esc", "back to the list", "esc", "enter", "left", "h"),
		NextTab:     bind("]", "the next tab", "]"),
		PreviousTab: bind("[", "the tab before", "["),
		Fold:        bind("z", "fold or show all", "z"),

		NextProject: bind("P", "another project", "P"),
		NextBranch:  bind("b", "another branch", "b"),
		NextTestbed: bind("t", "another testbed", "t"),
		NextMeasure: bind("m", "another measure", "m"),

		FindBenchmark: bind("/", "find a benchmark", "/"),
		SortChange:    bind("s", "most changed, or by name", "s"),

		Yes:   bind("y", "yes", "y", "Y"),
		No:    bind("n", "no", "n", "N", "esc"),
		Leave: bind("Esc", "leave it", "esc"),

		Apply: bind("Enter", "keep the filter", "enter", "down"),
		Drop:  bind("Esc", "clear it", "esc"),

		Choose:  bind("Enter", "do it", "enter"),
		Dismiss: bind("Esc", "close", "esc"),
		Above:   bind("↑", "up", "up", "ctrl+k"),
		Below:   bind("↓", "down", "down", "ctrl+j"),
	}
}

// scope is a place where keys mean something, with the keys that do there.
type scope struct {
	name     string
	bindings []key.Binding
}

// everywhere lists the keys that hold in every view.
func (k keyMap) everywhere() []scope {
	return []scope{
		{"Views", []key.Binding{k.View1, k.View2, k.View3, k.View4, k.NextView, k.PreviousView}},
		{"Everywhere", []key.Binding{k.New, k.Palette, k.Undo, k.Refresh, k.Mouse, k.Suspend, k.Help, k.Quit, k.Abandon}},
		{"Moving", []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom}},
	}
}

// asides lists the keys of questions and fields.
func (k keyMap) asides() []scope {
	return []scope{
		{"Answering", []key.Binding{k.Yes, k.No, k.Leave}},
		{"While filtering", []key.Binding{k.Apply, k.Drop}},
		{"In the palette and choices", []key.Binding{k.Choose, k.Dismiss, k.Above, k.Below}},
	}
}

func (a *app) allScopes() []scope {
	scopes := append(a.view().scopes(), a.ownScope()...)
	return append(append(scopes, a.keys.everywhere()...), a.keys.asides()...)
}

// ownScope lists a person's own commands, where they do something.
func (a *app) ownScope() []scope {
	if len(a.options.Commands) == 0 || a.view() != a.outbox {
		return nil
	}
	own := scope{name: "Your commands"}
	for _, c := range a.options.Commands {
		own.bindings = append(own.bindings, c.binding())
	}
	return []scope{own}
}

// bindingName is how the configuration names a field: PageUp is page-up.
func bindingName(field string) string {
	var out strings.Builder
	for i, r := range field {
		if i > 0 && (r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			out.WriteByte('-')
		}
		out.WriteRune(r)
	}
	return strings.ToLower(out.String())
}

// with is the keymap with other keys for some actions.
func (k keyMap) with(others map[string][]string) keyMap {
	v := reflect.ValueOf(&k).Elem()
	for i := range v.NumField() {
		keys := others[bindingName(v.Type().Field(i).Name)]
		if len(keys) == 0 {
			continue
		}
		b := v.Field(i).Addr().Interface().(*key.Binding)
		b.SetKeys(keys...)
		b.SetHelp(shownKey(keys[0]), b.Help().Desc)
	}
	return k
}

// shownKey writes a key as burrow writes all: ctrl+g is Ctrl-G, f5 is F5.
func shownKey(k string) string {
	name, of := "", k
	for _, modifier := range []string{"ctrl", "alt", "shift"} {
		if rest, found := strings.CutPrefix(of, modifier+"+"); found && rest != "" {
			name, of = name+strings.ToUpper(modifier[:1])+modifier[1:]+"-", rest
		}
	}
	special := map[string]string{
		" ": "Space", "enter": "Enter", "esc": "Esc", "tab": "Tab", "backspace": "Backspace", "delete": "Del", "insert": "Ins",
		"home": "Home", "end": "End", "pgup": "PgUp", "pgdown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→",
	}
	switch {
	case special[of] != "":
		of = special[of]
	case len(of) > 1 && of[0] == 'f' && of[1] >= '0' && of[1] <= '9', len(of) == 1 && strings.Contains(name, "Ctrl-"):
		of = strings.ToUpper(of)
	}
	return name + of
}

// key writes a key's name for the terminal: arrows have no twins in ASCII.
func (t theme) key(name string) string {
	if t.unicode {
		return name
	}
	return strings.NewReplacer("↑", "Up", "↓", "Down", "←", "Left", "→", "Right").Replace(name)
}

// Action is what a key does, by the name that the configuration has for it.
type Action struct {
	Name string
	Keys []string
	Does string
}

// Actions lists all actions, with other keys for some.
func Actions(others map[string][]string) []Action {
	v := reflect.ValueOf(newKeyMap().with(others))
	list := make([]Action, v.NumField())
	for i := range list {
		b := v.Field(i).Interface().(key.Binding)
		list[i] = Action{bindingName(v.Type().Field(i).Name), b.Keys(), b.Help().Desc}
	}
	return list
}

// CheckKeys tells what is wrong with a configuration's keys: an action that is
// not there, or a key that means two things in one place.
func CheckKeys(others map[string][]string) error {
	var known []string
	for _, one := range Actions(nil) {
		known = append(known, one.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("no action is called %q: there are %s", name, strings.Join(known, ", "))
		}
		if len(others[name]) == 0 {
			return fmt.Errorf("%s has no key", name)
		}
	}
	k := newKeyMap().with(others)
	for _, together := range k.together() {
		taken := map[string]string{}
		for _, s := range together {
			for _, b := range s.bindings {
				for _, one := range b.Keys() {
					if other, clash := taken[one]; clash {
						return fmt.Errorf("the key %q is both %q and %q", one, other, b.Help().Desc)
					}
					taken[one] = b.Help().Desc
				}
			}
		}
	}
	return nil
}

// together lists the scopes that hold at the same time.
func (k keyMap) together() [][]scope {
	all := func(own []scope) []scope { return append(k.everywhere(), own...) }
	sets := [][]scope{
		all(k.outboxScopes()[:2]), all([]scope{k.outboxScopes()[0], k.outboxScopes()[2]}),
		all(k.reportsScopes()[:1]), all(k.reportsScopes()[1:]), all(k.perfScopes()), all(k.activityScopes()),
	}
	for _, s := range k.asides() {
		if s.name != "Answering" { // its keys belong to different questions
			sets = append(sets, []scope{s})
		}
	}
	return sets
}

func (k keyMap) outboxScopes() []scope {
	return []scope{
		{"On runs", []key.Binding{k.Retry, k.Cancel, k.Resubmit, k.Delete, k.Copy, k.Browser, k.Pause, k.Export, k.NextTab, k.PreviousTab}},
		{"In the list", []key.Binding{k.Open, k.Filter, k.ClearFilter, k.Mark, k.Range, k.MarkAll, k.Everything, k.Sort, k.Problem}},
		{"In the details", []key.Binding{k.Back, k.Fold}},
	}
}

func (k keyMap) reportsScopes() []scope {
	return []scope{
		{"In the list of reports", []key.Binding{k.Open, k.NextProject, k.NextBranch, k.Browser}},
		{"In a report", []key.Binding{k.Back, k.Browser}},
	}
}

func (k keyMap) perfScopes() []scope {
	return []scope{{"On metrics", []key.Binding{k.NextProject, k.NextBranch, k.NextTestbed, k.NextMeasure, k.FindBenchmark, k.SortChange, k.Browser}}}
}

func (k keyMap) activityScopes() []scope {
	return []scope{{"On attempts", []key.Binding{k.Open}}}
}

// keyMsg makes the message of a key's name, as the terminal would bring it.
func keyMsg(name string) tea.KeyMsg {
	for t := tea.KeyType(-128); t < 128; t++ {
		if m := (tea.KeyMsg{Type: t}); t != tea.KeyRunes && m.String() == name {
			return m
		}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// bound tells whether a key means something in one of the scopes.
func bound(m tea.KeyMsg, scopes []scope) bool {
	return slices.ContainsFunc(scopes, func(s scope) bool { return key.Matches(m, s.bindings...) })
}

// hint is a key in the footer: few words.
type hint struct{ key, does string }

func hintOf(b key.Binding, does string) hint { return hint{b.Help().Key, does} }
