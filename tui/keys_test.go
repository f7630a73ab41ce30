package tui

import (
	"reflect"
	"strings"
	"testing"

	"github.com/charmbracelet/bubbles/key"
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
	if k := newKeyMap().with(map[string][]string{"retry": {"f5"}}); k.Retry.Help().Key != "f5" || k.Retry.Keys()[0] != "f5" {
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
