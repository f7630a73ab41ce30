package tui

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	_ "github.com/charmbracelet/x/exp/teatest" // declares -update
	"github.com/google/uuid"
	"github.com/muesli/termenv"
)

// checkGolden compares a frame with testdata/NAME.golden; -update writes it.
func checkGolden(t *testing.T, name, frame string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(frame+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if frame+"\n" != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s\nwant:\n%s", path, frame, want)
	}
}

func testTheme(profile termenv.Profile, dark bool) theme {
	r := lipgloss.NewRenderer(&strings.Builder{})
	r.SetColorProfile(profile)
	r.SetHasDarkBackground(dark)
	return newTheme(r, nil, true, true)
}

// colourlessTheme is that of a terminal with NO_COLOR.
func colourlessTheme() theme {
	r := lipgloss.NewRenderer(&strings.Builder{})
	r.SetColorProfile(termenv.ANSI)
	return newTheme(r, nil, true, false)
}

// TestMain sets the zone that frames are drawn in, before any timer reads it.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// still makes an app that shows runs without a store, at noon, as it stands
// after its first read.
func still(t testing.TB, th theme, width, height int, runs []*outbox.Run) *app {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &work{ctx: ctx}
	t.Cleanup(func() { cancel(); w.end() })
	o := Options{
		Host: "https://bench.example:6610", Now: func() time.Time { return noon },
		Delivery: func() Delivery { return Delivery{On: true} },
	}.withDefaults()
	a := newApp(o, w, th)
	counts := outbox.Counts{}
	for _, r := range runs {
		counts[r.Status]++
	}
	look := newOutlook(counts)
	for _, r := range runs {
		look.see(r)
	}
	a.Update(tea.WindowSizeMsg{Width: width, Height: height})
	a.Update(hostAnswered{asked: true, version: "0.6.9", latency: 4 * time.Millisecond})
	a.Update(outboxLoaded{window: window{runs: runs, counts: counts}, delivery: Delivery{On: true}})
	a.Update(surveyed{outlook: look})
	return a
}

// tell gives the selected run its history.
func tell(a *app, attempts ...outbox.Attempt) *app {
	a.Update(detailsLoaded{need: a.outbox.detail.wants(), attempts: attempts})
	return a
}

func press(a *app, keys ...string) *app {
	for _, k := range keys {
		switch k {
		case "enter":
			a.Update(tea.KeyMsg{Type: tea.KeyEnter})
		case "esc":
			a.Update(tea.KeyMsg{Type: tea.KeyEsc})
		default:
			a.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)})
		}
	}
	return a
}

func numbered(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01a210a9-0000-7000-8000-%012x", 0xbeef_0000+n*0x1111))
}

// oneOfEach is one run of every status and of the commoner reasons, newest
// first.
func oneOfEach() []*outbox.Run {
	changes := []func(*outbox.Run){
		func(r *outbox.Run) {
			r.Status, r.Reason, r.Attempts, r.NextAttemptAt, r.Message = outbox.Pending, outbox.ReasonBackoff, 2, noon.Add(12*time.Second), "dial tcp: connection refused"
		},
		func(r *outbox.Run) {
			r.Status, r.Attempts, r.Branch = outbox.Sending, 3, "main"
			r.Claim = &outbox.Claim{Task: outbox.TaskSend, StartedAt: noon.Add(-4 * time.Second)}
		},
		func(r *outbox.Run) { r.Status, r.Attempts = outbox.Deduplicated, 2 },
		func(r *outbox.Run) { r.Status, r.Branch, r.Attempts = outbox.Sent, "main", 1 },
		func(r *outbox.Run) {
			r.Status, r.Branch, r.Reason, r.Message = outbox.Incomplete, "main", outbox.ReasonSpent, "the report holds 1 of 3 iterations; a partial report is deleted only with --mend any"
		},
		func(r *outbox.Run) {
			r.Status, r.Reason, r.Message, r.ReportLeft = outbox.Rejected, outbox.ReasonRefused, "Failed to convert results: no benchmark found", true
		},
		func(r *outbox.Run) { r.Status = outbox.Cancelled },
		func(r *outbox.Run) {
			r.Status, r.Reason, r.Project = outbox.Pending, outbox.ReasonCredential, "radix-tree"
		},
		func(r *outbox.Run) { r.Status, r.Reason = outbox.Pending, outbox.Behind(numbered(1)) },
	}
	ages := []time.Duration{8 * time.Second, 2 * time.Minute, 5 * time.Minute, time.Hour, 2 * time.Hour, 26 * time.Hour, 30 * time.Hour, 60 * time.Hour, 40 * day}
	runs := make([]*outbox.Run, len(changes))
	for i, change := range changes {
		runs[i] = run(change)
		r := runs[i]
		r.ID, r.Seq, r.EnqueuedAt = numbered(i+1), uint64(len(changes)-i), noon.Add(-ages[i])
		r.Key = r.ID
		if r.Status.Acknowledged() || r.Status == outbox.Incomplete {
			r.Report = &outbox.ReportRef{UUID: otherID, Slug: "demo", Iterations: 3}
			r.AcknowledgedAt = noon.Add(-time.Minute)
		}
		if r.Status == outbox.Incomplete {
			r.Report.Iterations, r.AcknowledgedAt = 1, time.Time{}
		}
	}
	return runs
}

// lostAnswer is the history of the scenario that burrow is built around.
func lostAnswer() []outbox.Attempt {
	at := noon.Add(-5 * time.Minute)
	return []outbox.Attempt{
		{Number: 1, StartedAt: at.Add(-time.Hour), EndedAt: at.Add(-time.Minute), Duration: time.Millisecond, Outcome: client.Unavailable, Error: "dial tcp 192.0.2.7:6610: connect: connection refused", Count: 12},
		{Number: 13, StartedAt: at, EndedAt: at.Add(700 * time.Millisecond), Duration: 700 * time.Millisecond, Outcome: client.Unknown, Error: "no whole answer: read tcp: connection reset by peer"},
		{Number: 14, StartedAt: at.Add(3100 * time.Millisecond), EndedAt: at.Add(3138 * time.Millisecond), Duration: 38 * time.Millisecond, Outcome: client.Replayed, HTTPStatus: 201, Report: &otherID},
	}
}

// nasty are runs whose texts try to break the frame.
func nasty() []*outbox.Run {
	names := []string{
		"\x1b[31mred\x1b[0m\x07\tand\nlines", strings.Repeat("very/long/branch/", 20), "日本語のとても長いブランチ名です",
		"שלום עולם مرحبا", "\u202egnorw eht yaw\u202c", "👩‍💻👍🏽☀️ emoji 🇩🇪", "e\u0301\u0301\u0301 combining", "\x1b]0;title\x07\x9b2Jgone", "",
	}
	runs := oneOfEach()
	for i, name := range names {
		r := runs[i]
		r.Branch, r.Project, r.Testbed, r.Hash, r.Message = name, name, name, name, name
		r.Labels = map[string]string{name: name}
	}
	return runs
}

func TestFrames(t *testing.T) {
	plainTheme := func() theme { return testTheme(termenv.Ascii, true) }
	sizes := []struct{ width, height int }{{50, 12}, {80, 24}, {120, 40}}
	for _, size := range sizes {
		at := fmt.Sprintf("%dx%d", size.width, size.height)
		t.Run(at, func(t *testing.T) {
			checkGolden(t, "empty-"+at, still(t, plainTheme(), size.width, size.height, nil).View())
			checkGolden(t, "each-"+at, tell(still(t, plainTheme(), size.width, size.height, oneOfEach())).View())
			lost := press(still(t, plainTheme(), size.width, size.height, oneOfEach()), "jj")
			checkGolden(t, "lost-answer-"+at, press(tell(lost, lostAnswer()...), "enter").View())
			checkGolden(t, "nasty-"+at, tell(still(t, plainTheme(), size.width, size.height, nasty())).View())
			checkGolden(t, "help-"+at, press(still(t, plainTheme(), size.width, size.height, oneOfEach()), "?").View())
			checkGolden(t, "cancel-"+at, press(tell(still(t, plainTheme(), size.width, size.height, oneOfEach())), "x").View())
		})
	}
	t.Run("colour", func(t *testing.T) {
		for _, dark := range []bool{true, false} {
			a := press(still(t, testTheme(termenv.TrueColor, dark), 120, 40, oneOfEach()), "jj")
			checkGolden(t, fmt.Sprintf("colour-dark-%v", dark), tell(a, lostAnswer()...).View())
		}
	})
	t.Run("ascii", func(t *testing.T) {
		th := plainTheme()
		th.unicode = false
		a := press(still(t, th, 80, 24, nasty()), "jj")
		frame := tell(a, lostAnswer()...).View()
		checkGolden(t, "ascii-80x24", frame)
		if i := strings.IndexFunc(frame, func(r rune) bool { return r >= 0x80 }); i >= 0 {
			t.Errorf("not ASCII: %q", frame[i:])
		}
	})
}

// Whatever the data and the size, a frame fills the screen exactly: a line too
// long or too many would tear it.
func TestFramesFitEverySize(t *testing.T) {
	for _, width := range []int{1, 30, 49, 50, 51, 59, 60, 63, 64, 65, 80, 99, 100, 101, 120, 139, 140, 165, 210} {
		for _, height := range []int{1, 12, 17, 18, 60} {
			for name, runs := range map[string][]*outbox.Run{"none": nil, "each": oneOfEach(), "nasty": nasty()} {
				a := still(t, testTheme(termenv.TrueColor, true), width, height, runs)
				for _, keys := range [][]string{nil, {"j"}, {"x"}, {"esc", "G"}, {"enter", "G"}, {"esc", "/long", "enter"}, {"?"}} {
					press(a, keys...)
					lines := strings.Split(a.View(), "\n")
					if len(lines) != height {
						t.Fatalf("%s at %d×%d after %v: %d lines", name, width, height, keys, len(lines))
					}
					for i, line := range lines {
						if got := ansi.StringWidth(line); got != width {
							t.Fatalf("%s at %d×%d after %v: line %d is %d cells: %q", name, width, height, keys, i, got, line)
						}
						if text := unstyled(line); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
							t.Fatalf("%s at %d×%d: control characters in %q", name, width, height, text)
						}
					}
				}
			}
		}
	}
}

func TestTroubleIsOneLine(t *testing.T) {
	a := still(t, testTheme(termenv.Ascii, true), 80, 24, oneOfEach())
	a.Update(outboxLoaded{err: errors.New("the outbox went away:\n\x1b[2Jno such file")})
	frame := a.View()
	if !strings.Contains(frame, "! the outbox went away: no such file") || !strings.Contains(frame, "feature/radix") {
		t.Errorf("the runs that were read and the error in one line:\n%s", frame)
	}
	w := a.outbox.list.window
	w.unread = "runs that can't be read: 1"
	a.Update(outboxLoaded{window: w})
	if frame := a.View(); strings.Contains(frame, "went away") || !strings.Contains(frame, "! runs that can't be read: 1") {
		t.Errorf("the error stays after a read that succeeded, or the damage is not told:\n%s", frame)
	}
}

func TestHostThatIsDownIsShownSince(t *testing.T) {
	th := testTheme(termenv.Ascii, true)
	r := reach{}.heard(hostAnswered{asked: true, err: errors.New("refused")}, noon)
	r = r.heard(hostAnswered{asked: true, err: errors.New("refused")}, noon.Add(10*time.Second))
	for words, want := range map[string]string{
		reachWords(th, "https://bench.example", r, noon.Add(40*time.Second)): "bench.example ○ unreachable for 40 s",
		reachWords(th, "https://bench.example", reach{}, noon):               "bench.example",
		reachWords(th, client.Local, reach{asked: true, up: true}, noon):     "local (this machine) ●",
		reachWords(th, "", r, noon):                                          "",
	} {
		if words != want {
			t.Errorf("%q, want %q", words, want)
		}
	}
}

func TestTheLocaleChoosesTheSigns(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{}, true}, {map[string]string{"LANG": "C.UTF-8"}, true}, {map[string]string{"LANG": "de_DE.utf8"}, true},
		{map[string]string{"LANG": "C"}, false}, {map[string]string{"LC_ALL": "POSIX", "LANG": "C.UTF-8"}, false},
	} {
		if got := showsUnicode(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%v: %v", test.env, got)
		}
	}
}

func TestBackgroundIsReadFromTheAnswer(t *testing.T) {
	for answer, want := range map[string][2]bool{
		"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62c": {true, true}, "\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?1;2c": {false, true},
		"\x1b]11;rgb:f/f/f\x07": {false, true}, "\x1b[?62;22c": {false, false}, "": {false, false}, "\x1b]11;rgb:xx//\x07": {false, false},
	} {
		if dark, ok := darkByAnswer(answer); dark != want[0] || ok != want[1] {
			t.Errorf("%q: %v %v", answer, dark, ok)
		}
	}
	if got := readAnswer(strings.NewReader("\x1b]11;rgb:0/0/0\x07\x1b[?62c typed")); !strings.Contains(got, "[?62c") {
		t.Errorf("%q", got)
	}
	for value, dark := range map[string]bool{"": true, "15;0": true, "0;15": false, "0;7": false, "7;8": true} {
		if got := darkByEnvironment(func(string) string { return value }); got != dark {
			t.Errorf("COLORFGBG=%q: %v", value, got)
		}
	}
}
