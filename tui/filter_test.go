package tui

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

// TestAllRepositoriesUnderAFilter: A changes what the filter chooses from.
func TestAllRepositoriesUnderAFilter(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	ofRepository(t, s, "fix-mine", "aaaa")
	ofRepository(t, s, "fix-others", "bbbb")
	ui := startUIWith(t, s, 120, 40, func(o *Options) { o.Repository = "aaaa" })
	ui.sees(t, "mine", holding("fix-mine"))
	ui.Type("/fix")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "one", holding("/ fix", "1 of 2 runs"))
	ui.Type("A")
	ui.sees(t, "both", holding("runs of every repository", "fix-others", "2 of 2 runs"))
	ui.Type("A")
	ui.sees(t, "one again", func(f string) bool { return strings.Contains(f, "1 of 2 runs") && !strings.Contains(f, "fix-others") })
}

// TestTheNextProblemIsAListedOne: where none of the listed needs a person, the
// list stays and it is said where one does.
func TestTheNextProblemIsAListedOne(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	ctx := context.Background()
	deliverer := &scripted{verdicts: []client.Verdict{{Outcome: client.Refused, Message: "odd"}, {Outcome: client.Created, HTTPStatus: 201}}}
	enqueue(t, s, "refused")
	delivered := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- (&outbox.Sender{Store: s, Deliverer: deliverer}).Run(ctx) }()
		for open, err := s.Outstanding(ctx); len(open) > 0; open, err = s.Outstanding(ctx) {
			if err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		<-done
	}
	delivered()
	enqueue(t, s, "sent")
	delivered()
	if _, err := s.Pause(ctx, "", ""); err != nil {
		t.Fatal(err)
	}
	enqueue(t, s, "waits")
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("refused", "! paused", "3 runs"))
	for status, want := range map[string]func(string) bool{
		"rejected": func(f string) bool {
			return strings.Contains(cursorOn(f), "refused") && strings.Contains(f, "1 of 3 runs")
		},
		"sent": func(f string) bool {
			return strings.Contains(f, "none of the listed runs needs you; run ") && strings.Contains(f, " of refused does: Esc clears the filter") && strings.Contains(f, "1 of 3 runs")
		},
	} {
		ui.Type("/status:" + status)
		ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
		ui.sees(t, "the filter", holding("/ status:"+status, "1 of 3 runs"))
		ui.Type("!")
		ui.sees(t, "what "+status+" has", want)
		ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
		ui.sees(t, "all", holding("3 runs", "waits", "refused"))
	}
}

// What was asked for before the person went on to type closes no filter: the rest
// of the text would be taken for keys.
func TestALateAnswerTakesNoFilterAway(t *testing.T) {
	runs := oneOfEach()
	for name, late := range map[string]tea.Msg{
		"the next problem": problemFound{run: runs[0]},
		"marked runs":      chosenRead{runs: runs, then: func([]*outbox.Run) tea.Cmd { t.Error("it acts"); return nil }},
		"pauses":           holdsFound{holds: []outbox.Hold{{}, {Project: "demo"}}},
	} {
		a := press(still(t, testTheme(termenv.Ascii, true), 120, 40, runs), "/", "s", "t")
		a.Update(late)
		press(a, "a")
		if frame := a.View(); !strings.Contains(frame, "/ sta") {
			t.Errorf("%s:\n%s", name, frame)
		}
	}
}

// TestWhatIsTypedStaysInSight beside whatever is said of it, and what is wrong
// with it is told whole, at every width.
func TestWhatIsTypedStaysInSight(t *testing.T) {
	for _, size := range sizes {
		a := still(t, testTheme(termenv.Ascii, true), size.width, size.height, oneOfEach())
		press(a, "/")
		for _, r := range "no-such-branch-anywhere" {
			press(a, string(r))
		}
		a.outbox.filter.alike = true
		if line := strings.Split(a.View(), "\n")[1]; !strings.Contains(line, "/ no-such-branch-anywhere▏") {
			t.Errorf("%d columns: %q", size.width, line)
		}
		for range 100 {
			press(a, "x")
		}
		press(a, "y", "z")
		if line := strings.TrimRight(strings.Split(a.View(), "\n")[1], " "); size.width < 120 && !strings.HasSuffix(line, "yz▏") {
			t.Errorf("%d columns: the end of a long text is out of sight: %q", size.width, line)
		}
		a = press(still(t, testTheme(termenv.Ascii, true), size.width, size.height, oneOfEach()), "/")
		for _, r := range "status:foo" {
			press(a, string(r))
		}
		frame := a.View()
		if text := strings.Join(strings.Fields(frame), " "); !strings.Contains(strings.Split(frame, "\n")[1], "/ status:foo▏") || !strings.Contains(text, "incomplete, rejected, cancelled") {
			t.Errorf("%d columns:\n%s", size.width, frame)
		}
	}
}

func TestAnUnknownFieldIsTold(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "main")
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the run", holding("1 run"))
	ui.Type("/")
	ui.Type("statu:pending")
	ui.sees(t, "what it may be", holding(`No run matches: no field is called "statu": use status, branch, project, host`))
}

// TestTheHeaderSaysHowManyMatch where that is known, and is never cut; marks are
// counted at every width.
func TestTheHeaderSaysHowManyMatch(t *testing.T) {
	for width := leastWidth; width <= 160; width++ {
		a := still(t, testTheme(termenv.Ascii, true), width, 24, oneOfEach())
		a.outbox.outlook.counts[outbox.Sent] = 100_000
		head := func() string {
			a.Update(ticked{})
			return strings.Join(strings.Split(ansi.Strip(a.View()), "\n")[:2], "\n")
		}
		press(a, "/main", "enter")
		whole := fmt.Sprintf("%d of 100,008 runs", len(oneOfEach()))
		if got := head(); width >= namesWidth && !strings.Contains(got, whole) {
			t.Errorf("%d columns: %q", width, got)
		}
		a.outbox.list.older, a.outbox.oldestFirst = true, true
		if got := head(); width >= namesWidth && !strings.Contains(got, "filtered, of 100,008 runs, oldest first") {
			t.Errorf("%d columns: %q", width, got)
		}
		a.outbox.marks.add(oneOfEach()[:4])
		if got := head(); !strings.Contains(got, "4 marked") {
			t.Errorf("%d columns: %q", width, got)
		}
		lines := strings.Split(a.View(), "\n")
		for _, line := range lines {
			if ansi.StringWidth(line) != width {
				t.Fatalf("%d columns: %q", width, line)
			}
		}
	}
}
