package tui

import (
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
	"github.com/muesli/termenv"
)

// TestARangeIsMarkedHoweverLong, though the list has only a part of it in
// memory, and only of what the filter lets through.
func TestARangeIsMarkedHoweverLong(t *testing.T) {
	s := largeOutbox(t, filepath.Join(t.TempDir(), "outbox.db"), 2000)
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("2,000 runs"))
	ui.Send(keyMsg(" "))
	ui.Type("G")
	ui.sees(t, "the oldest", func(f string) bool { return strings.Contains(cursorOn(f), " main ") })
	ui.Type("v")
	ui.sees(t, "all marked", holding("2,000 marked"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "none marked", func(f string) bool { return !strings.Contains(f, "marked") })
	ui.Type("/branch-1")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "some", func(f string) bool {
		return strings.Contains(cursorOn(f), "branch-1999 ") && !strings.Contains(f, "branch-2")
	})
	ui.Send(keyMsg(" "))
	ui.Type("G")
	ui.sees(t, "the oldest of them", func(f string) bool { return strings.Contains(cursorOn(f), "branch-1 ") })
	ui.Type("v")
	ui.sees(t, "these marked", holding("1,111 marked")) // 1, 10 to 19, 100 to 199, 1000 to 1999
}

// TestAllThatAreListedCanBeMarked, in the window and beyond it.
func TestAllThatAreListedCanBeMarked(t *testing.T) {
	s := largeOutbox(t, filepath.Join(t.TempDir(), "outbox.db"), 400)
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("400 runs"))
	ui.Send(tea.KeyMsg{Type: tea.KeyCtrlA})
	ui.sees(t, "all marked", holding("400 marked"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.Type("/branch-39")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "some", func(f string) bool { return !strings.Contains(f, "branch-38") })
	ui.Send(tea.KeyMsg{Type: tea.KeyCtrlA})
	ui.sees(t, "these marked", holding("11 marked"))
}

// TestOneKeyMarksNoMoreThanItsBound, and says so.
func TestOneKeyMarksNoMoreThanItsBound(t *testing.T) {
	s := largeOutbox(t, filepath.Join(t.TempDir(), "outbox.db"), mostMarked+10)
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("10,010 runs"))
	ui.Send(tea.KeyMsg{Type: tea.KeyCtrlA})
	ui.sees(t, "the bound", holding("10,000 marked", "the newest 10,000 runs are marked: one key marks no more"))
}

// TestActionsAreAboutAllThatAreMarked, and say what of it is out of sight.
func TestActionsAreAboutAllThatAreMarked(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	var ids []string
	for i := range 4 {
		ids = append(ids, enqueue(t, s, fmt.Sprint("fix-", i)).ID.String())
	}
	enqueue(t, s, "other")
	var output lockedBuffer
	var exported atomic.Pointer[outbox.Query]
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Output = &output
		o.Export = func(_ context.Context, q outbox.Query, _ string) (int, int, error) {
			exported.Store(&q)
			return len(q.IDs), 0, nil
		}
		o.Resubmit = func(context.Context, uuid.UUID, Trial, bool) (*outbox.Run, []string, error) { return nil, nil, nil }
	})
	ui.sees(t, "the runs", holding("5 runs"))
	ui.Type("/fix")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "the four", func(f string) bool { return !strings.Contains(f, "other") })
	ui.Send(tea.KeyMsg{Type: tea.KeyCtrlA})
	ui.sees(t, "marks", holding("4 marked"))
	ui.Type("y")
	ui.sees(t, "what can be copied of four", func(f string) bool {
		return strings.Contains(f, "Copy of 4 runs?") && !strings.Contains(f, "b body")
	})
	ui.Type("i")
	ui.sees(t, "that they are copied", holding("copied 4 runs' IDs"))
	if want := base64.StdEncoding.EncodeToString([]byte(strings.Join(ids, "\n"))); !strings.Contains(output.String(), want) {
		t.Errorf("the terminal was sent %q", output.String())
	}
	ui.Type("yj")
	ui.sees(t, "their JSON", holding("copied 4 runs as JSON, one on each line"))
	ui.Type("e")
	ui.sees(t, "that it takes one", holding("4 runs are marked, and a resubmission is of one run at a time"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "all runs", holding("other"))

	ui.Send(tea.KeyMsg{Type: tea.KeyCtrlA})
	ui.sees(t, "marks", holding("5 marked"))
	ui.Type("/fix-1")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "one", func(f string) bool { return !strings.Contains(f, "other") && strings.Contains(f, "5 marked") })
	ui.Type("X")
	ui.sees(t, "what is exported", holding("Export 5 marked runs, 4 of them not listed now, to burrow-"))
	ui.Type("y")
	ui.sees(t, "that it is", holding("5 runs are in burrow-"))
	if q := exported.Load(); q == nil || len(q.IDs) != 5 {
		t.Errorf("exported %+v", q)
	}
	ui.Type("x")
	ui.sees(t, "the question", holding("Cancel 5 runs, 4 of them not listed now?"))
	ui.Type("n")
	ui.Type("D")
	ui.sees(t, "the question", holding("Delete 5 runs, 4 of them not listed now, for good?"))
	ui.Type("n")
	ui.Type("r")
	ui.sees(t, "what was done", holding("5 runs, 4 of them not listed now, are due now"))
}

// TestTheMarkedRunIsResubmitted, not the one under the cursor.
func TestTheMarkedRunIsResubmitted(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	for i := range 2 {
		if _, err := s.Cancel(context.Background(), enqueue(t, s, fmt.Sprint("branch-", i)).ID); err != nil {
			t.Fatal(err)
		}
	}
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Resubmit = func(context.Context, uuid.UUID, Trial, bool) (*outbox.Run, []string, error) { return nil, nil, nil }
	})
	ui.sees(t, "the runs", holding("2 runs"))
	ui.Send(keyMsg(" "))
	ui.sees(t, "the next one under the cursor", func(f string) bool { return strings.Contains(cursorOn(f), "branch-0") })
	ui.Type("e")
	ui.sees(t, "the marked one's form", holding("> branch-1"))
}

// TestAMarkedRunOutOfSightIsReadAnew when an action is about it.
func TestAMarkedRunOutOfSightIsReadAnew(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	ctx := context.Background()
	r, deleted := enqueue(t, s, "gone"), enqueue(t, s, "gone-too")
	enqueue(t, s, "here")
	if _, err := s.Cancel(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("3 runs", "– cancelled"))
	ui.Type("/gone")
	ui.sees(t, "two", func(f string) bool { return !strings.Contains(f, " here ") })
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.Send(tea.KeyMsg{Type: tea.KeyCtrlA})
	ui.sees(t, "marks", holding("2 marked"))
	ui.Type("/")
	for range 4 {
		ui.Send(tea.KeyMsg{Type: tea.KeyBackspace})
	}
	ui.Type("here")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "the other", func(f string) bool { return strings.Contains(cursorOn(f), "here") && !strings.Contains(f, "gone") })
	if _, err := s.Retry(ctx, r.ID); err != nil { // another process
		t.Fatal(err)
	}
	if err := s.Delete(ctx, deleted.ID); err != nil {
		t.Fatal(err)
	}
	ui.Type("x")
	ui.sees(t, "the question", holding("Cancel run "+tail(r.ID)+" of gone, not listed now?", "1 marked"))
}

func TestTheNearestMarkIsFoundByItsPlace(t *testing.T) {
	m := marks{}
	if got := m.nearest(7); got != 7 {
		t.Errorf("without a mark: %d", got)
	}
	for _, seq := range []uint64{2, 7, 30} {
		m.toggle(&outbox.Run{ID: numbered(int(seq)), Seq: seq})
	}
	for seq, want := range map[uint64]uint64{1: 2, 7: 2, 8: 7, 25: 30, 100: 30} {
		if got := m.nearest(seq); got != want {
			t.Errorf("from %d: %d, want %d", seq, got, want)
		}
	}
}

// TestADeletionIsNotTakenBack, nor what was done to a run that is gone by now.
func TestADeletionIsNotTakenBack(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "main")
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the run", holding("1 run"))
	ui.Type("x")
	ui.Type("y")
	ui.sees(t, "the cancellation", holding("– cancelled"))
	ui.Type("D")
	ui.Type("y")
	ui.sees(t, "the deletion", holding("is deleted"))
	ui.Type("u")
	ui.sees(t, "that it stays", holding("the deletion of 1 run can't be taken back; u again takes back the cancellation of 1 run"))
	ui.Type("u")
	ui.sees(t, "why not", holding("1 cancelled run was deleted by now, and a deletion can't be taken back"))
}

// TestAQuestionIsWholeAtEveryWidth, with what of it is out of sight.
func TestAQuestionIsWholeAtEveryWidth(t *testing.T) {
	for width := leastWidth; width <= 200; width++ {
		a := still(t, testTheme(termenv.Ascii, true), width, 24, oneOfEach())
		a.outbox.marks.add(oneOfEach()[2:6])
		press(a, "/zzz", "enter")
		a.outbox.filter.alike = false
		press(a, "D")
		text := strings.Join(strings.Fields(strings.ReplaceAll(a.View(), "\n? ", " ")), " ")
		if !strings.Contains(text, "Delete 4 runs, none of them listed now, for good? What is not delivered is lost.") {
			t.Fatalf("%d columns:\n%s", width, a.View())
		}
	}
}
