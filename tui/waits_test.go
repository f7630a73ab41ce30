package tui

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/gofrs/flock"
	"github.com/google/uuid"
	"github.com/muesli/termenv"
)

// Nothing that waits runs in Update or View: another program holds the outbox's
// lock, and whatever would ask the system or a server is watched.
func TestNothingWaitsInUpdateOrView(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := openStore(t, path)
	for _, branch := range []string{"main", "feature", "other"} {
		enqueue(t, s, branch)
	}
	runs, err := s.List(t.Context(), outbox.Query{})
	if err != nil {
		t.Fatal(err)
	}
	lock := flock.New(path + ".lock")
	if locked, err := lock.TryLock(); err != nil || !locked {
		t.Fatal("the outbox's lock is not to be had", err)
	}
	defer lock.Close()

	asked := func(what string) { t.Errorf("%s is asked in Update or View", what) }
	o := Options{
		Store: s, Host: "https://bench.example", Output: io.Discard, Now: func() time.Time { return noon },
		Delivery: func() Delivery { asked("Delivery"); return Delivery{} },
		Ping:     func(context.Context, string) (string, error) { asked("Ping"); return "", nil },
		Browse:   func(string) (*client.Browser, error) { asked("Browse"); return nil, errNoBrowser },
		Suggest:  func(context.Context) Suggestions { asked("Suggest"); return Suggestions{} },
		Bench:    func(context.Context, Trial, io.Writer) (*Measured, error) { asked("Bench"); return nil, errNoBrowser },
		Resubmit: func(context.Context, uuid.UUID, Trial, bool) (*outbox.Run, []string, error) {
			asked("Resubmit")
			return nil, nil, errNoBrowser
		},
		Export:  func(context.Context, outbox.Query, string) (int, int, error) { asked("Export"); return 0, 0, nil },
		OpenURL: func(context.Context, string) error { asked("OpenURL"); return nil },
		Suspend: func() { asked("Suspend") }, Resume: func() { asked("Resume") },
	}
	w := &work{ctx: t.Context()}
	defer w.end()
	a := newApp(o, w, testTheme(termenv.Ascii, true))
	counts := outbox.Counts{outbox.Pending: len(runs)}
	began := time.Now()
	a.Init()
	a.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	for _, msg := range []tea.Msg{
		watching{}, outboxChanged{}, outboxLoaded{window: window{runs: runs, counts: counts}}, surveyed{}, rested{}, pulsed{}, ticked{}, tea.ResumeMsg{},
	} {
		a.Update(msg)
		a.View()
	}
	keys := "down enter ] ] ] ] [ esc space v ctrl+a / m a i n enter esc A s ! r x y D y p a p r u y i e esc esc n esc X enter o R M : r e enter ? ? 2 b P 3 b t m 4 1 ctrl+z"
	for _, k := range strings.Fields(keys) {
		a.Update(keyMsg(k)) // its commands are not run
		a.View()
	}
	if took := time.Since(began); took > 5*time.Second { // who waits for the lock waits for 10 s
		t.Errorf("it took %s", took)
	}
}
