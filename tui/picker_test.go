package tui

import (
	"strings"
	"testing"

	"github.com/muesli/termenv"
)

// Of several branches the one that is typed is taken, of two the cursor stands on
// the other one, and Esc leaves what is shown.
func TestANameIsPicked(t *testing.T) {
	a := perfOf(t, []string{"main", "feature/radix", "feature/table", "release"}, []string{"ci", "laptop"})
	press(a, "b")
	if frame := a.View(); !strings.Contains(frame, "feature/table") || !strings.Contains(frame, "Enter show it") {
		t.Fatalf("the branches are not offered:\n%s", frame)
	}
	press(a, "t", "a", "b", "enter")
	if got := a.perf.about.branches[a.perf.branch].Name; got != "feature/table" || a.picker != nil {
		t.Errorf("branch %s", got)
	}
	press(a, "b", "down", "enter")
	if got := a.perf.about.branches[a.perf.branch].Name; got != "release" {
		t.Errorf("branch %s, where the cursor stood on feature/table", got)
	}
	press(a, "b", "n", "o", "n", "e", "enter")
	press(a, "b", "down", "esc")
	if got := a.perf.about.branches[a.perf.branch].Name; got != "release" || a.picker != nil {
		t.Errorf("branch %s: nothing was taken", got)
	}
	press(a, "t", "enter")
	if got := a.perf.about.testbeds[a.perf.testbed].Name; got != "laptop" || a.picker != nil {
		t.Errorf("testbed %s", got)
	}
	press(a, "m")
	if !strings.Contains(a.View(), "there is no other measure") {
		t.Error("it does not say that there is one measure")
	}
	narrow := still(t, testTheme(termenv.Ascii, true), 50, 12, nil)
	narrow.pickName("branch", []string{"a", strings.Repeat("long", 40), "\x1b[2Jc"}, 0, nil)
	whole(t, "a picker", narrow.View(), 50, 12, true)
}
