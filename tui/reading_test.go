package tui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
)

// driven is an app on a store whose commands a test runs itself.
func driven(t *testing.T, s *outbox.Store, change ...func(*Options)) *app {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &work{ctx: ctx}
	t.Cleanup(func() { cancel(); w.end() })
	o := Options{Store: s}
	for _, c := range change {
		c(&o)
	}
	a := newApp(o.withDefaults(), w, testTheme(termenv.Ascii, true))
	a.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	return a
}

// TestTheCountsAreThoseOfTheNewestLoad: a change that comes while a load is
// under way is read by the next one, whose counts must be shown too.
func TestTheCountsAreThoseOfTheNewestLoad(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "one")
	a := driven(t, s)
	read := a.outbox.reload(goalSelected)()
	enqueue(t, s, "two") // by another process
	a.outbox.reload(goalSelected)
	_, cmd := a.Update(read)
	pump(a, cmd)
	if len(a.outbox.list.runs) != 2 || a.outbox.outlook.total() != 2 {
		t.Errorf("%d rows, and the header says %q", len(a.outbox.list.runs), a.outbox.summary())
	}
}

// TestAnErrorOfAnotherRunsDetailsHidesNone: those of the run that is shown by
// now are read all the same.
func TestAnErrorOfAnotherRunsDetailsHidesNone(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "one")
	enqueue(t, s, "two")
	a := driven(t, s)
	pump(a, a.outbox.reload(goalSelected))
	press(a, "]")
	before := a.outbox.detail.wants()
	a.outbox.reading.details = true // a read for it is on its way
	_, cmd := a.Update(tea.KeyMsg{Type: tea.KeyDown})
	pump(a, cmd)
	_, cmd = a.Update(detailsLoaded{need: before, err: errors.New("damaged")})
	pump(a, cmd)
	if frame := a.View(); strings.Contains(frame, "reading…") {
		t.Errorf("the details are never read:\n%s", frame)
	}
}
