package tui

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
)

// largeOutbox makes an outbox of so many runs, of as many branches.
func largeOutbox(t testing.TB, path string, n int) *outbox.Store {
	t.Helper()
	s := openStore(t, path)
	runs := func(yield func(outbox.New, error) bool) {
		for i := range n {
			branch := "main"
			if i > 0 {
				branch = fmt.Sprintf("branch-%d", i)
			}
			if !yield(newRun(t, branch), nil) {
				return
			}
		}
	}
	err := s.EnqueueAll(context.Background(), runs, func(a outbox.Accepted) {
		if a.Err != nil {
			t.Fatal(a.Err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAHundredThousandRunsOpenAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a large outbox")
	}
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := largeOutbox(t, path, 100_000)
	for name, to := range map[string]goal{"newest": goalNewest, "oldest": goalOldest} {
		started := time.Now()
		w, err := readWindow(context.Background(), s, outbox.Query{}, to, 0, windowReach)
		if err != nil {
			t.Fatal(err)
		}
		o, err := survey(context.Background(), s, w.counts)
		if err != nil {
			t.Fatal(err)
		}
		lasted := time.Since(started)
		t.Logf("%s: %d rows of %d in %v", name, len(w.runs), o.total(), lasted)
		if len(w.runs) > 3*windowReach {
			t.Errorf("%s: %d rows were read", name, len(w.runs))
		}
	}
	ui := startUI(t, s, 80, 24)
	ui.sees(t, "the first screen", holding("100,000 runs"))
	ui.Type("G")
	ui.sees(t, "the oldest run", func(f string) bool { return strings.Contains(cursorOn(f), " main ") })
	for range 30 {
		ui.Send(tea.KeyMsg{Type: tea.KeyPgUp})
	}
	ui.Type("g")
	ui.sees(t, "the newest run", func(f string) bool { return strings.Contains(cursorOn(f), "branch-99999") })
}

func TestWindowsMeetWithoutGaps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := largeOutbox(t, path, 1000)
	ctx := context.Background()
	all, err := s.List(ctx, outbox.Query{})
	if err != nil {
		t.Fatal(err)
	}
	place := map[uuid.UUID]int{}
	for i, r := range all {
		place[r.ID] = i
	}
	for _, q := range []outbox.Query{{}, {Words: []string{"branch-1"}}, {Branch: "branch-500"}, {Words: []string{"nothing"}}} {
		matching := all
		if len(q.Words) > 0 || q.Branch != "" {
			if matching, err = s.List(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
		for _, seq := range []uint64{0, 1, 5, 119, 120, 121, 500, 879, 880, 999, 1000, 5000} {
			w, err := readWindow(ctx, s, q, goalSelected, seq, windowReach)
			if err != nil {
				t.Fatal(err)
			}
			if len(w.runs) == 0 {
				if len(matching) > 0 {
					t.Errorf("%+v around %d: nothing", q, seq)
				}
				continue
			}
			first := 0
			for matching[first].ID != w.runs[0].ID {
				first++
			}
			if (first > 0) != w.newer {
				t.Errorf("%+v around %d: newer %v, but %d are", q, seq, w.newer, first)
			}
			for i, r := range w.runs {
				if matching[first+i].ID != r.ID {
					t.Fatalf("%+v around %d: row %d is not the neighbour", q, seq, i)
				}
			}
			if rest := len(matching) - first - len(w.runs); rest > 0 && !w.older {
				t.Errorf("%+v around %d: %d older ones are left out unsaid", q, seq, rest)
			}
		}
	}
}

// TestATallTerminalIsFilled from an outbox that has the runs for it.
func TestATallTerminalIsFilled(t *testing.T) {
	s := largeOutbox(t, filepath.Join(t.TempDir(), "outbox.db"), 600)
	ui := startUI(t, s, 120, 200)
	ui.sees(t, "a run on each line", func(f string) bool { return strings.Count(f, "○ pending") >= 195 })
	for range 2 {
		ui.Send(tea.KeyMsg{Type: tea.KeyPgDown})
	}
	ui.sees(t, "as many further down", func(f string) bool {
		return strings.Count(f, "○ pending") >= 195 && !strings.Contains(f, "branch-599 ")
	})
}

// TestOldestFirstBeginsWithTheOldest, after a filter that nothing matched too.
func TestOldestFirstBeginsWithTheOldest(t *testing.T) {
	s := largeOutbox(t, filepath.Join(t.TempDir(), "outbox.db"), 500)
	ui := startUI(t, s, 120, 30)
	ui.sees(t, "the runs", holding("500 runs"))
	ui.Type("s")
	ui.sees(t, "the other way", holding("oldest first"))
	ui.Type("/")
	ui.Type("qqqqq")
	ui.sees(t, "none", holding("No run matches"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the oldest", func(f string) bool { return strings.Contains(cursorOn(f), " main ") })
}
