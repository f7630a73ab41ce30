package tui

import (
	"reflect"
	"testing"

	"github.com/charmbracelet/bubbles/key"
)

func TestEveryKeyHasHelpAndIsListed(t *testing.T) {
	keys := newKeyMap()
	listed := map[string]bool{}
	for _, s := range keys.scopes() {
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
	named := map[string][]key.Binding{}
	for _, s := range newKeyMap().scopes() {
		named[s.name] = s.bindings
	}
	for _, together := range [][]string{
		{"In the list", "Moving", "Everywhere"}, {"In the details", "Moving", "Everywhere"}, {"Answering"}, {"While filtering"},
	} {
		taken := map[string]string{}
		for _, name := range together {
			if len(named[name]) == 0 {
				t.Fatalf("no scope %q", name)
			}
			for _, b := range named[name] {
				for _, k := range b.Keys() {
					if other, clash := taken[k]; clash {
						t.Errorf("%v: %q is both %q and %q", together, k, other, b.Help().Desc)
					}
					taken[k] = b.Help().Desc
				}
			}
		}
	}
}
