package tui

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
)

func TestEveryKeyHasHelpAndIsListed(t *testing.T) {
	keys := newKeyMap()
	listed := map[string]bool{}
	for _, scopes := range keys.together() {
		for _, s := range scopes {
			for _, b := range s.bindings {
				listed[b.Help().Key+b.Help().Desc] = true
			}
		}
	}
	for _, s := range keys.asides() {
		for _, b := range s.bindings {
			listed[b.Help().Key+b.Help().Desc] = true
		}
	}
	v := reflect.ValueOf(keys)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		b := v.Field(i).Interface().(key.Binding)
		if b.Help().Key == "" || b.Help().Desc == "" || len(b.Keys()) == 0 {
			t.Errorf("%s has no help or no key", name)
		}
		if !listed[b.Help().Key+b.Help().Desc] {
			t.Errorf("%s is in no scope: the help page leaves it out", name)
		}
	}
}

func TestNoTwoKeysClashInAScope(t *testing.T) {
	if err := CheckKeys(nil); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		keys map[string][]string
		want string
	}{
		{map[string][]string{"page-down": {"ctrl+d", " "}}, `the key " " is both`},
		{map[string][]string{"retry": {"f5"}}, ""},
		{map[string][]string{"nosuch": {"f5"}}, `"nosuch"`},
		{map[string][]string{"retry": {}}, "no key"},
		{map[string][]string{"view1": {"x"}}, "no action"},
		{map[string][]string{"view-1": {"f1"}, "next-view": {"ctrl+n"}}, ""},
	} {
		err := CheckKeys(test.keys)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.keys, err, test.want)
		}
	}
	if k := newKeyMap().with(map[string][]string{"retry": {"f5"}}); k.Retry.Help().Key != "F5" || k.Retry.Keys()[0] != "f5" {
		t.Errorf("retry is on %v", k.Retry.Keys())
	}
}

func TestAKeysNameIsItsMessage(t *testing.T) {
	for _, name := range []string{"r", "enter", "esc", "tab", "shift+tab", "ctrl+p", " ", "up", "f5", "pgdown", "?"} {
		if got := keyMsg(name).String(); got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestKeysAreWrittenInOneStyle(t *testing.T) {
	for name, want := range map[string]string{
		"ctrl+g": "Ctrl-G", "f5": "F5", "pgup": "PgUp", " ": "Space", "shift+tab": "Shift-Tab", "alt+x": "Alt-x", "r": "r", "R": "R",
		"ctrl+up": "Ctrl-↑", "f": "f", "+": "+", "ctrl++": "Ctrl-+", "enter": "Enter",
	} {
		if got := shownKey(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	plain := testTheme(termenv.Ascii, true)
	plain.unicode = false
	a := still(t, plain, 200, 60, oneOfEach())
	frame := press(a, "?").View()
	for _, want := range []string{"Shift-Tab  the view before", "Up/k  up", "Down/j  down"} {
		if !strings.Contains(frame, want) {
			t.Errorf("in ASCII %q is not shown:\n%s", want, frame)
		}
	}
}

// TestTheHelpIsWhole: at every size no entry is cut, a person's own commands are
// among them, and its keys close it.
func TestTheHelpIsWhole(t *testing.T) {
	for width := leastWidth; width <= 200; width++ {
		a := still(t, testTheme(termenv.Ascii, true), width, 60, oneOfEach())
		a.options.Commands = []Command{{Key: "ctrl+g", Name: "show the commit", Run: "git show {hash}"}}
		press(a, "?")
		text := strings.Join(a.help.lines, "\n")
		for _, s := range a.allScopes() {
			for _, b := range s.bindings {
				if !strings.Contains(text, b.Help().Key+"  "+b.Help().Desc+" ") && !strings.Contains(text+"\n", b.Help().Key+"  "+b.Help().Desc+"\n") {
					t.Errorf("%d columns: %q is cut or missing:\n%s", width, b.Help().Desc, text)
				}
			}
		}
		if !strings.Contains(text, "Ctrl-G  show the commit") || strings.Contains(text, "…") {
			t.Fatalf("%d columns:\n%s", width, text)
		}
	}
	for _, k := range []tea.KeyMsg{keyMsg("q"), keyMsg("?"), {Type: tea.KeyEsc}} {
		a := press(still(t, testTheme(termenv.Ascii, true), 120, 40, oneOfEach()), "?")
		_, cmd := a.Update(k)
		if _, quits := brings[tea.QuitMsg](cmd); quits || a.helping {
			t.Errorf("%s: quits %v, the help is open: %v", k, quits, a.helping)
		}
	}
	if a := press(still(t, testTheme(termenv.Ascii, true), 120, 40, oneOfEach()), "?"); a.help.scrolls() {
		t.Errorf("at 120 columns and 40 lines %d lines don't fit", len(a.help.lines))
	}
}

// TestThePaletteOffersWhatDoesSomething, where the focus is and with the runs
// that are there.
func TestThePaletteOffersWhatDoesSomething(t *testing.T) {
	th := testTheme(termenv.Ascii, true)
	offers := func(a *app, what string) bool {
		press(a, ":")
		defer press(a, "esc")
		return slices.ContainsFunc(a.picker.all, func(one pick) bool { return one.text == what })
	}
	k := newKeyMap()
	none, list := still(t, th, 120, 40, nil), still(t, th, 120, 40, oneOfEach())
	detail := press(still(t, th, 120, 40, oneOfEach()), "enter")
	list.options.Commands = []Command{{Key: "ctrl+g", Name: "show the commit"}}
	none.options.Commands = list.options.Commands
	for _, test := range []struct {
		name               string
		binding            key.Binding
		none, list, detail bool
	}{
		{"retry", k.Retry, false, true, true}, {"cancel", k.Cancel, false, true, true}, {"back", k.Back, false, false, true},
		{"sort", k.Sort, false, true, false}, {"mark", k.Mark, false, true, false}, {"range", k.Range, false, false, false},
		{"clear", k.ClearFilter, false, false, false}, {"pause", k.Pause, true, true, true}, {"undo", k.Undo, false, false, false},
		{"this view", k.View1, false, false, false}, {"another view", k.View2, true, true, true}, {"new", k.New, false, false, false},
		{"own", list.options.Commands[0].binding(), false, true, false}, {"quit", k.Quit, true, true, true},
	} {
		what := test.binding.Help().Desc
		if offers(none, what) != test.none || offers(list, what) != test.list || offers(detail, what) != test.detail {
			t.Errorf("%s: without a run %v, in the list %v, in the details %v", test.name, offers(none, what), offers(list, what), offers(detail, what))
		}
	}
	press(list, " ")
	if !offers(list, k.Range.Help().Desc) || !offers(list, k.ClearFilter.Help().Desc) {
		t.Error("with a mark, nothing is offered of marks")
	}
}
