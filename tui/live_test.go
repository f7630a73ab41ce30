package tui

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/exp/teatest"
	"github.com/muesli/termenv"
)

const patience = 10 * time.Second

// openStore returns a handle of an outbox: several handles on a path are like
// several processes.
func openStore(t testing.TB, path string) *outbox.Store {
	t.Helper()
	s, err := outbox.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newRun(t testing.TB, branch string) outbox.New {
	t.Helper()
	id, err := outbox.NewID()
	if err != nil {
		t.Fatal(err)
	}
	body, err := client.NewRun{
		Project: "demo", Branch: branch, Testbed: "ci-linux", StartTime: noon, EndTime: noon,
		Results: []string{`{"BenchmarkA":{"latency":{"value":1}}}`}, Settings: &client.Settings{Adapter: "json"},
	}.Freeze(id)
	if err != nil {
		t.Fatal(err)
	}
	return outbox.New{ID: id, Body: body, Host: "https://bench.example"}
}

func enqueue(t testing.TB, s *outbox.Store, branch string) *outbox.Run {
	t.Helper()
	r, _, err := s.Enqueue(context.Background(), newRun(t, branch))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// watcher runs the UI on a store and looks at its screen.
type watcher struct{ *teatest.TestModel }

func startUI(t *testing.T, s *outbox.Store, width, height int) *watcher {
	t.Helper()
	return startUIWith(t, s, width, height, func(*Options) {})
}

// startUIWith is startUI with other options.
func startUIWith(t *testing.T, s *outbox.Store, width, height int, change func(*Options)) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &work{ctx: ctx}
	o := Options{Store: s, Host: client.Local, Ping: func(context.Context, string) (string, error) { return "0.6.9", nil }, Output: io.Discard}
	change(&o)
	o = o.withDefaults()
	m := teatest.NewTestModel(t, framed{newApp(o, w, testTheme(termenv.Ascii, true))}, teatest.WithInitialTermSize(width, height))
	t.Cleanup(func() {
		_ = m.Quit()
		m.WaitFinished(t, teatest.WithFinalTimeout(patience))
		cancel()
		w.end()
	})
	return &watcher{m}
}

// framed is the UI, with an ear for the question what is on the screen.
type framed struct{ *app }

func (f framed) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if ask, ok := msg.(screenWanted); ok {
		ask <- f.View()
		return f, nil
	}
	_, cmd := f.app.Update(msg)
	return f, cmd
}

// screenWanted asks the model for its frame.
type screenWanted chan string

func (w *watcher) screen() string {
	ask := make(screenWanted, 1)
	w.Send(ask)
	return <-ask
}

// sees waits until the screen shows something.
func (w *watcher) sees(t *testing.T, what string, shown func(frame string) bool) string {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		frame := w.screen()
		if shown(frame) {
			return frame
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("the screen does not show %s:\n%s", what, frame)
		}
	}
}

func holding(words ...string) func(string) bool {
	return func(frame string) bool {
		for _, w := range words {
			if !strings.Contains(frame, w) {
				return false
			}
		}
		return true
	}
}

// cursorOn is the line that the cursor stands on.
func cursorOn(frame string) string {
	for line := range strings.SplitSeq(frame, "\n") {
		if strings.HasPrefix(line, "▌") || strings.HasPrefix(line, "▏") {
			return line
		}
	}
	return ""
}

func TestAnotherProcesssChangeIsShownWithoutAKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	ui := startUI(t, openStore(t, path), 80, 24)
	ui.sees(t, "the empty outbox", holding("The outbox is empty.", "burrow run go test -run '^$' -bench . ./..."))

	other := openStore(t, path)
	r := enqueue(t, other, "first-branch")
	ui.sees(t, "the new run", holding("first-branch", "1 pending", "delivery is off", "1 run"))

	if _, err := other.Cancel(context.Background(), r.ID); err != nil {
		t.Fatal(err)
	}
	ui.sees(t, "the cancellation", holding("– cancelled", "nothing is waiting"))
}

func TestTheChosenRunStaysChosenWhileOthersArrive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	other := openStore(t, path)
	for i := range 40 {
		enqueue(t, other, fmt.Sprintf("branch-%02d", i))
	}
	ui := startUI(t, openStore(t, path), 80, 24)
	ui.sees(t, "the newest run under the cursor", func(f string) bool { return strings.Contains(cursorOn(f), "branch-39") })
	for range 20 {
		ui.Send(tea.KeyMsg{Type: tea.KeyDown})
	}
	before := ui.sees(t, "the 20th run under the cursor", func(f string) bool { return strings.Contains(cursorOn(f), "branch-19") })
	for i := range 5 {
		enqueue(t, other, fmt.Sprintf("newcomer-%d", i))
	}
	after := ui.sees(t, "five more runs", holding("45 runs"))
	if cursorOn(after) != cursorOn(before) && !strings.Contains(cursorOn(after), "branch-19") {
		t.Errorf("the cursor moved to %q", cursorOn(after))
	}
	line := func(frame string) int { return strings.Count(frame[:strings.Index(frame, "▌")], "\n") }
	if line(before) != line(after) {
		t.Errorf("the cursor jumped from line %d to line %d:\n%s", line(before), line(after), after)
	}
	ui.Send(tea.KeyMsg{Type: tea.KeyHome})
	ui.sees(t, "the newest one", func(f string) bool { return strings.Contains(cursorOn(f), "newcomer-4") })
}

func TestRetryAndCancelByKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := openStore(t, path)
	r := enqueue(t, s, "main")
	ui := startUI(t, s, 80, 24)
	ui.sees(t, "the run", holding("○ pending"))
	ui.Type("x")
	ui.sees(t, "the question", holding("Cancel run "+tail(r.ID)+" of main?", "y yes", "n no"))
	ui.Type("n")
	ui.sees(t, "that nothing was done", holding("○ pending", "r retry"))
	ui.Type("x")
	ui.Type("y")
	ui.sees(t, "the cancellation", holding("– cancelled", "is cancelled; u takes that back"))
	ui.Type("x")
	ui.sees(t, "why not", holding("can't be cancelled: it is cancelled"))
	ui.Type("r")
	ui.sees(t, "that it is due again", holding("○ pending", "is due now: same bytes, same key"))
}

func TestFilterAsYouType(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := openStore(t, path)
	for _, branch := range []string{"main", "fix/leak", "feature/radix"} {
		enqueue(t, s, branch)
	}
	ui := startUI(t, s, 80, 24)
	ui.sees(t, "all", holding("main", "fix/leak", "feature/radix"))
	ui.Type("/leak")
	ui.sees(t, "the match only", func(f string) bool {
		return strings.Contains(cursorOn(f), "fix/leak") && !strings.Contains(f, "feature/radix") && strings.Contains(f, "1 of 3 runs")
	})
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	frame := ui.sees(t, "all again", holding("main", "feature/radix"))
	if !strings.Contains(cursorOn(frame), "fix/leak") {
		t.Errorf("the place was lost: %q", cursorOn(frame))
	}
	ui.Type("/status:")
	ui.Type("wrong")
	ui.sees(t, "what is wrong with it", holding(`unknown status "wrong"`))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.Type("/nowhere")
	ui.sees(t, "that nothing matches", holding("No run matches.", "3 runs"))
}

// scripted delivers what a test tells it to, in order; then it waits.
type scripted struct {
	mu       sync.Mutex
	verdicts []client.Verdict
}

func (s *scripted) Credential(string, string, string) (client.Credential, bool) {
	return client.Credential{}, true
}

func (s *scripted) Send(ctx context.Context, p client.Parcel) client.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.verdicts) == 0 {
		<-ctx.Done()
		return client.Verdict{Outcome: client.Unknown, Message: ctx.Err().Error()}
	}
	v := s.verdicts[0]
	s.verdicts = s.verdicts[1:]
	v.Scope, v.Date = client.ScopeRun, time.Now()
	if v.Outcome.Acknowledged() {
		v.Report = &client.Report{UUID: otherID, Results: make([][]client.Result, len(p.Want.Iterations))}
	}
	return v
}

func (s *scripted) Look(context.Context, client.Parcel) client.Sighting {
	return client.Sighting{State: client.SawGone}
}
func (s *scripted) Clear(context.Context, client.Parcel) client.Clearance {
	return client.Clearance{State: client.ClearToSend}
}
func (s *scripted) Search(context.Context, client.Parcel) client.Search {
	return client.Search{Asked: true}
}
func (s *scripted) MayDelete(context.Context, client.Parcel) (bool, error) { return false, nil }
func (s *scripted) Delete(context.Context, client.Parcel) client.Deletion  { return client.Deletion{} }
func (s *scripted) Ping(context.Context, string) (string, error)           { return "0.6.9", nil }

func TestADeliveryIsSeenFromLostAnswerToDeduplicated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	ui := startUI(t, openStore(t, path), 120, 40)
	s := openStore(t, path)
	enqueue(t, s, "main")
	deliverer := &scripted{verdicts: []client.Verdict{
		{Outcome: client.Unknown, Message: "no whole answer: unexpected EOF", Wait: 2 * time.Second},
		{Outcome: client.Replayed, HTTPStatus: 201},
	}}
	ctx, cancel := context.WithCancel(context.Background())
	var sender sync.WaitGroup
	sender.Go(func() { _ = (&outbox.Sender{Store: s, Deliverer: deliverer}).Run(ctx) })
	defer sender.Wait()
	defer cancel()
	ui.sees(t, "the lost answer", holding("? unknown", "unexpected EOF", "may hold it already", "next in"))
	ui.sees(t, "the proof", holding("◆ deduplicated", "◆ replayed", "The first answer was lost", "all delivered", "waited "))
}

func TestTheListStandsEitherWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := largeOutbox(t, path, 500)
	ui := startUI(t, s, 80, 24)
	ui.sees(t, "the newest first", func(f string) bool { return strings.Contains(cursorOn(f), "branch-499") })
	ui.Type("s")
	ui.sees(t, "the same run, the other way", func(f string) bool {
		return strings.Contains(cursorOn(f), "branch-499") && strings.Contains(f, "oldest first") && strings.Index(f, "branch-498") < strings.Index(f, "branch-499")
	})
	ui.Type("g")
	ui.sees(t, "the oldest one", func(f string) bool { return strings.Contains(cursorOn(f), " main ") })
	for range 30 {
		ui.Send(tea.KeyMsg{Type: tea.KeyPgDown})
	}
	ui.sees(t, "a run far down", func(f string) bool { return strings.Contains(cursorOn(f), "branch-") })
	ui.Type("G")
	ui.sees(t, "the newest one", func(f string) bool { return strings.Contains(cursorOn(f), "branch-499") })
	enqueue(t, s, "newcomer")
	ui.sees(t, "the newcomer", holding("501 runs"))
	ui.Type("/")
	ui.Type("branch-4")
	ui.sees(t, "the oldest match", func(f string) bool { return strings.Contains(cursorOn(f), "branch-4 ") })
}

// TestTheBellRingsForARejectedRun, once for each, and only where it is wanted.
func TestTheBellRingsForARejectedRun(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
		var output lockedBuffer
		ui := startUIWith(t, s, 80, 24, func(o *Options) { o.Bell, o.Output = wanted, &output })
		ui.sees(t, "nothing yet", holding("The outbox is empty"))
		enqueue(t, s, "main")
		ui.sees(t, "the run", holding("○ pending"))
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		deliverer := &scripted{verdicts: []client.Verdict{{Outcome: client.Refused, Message: "no"}}}
		go func() { done <- (&outbox.Sender{Store: s, Deliverer: deliverer}).Run(ctx) }()
		ui.sees(t, "the refusal", holding("✕ rejected", "need"))
		cancel()
		<-done
		if wanted {
			ui.sees(t, "a bell", func(string) bool { return strings.Count(output.String(), "\a") == 1 })
		} else if strings.Contains(output.String(), "\a") {
			t.Error("it rang unasked")
		}
	}
}

func TestAFilterFindsNamesThatAreAlike(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	for _, branch := range []string{"main", "feature/radix", "fix/leak"} {
		enqueue(t, s, branch)
	}
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "three runs", holding("3 runs"))
	ui.Type("/frdx")
	ui.sees(t, "the one that is like it", func(f string) bool {
		return strings.Contains(cursorOn(f), "feature/radix") && !strings.Contains(f, "fix/leak") && strings.Contains(f, "names like them")
	})
	ui.Send(tea.KeyMsg{Type: tea.KeyBackspace})
	ui.Send(tea.KeyMsg{Type: tea.KeyBackspace})
	ui.Send(tea.KeyMsg{Type: tea.KeyBackspace})
	ui.sees(t, "those with the letter, as before", func(f string) bool {
		return strings.Contains(f, "fix/leak") && !strings.Contains(f, "names like them")
	})
	ui.Type("zzzz")
	ui.sees(t, "that nothing matches", holding("No run matches."))
}
