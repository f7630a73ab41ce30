package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/exp/teatest"
	"github.com/google/uuid"
	"github.com/muesli/termenv"
)

// laboratory is a Bench in a test's hands: what it measures, and what becomes
// of that.
type laboratory struct {
	store     *outbox.Store
	began     chan Trial
	end       chan error // of a measurement; nil: it succeeds
	enqueue   chan error // lets the enqueueing go on
	discarded atomic.Int32
	enqueued  atomic.Int32
}

func newLaboratory(t *testing.T) *laboratory {
	t.Helper()
	return &laboratory{
		store: openStore(t, filepath.Join(t.TempDir(), "outbox.db")),
		began: make(chan Trial, 10), end: make(chan error, 10), enqueue: make(chan error, 10),
	}
}

func (l *laboratory) bench(t *testing.T) Bench {
	return func(ctx context.Context, trial Trial, live io.Writer) (*Measured, error) {
		fmt.Fprintf(live, "first line of %s\n%slast line\n", trial.Command, strings.Repeat("more\n", 60))
		l.began <- trial
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-l.end:
			if err != nil {
				return nil, err
			}
		}
		n := newRun(t, trial.Branch)
		summary, err := client.Summarize(n.Body)
		return &Measured{
			Body: n.Body, Summary: summary, Host: n.Host, Discard: func() { l.discarded.Add(1) },
			Enqueue: func(ctx context.Context) (*outbox.Run, error) {
				if err := <-l.enqueue; err != nil {
					return nil, err
				}
				r, _, err := l.store.Enqueue(ctx, n)
				l.enqueued.Add(1)
				return r, err
			},
		}, err
	}
}

func (l *laboratory) open(t *testing.T, width, height int, change func(*Options)) *watcher {
	t.Helper()
	ui := startUIWith(t, l.store, width, height, func(o *Options) {
		o.Bench = l.bench(t)
		change(o)
	})
	t.Cleanup(func() { // before the UI's own: it waits for what runs
		close(l.end)
		close(l.enqueue)
	})
	ui.sees(t, "the outbox", holding("Outbox"))
	return ui
}

// fill opens the form, types the command and a branch, and starts it.
func (w *watcher) fill(t *testing.T, command string) {
	t.Helper()
	w.Type("n")
	w.sees(t, "the form", holding("what runs the benchmark"))
	w.Type(command)
	w.enter(3)
	w.Type("feature/form")
	w.enter(3)
}

func (w *watcher) enter(times int) {
	for range times {
		w.Send(tea.KeyMsg{Type: tea.KeyEnter})
	}
}

// quits waits until the UI ended by itself.
func (w *watcher) quits(t *testing.T) {
	t.Helper()
	w.WaitFinished(t, teatest.WithFinalTimeout(patience))
}

// formOnly is a UI that nothing was read for, with an open form, and without a
// program around it.
func formOnly(width, height int) *app {
	o := Options{Now: func() time.Time { return noon }}.withDefaults()
	a := newApp(o, &work{ctx: context.Background()}, testTheme(termenv.Ascii, true))
	a.Update(tea.WindowSizeMsg{Width: width, Height: height})
	a.Update(fieldsWanted{})
	return a
}

// TestASecondSuggestionLeavesTheFormAlone: n pressed twice, while what completes
// the fields comes slowly, opens one form, at once; what is typed stays.
func TestASecondSuggestionLeavesTheFormAlone(t *testing.T) {
	lab, gate, asked := newLaboratory(t), make(chan string), make(chan struct{}, 10)
	ui := lab.open(t, 120, 40, func(o *Options) {
		o.Suggest = func(ctx context.Context) Suggestions {
			asked <- struct{}{}
			select {
			case name := <-gate:
				return Suggestions{Defaults: Trial{Project: name}}
			case <-ctx.Done():
				return Suggestions{}
			}
		}
	})
	ui.Type("n")
	ui.Type("nice bench") // the form takes it, whether it is complete or not
	ui.sees(t, "the text", holding("> nice bench"))
	ui.Send(fieldsWanted{}) // of a key that was pressed before the form came
	<-asked
	gate <- "first"
	ui.sees(t, "the text, and what came", holding("> nice bench", "empty: first"))
	ui.Send(suggested{generation: 99, suggestions: Suggestions{Defaults: Trial{Project: "second"}}})
	if frame := ui.screen(); !holding("> nice bench", "empty: first")(frame) {
		t.Errorf("what was typed, or gathered, is gone:\n%s", frame)
	}
	if len(asked) > 0 {
		t.Error("the second form asked too")
	}
}

// TestAStrangersMeasurementIsDiscarded: results that no open form waits for are
// thrown away, and not in Update, which must not wait for the disk.
func TestAStrangersMeasurementIsDiscarded(t *testing.T) {
	for _, open := range []bool{true, false} {
		a := formOnly(80, 24)
		if !open {
			press(a, "esc")
		}
		discarded := 0
		_, cmd := a.Update(benched{generation: 99, measured: &Measured{Discard: func() { discarded++ }}})
		if discarded > 0 {
			t.Error("it was discarded in Update")
		}
		everyMessage(cmd)
		if discarded != 1 {
			t.Errorf("a form is open: %v: discarded %d times", open, discarded)
		}
	}
}

// everyMessage runs a command's parts, but no timers.
func everyMessage(cmd tea.Cmd) (all []tea.Msg) {
	if cmd == nil {
		return nil
	}
	came := make(chan tea.Msg, 1)
	go func() { came <- cmd() }()
	select {
	case m := <-came:
		if parts, ok := m.(tea.BatchMsg); ok {
			for _, part := range parts {
				all = append(all, everyMessage(part)...)
			}
			return all
		}
		return []tea.Msg{m}
	case <-time.After(200 * time.Millisecond): // it is a timer
		return nil
	}
}

func TestDiscardingIsNoWorkOfUpdates(t *testing.T) {
	for _, keys := range [][]tea.KeyMsg{
		{{Type: tea.KeyEsc}, keyMsg("y")}, {{Type: tea.KeyCtrlC}, keyMsg("y")}, {{Type: tea.KeyCtrlC}, {Type: tea.KeyCtrlC}},
	} {
		a := formOnly(80, 24)
		discarded := 0
		a.Update(benched{generation: a.form.generation, measured: &Measured{Discard: func() { discarded++ }}})
		a.Update(keys[0])
		_, cmd := a.Update(keys[1])
		if discarded > 0 {
			t.Errorf("%v: it was discarded in Update", keys)
		}
		if everyMessage(cmd); discarded != 1 {
			t.Errorf("%v: discarded %d times", keys, discarded)
		}
	}
}

// TestCtrlCQuitsFromEveryStage, and what was measured is enqueued or discarded.
func TestCtrlCQuitsFromEveryStage(t *testing.T) {
	ctrlC := tea.KeyMsg{Type: tea.KeyCtrlC}
	t.Run("the fields", func(t *testing.T) {
		ui := newLaboratory(t).open(t, 80, 24, func(*Options) {})
		ui.Type("n")
		ui.sees(t, "the form", holding("what runs the benchmark"))
		ui.Send(ctrlC)
		ui.quits(t)
	})
	t.Run("a benchmark", func(t *testing.T) {
		lab := newLaboratory(t)
		ui := lab.open(t, 80, 24, func(*Options) {})
		ui.fill(t, "make bench")
		<-lab.began
		ui.Send(ctrlC)
		ui.quits(t)
	})
	t.Run("a benchmark that ends all the same", func(t *testing.T) {
		lab := newLaboratory(t)
		told := make(chan struct{})
		bench := lab.bench(t)
		ui := lab.open(t, 80, 24, func(o *Options) {
			o.Bench = func(ctx context.Context, trial Trial, live io.Writer) (*Measured, error) {
				<-ctx.Done()
				close(told)
				return bench(context.WithoutCancel(ctx), trial, live)
			}
		})
		ui.fill(t, "make bench")
		ui.sees(t, "that it runs", holding("$ make bench"))
		ui.Send(ctrlC)
		<-told
		ui.sees(t, "that it is told", holding("stopping"))
		lab.end <- nil
		ui.quits(t)
		if n := lab.discarded.Load(); n != 1 {
			t.Errorf("discarded %d times", n)
		}
	})
	t.Run("the results", func(t *testing.T) {
		lab := newLaboratory(t)
		ui := lab.open(t, 80, 24, func(*Options) {})
		ui.fill(t, "make bench")
		lab.end <- nil
		ui.sees(t, "the results", holding("Enter put it in the outbox"))
		ui.Send(ctrlC)
		ui.sees(t, "the question", holding("Throw these results away and quit?"))
		ui.Type("n")
		ui.sees(t, "the results", holding("Enter put it in the outbox"))
		ui.Send(ctrlC)
		ui.sees(t, "the question", holding("Throw these results away and quit?"))
		ui.Type("y")
		ui.quits(t)
		if n := lab.discarded.Load(); n != 1 {
			t.Errorf("discarded %d times", n)
		}
	})
	t.Run("the enqueueing", func(t *testing.T) {
		lab := newLaboratory(t)
		ui := lab.open(t, 80, 24, func(*Options) {})
		ui.fill(t, "make bench")
		lab.end <- nil
		ui.sees(t, "the results", holding("Enter put it in the outbox"))
		ui.enter(1)
		ui.sees(t, "that it is on its way", holding("putting the run in the outbox"))
		ui.Send(ctrlC)
		ui.sees(t, "that it is on its way still", holding("putting the run in the outbox"))
		lab.enqueue <- nil
		ui.quits(t)
		if enqueued, discarded := lab.enqueued.Load(), lab.discarded.Load(); enqueued != 1 || discarded != 0 {
			t.Errorf("enqueued %d times, discarded %d times", enqueued, discarded)
		}
	})
}

// TestAResubmissionCanBeLeft: Esc stops one that hangs and goes back to the
// fields, Ctrl-C stops it and quits.
func TestAResubmissionCanBeLeft(t *testing.T) {
	for _, key := range []tea.KeyType{tea.KeyEsc, tea.KeyCtrlC} {
		lab := newLaboratory(t)
		r := enqueue(t, lab.store, "main")
		if _, err := lab.store.Cancel(context.Background(), r.ID); err != nil {
			t.Fatal(err)
		}
		began, stopped := make(chan struct{}), make(chan error, 1)
		ui := lab.open(t, 80, 24, func(o *Options) {
			o.Resubmit = func(ctx context.Context, _ uuid.UUID, _ Trial, _ bool) (*outbox.Run, []string, error) {
				close(began)
				<-ctx.Done()
				stopped <- ctx.Err()
				return nil, nil, fmt.Errorf("asking the server: %w", ctx.Err())
			}
		})
		ui.sees(t, "the run", holding("– cancelled"))
		ui.Type("e")
		ui.sees(t, "the form", holding("Resubmit run"))
		ui.enter(1)
		ui.Type("-changed")
		ui.enter(5)
		ui.sees(t, "that it works", holding("looking what the server holds", "Esc stop"))
		<-began
		ui.Send(tea.KeyMsg{Type: key})
		if err := <-stopped; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if key == tea.KeyCtrlC {
			ui.quits(t)
			continue
		}
		ui.sees(t, "the fields as they were", holding("Resubmit run", "as it was, or changed", "the resubmission was stopped; nothing was enqueued"))
		ui.Send(tea.KeyMsg{Type: tea.KeyUp})
		ui.sees(t, "the fields as they were", holding("Hash"))
	}
}

// TestAResubmissionThatCantBeStoppedIsLeftAlone: a second Esc closes the form,
// and the new run is told of when it is there after all.
func TestAResubmissionThatCantBeStoppedIsLeftAlone(t *testing.T) {
	lab, goOn := newLaboratory(t), make(chan struct{})
	goesOn := sync.OnceFunc(func() { close(goOn) })
	r := enqueue(t, lab.store, "main")
	if _, err := lab.store.Cancel(context.Background(), r.ID); err != nil {
		t.Fatal(err)
	}
	ui := lab.open(t, 120, 40, func(o *Options) {
		o.Resubmit = func(ctx context.Context, id uuid.UUID, _ Trial, _ bool) (*outbox.Run, []string, error) {
			<-goOn
			n := newRun(t, "again")
			n.Resubmits = &id
			made, _, err := lab.store.Enqueue(context.WithoutCancel(ctx), n)
			return made, nil, err
		}
	})
	t.Cleanup(goesOn)
	ui.sees(t, "the run", holding("– cancelled"))
	ui.Type("e")
	ui.sees(t, "the form", holding("Resubmit run"))
	ui.enter(6)
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "that it was told", holding("stopping", "Esc close without waiting"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the list", holding("– cancelled", "was told to stop"))
	goesOn()
	ui.sees(t, "the new run", holding("again", "resubmits "+tail(r.ID)))
}

// TestAnAnswerOfNoKeepsTheResubmissionsFields: the report stays, and the form
// does not hang.
func TestAnAnswerOfNoKeepsTheResubmissionsFields(t *testing.T) {
	lab := newLaboratory(t)
	r := enqueue(t, lab.store, "main")
	if _, err := lab.store.Cancel(context.Background(), r.ID); err != nil {
		t.Fatal(err)
	}
	agreed := make(chan bool, 10)
	ui := lab.open(t, 120, 40, func(o *Options) {
		o.Resubmit = func(_ context.Context, _ uuid.UUID, _ Trial, yes bool) (*outbox.Run, []string, error) {
			agreed <- yes
			return nil, nil, &outbox.LeftoverError{Run: r, Held: 0}
		}
	})
	ui.sees(t, "the run", holding("– cancelled"))
	ui.Type("e")
	ui.sees(t, "the form", holding("Resubmit run"))
	ui.enter(2)
	ui.Type("-again")
	ui.enter(4)
	ui.sees(t, "the question", holding("Delete that report?"))
	ui.Type("n")
	ui.sees(t, "the fields", holding("> main-again", "Enter resubmit it"))
	ui.enter(1)
	ui.sees(t, "the question", holding("Delete that report?"))
	ui.Type("y")
	if first, second, third := <-agreed, <-agreed, <-agreed; first || second || !third {
		t.Errorf("agreed: %v, %v, %v", first, second, third)
	}
}

// TestAFailedCommandIsShown with its output, whole, and the fields are as they
// were typed.
func TestAFailedCommandIsShown(t *testing.T) {
	for _, size := range sizes {
		lab := newLaboratory(t)
		ui := lab.open(t, size.width, size.height, func(*Options) {})
		ui.fill(t, "make bench")
		lab.end <- &harness.FailedError{Command: "make bench", Status: "exit status 2", Code: 2}
		ui.sees(t, "the error and the end of the output", holding("! The command failed: exit status 2.", "enqueued.", "$ make bench", "last line"))
		ui.Type("g")
		ui.sees(t, "its beginning", holding("! The command failed", "first line of make bench"))
		ui.enter(1)
		ui.sees(t, "the fields", holding("Enter run it"))
		for range 6 {
			ui.Send(tea.KeyMsg{Type: tea.KeyUp})
		}
		ui.sees(t, "what was typed", holding("> make bench"))
		ui.Type(" again")
		ui.enter(6)
		<-lab.began
		if trial := <-lab.began; trial.Command != "make bench again" || trial.Branch != "feature/form" {
			t.Errorf("%+v", trial)
		}
	}
}

// TestRefusedFieldsAreSentBack with the reason, and with what was typed.
func TestRefusedFieldsAreSentBack(t *testing.T) {
	for _, size := range sizes {
		lab := newLaboratory(t)
		ui := lab.open(t, size.width, size.height, func(*Options) {})
		ui.fill(t, "make bench")
		lab.end <- &UnfitError{errors.New(`branch "bad..branch\x1b[2J" is no name that a server takes: two dots`)}
		ui.sees(t, "why", holding("! Branch", "two", "Enter run it"))
		ui.Send(tea.KeyMsg{Type: tea.KeyUp})
		ui.Send(tea.KeyMsg{Type: tea.KeyUp})
		ui.sees(t, "what was typed", holding("> feature/form", "! Branch"))
		ui.enter(3)
		<-lab.began
		if trial := <-lab.began; trial.Command != "make bench" || trial.Branch != "feature/form" {
			t.Errorf("%+v", trial)
		}
	}
	lab := newLaboratory(t)
	r := enqueue(t, lab.store, "main")
	if _, err := lab.store.Cancel(context.Background(), r.ID); err != nil {
		t.Fatal(err)
	}
	ui := lab.open(t, 120, 40, func(o *Options) {
		o.Resubmit = func(context.Context, uuid.UUID, Trial, bool) (*outbox.Run, []string, error) {
			return nil, []string{"The report of it was deleted"}, errors.New("these results don't fit the adapter rust")
		}
	})
	ui.sees(t, "the run", holding("– cancelled"))
	ui.Type("e")
	ui.sees(t, "the form", holding("Resubmit run"))
	ui.enter(2)
	ui.Type("-again")
	ui.enter(4)
	ui.sees(t, "why, what was done, and what was typed", holding("! These results don't fit the adapter rust. The report of it was deleted.", "> main-again"))
}

// TestAnEnqueueingThatFailsIsRead: where the results are now is too important
// for a line that goes by itself.
func TestAnEnqueueingThatFailsIsRead(t *testing.T) {
	lab := newLaboratory(t)
	ui := lab.open(t, 80, 24, func(*Options) {})
	ui.fill(t, "make bench")
	lab.end <- nil
	ui.sees(t, "the results", holding("Enter put it in the outbox"))
	ui.enter(1)
	lab.enqueue <- errors.New("the disk is full; the run is safe in /kept")
	ui.sees(t, "where it is", func(f string) bool {
		return holding("! The disk is full; the run is safe in /kept.", "Enter close")(f) && !strings.Contains(f, "othing was enqueued")
	})
	ui.enter(1)
	ui.sees(t, "the list", holding("The outbox is empty"))
}

// TestTheNewestCommandIsOffered in an empty field, before the folder's own.
func TestTheNewestCommandIsOffered(t *testing.T) {
	lab := newLaboratory(t)
	ui := lab.open(t, 80, 24, func(o *Options) {
		o.Suggest = func(context.Context) Suggestions {
			return Suggestions{Commands: []string{"two\nlines", "go test -bench ."}}
		}
	})
	right := tea.KeyMsg{Type: tea.KeyRight}
	ui.Type("n")
	ui.sees(t, "the folder's command", holding("> → go test -bench ."))
	ui.Send(right)
	ui.Type(" -count 3")
	ui.enter(6)
	if trial := <-lab.began; trial.Command != "go test -bench . -count 3" {
		t.Errorf("%+v", trial)
	}
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the fields", holding("was stopped"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the question", holding("throw away what was typed?"))
	ui.Type("y")
	ui.sees(t, "the list", holding("The outbox is empty"))
	ui.Type("n")
	ui.sees(t, "the newest one", holding("> → go test -bench . -count 3"))
	ui.Send(right)
	ui.enter(6)
	if trial := <-lab.began; trial.Command != "go test -bench . -count 3" {
		t.Errorf("%+v", trial)
	}
}

// TestResultsFilesAreCompleted, also in the home folder.
func TestResultsFilesAreCompleted(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	folder := filepath.Join(home, "results")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bench-new.txt", "bench old.txt", "bench\x1b[2J.txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string][]string{
		"~/res": {"~/results/"}, "a.txt ~/results/be": {"a.txt ~/results/bench-new.txt"}, folder + "/": {folder + "/bench-new.txt"},
		"": nil, "a.txt ": nil, "/nowhere/at/all": nil,
	} {
		if got := completions(text); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}

	lab := newLaboratory(t)
	ui := lab.open(t, 120, 40, func(*Options) {})
	right := tea.KeyMsg{Type: tea.KeyRight}
	ui.Type("n")
	ui.sees(t, "the form", holding("what runs the benchmark"))
	ui.enter(1)
	ui.Type("~/re")
	ui.sees(t, "the folder", holding("> ~/results/"))
	ui.Send(right)
	ui.sees(t, "the file in it", holding("> ~/results/bench-new.txt"))
	ui.Send(right)
	ui.Type(" ~/results/none.txt")
	ui.enter(5)
	ui.sees(t, "what can't be read, and what was typed", holding("none.txt can't be read", "> ~/results/bench-new.txt ~/results/none.txt"))
	for range 4 {
		ui.Send(tea.KeyMsg{Type: tea.KeyUp})
	}
	for range len(" ~/results/none.txt") {
		ui.Send(tea.KeyMsg{Type: tea.KeyBackspace})
	}
	ui.enter(5)
	if got := (<-lab.began).Paths(); len(got) != 1 || got[0] != filepath.Join(folder, "bench-new.txt") {
		t.Errorf("%q", got)
	}
}

// TestThePreviewSaysWhatGoesWhere, at every size, without cutting it.
func TestThePreviewSaysWhatGoesWhere(t *testing.T) {
	for _, size := range sizes {
		for _, test := range []struct {
			host, files string
			words, not  []string
		}{
			{"http://bench.example:6610", "a.txt b.txt", []string{"1 run of 2 iterations", "read from 2 files", "to http://bench.example:6610", "an_adapter_name"}, []string{"measured"}},
			{client.Local, "", []string{"measured in 3.0 s", "to the built-in server on this machine", "an_adapter_name"}, []string{"read from"}},
		} {
			a := formOnly(size.width, size.height)
			a.form.trial.Files = test.files
			a.Update(benched{generation: a.form.generation, measured: &Measured{Host: test.host, Summary: client.Summary{
				Project: "a-project", Branch: "feature/radix", Testbed: "Linux", Adapter: "an_adapter_name", Iterations: []int{1, 1}, StartTime: noon.Add(-3 * time.Second), EndTime: noon,
			}}})
			text := strings.Join(strings.Fields(a.View()), " ")
			for _, word := range test.words {
				if !strings.Contains(text, word) {
					t.Errorf("%d×%d: %q is not shown:\n%s", size.width, size.height, word, a.View())
				}
			}
			for _, word := range test.not {
				if strings.Contains(text, word) {
					t.Errorf("%d×%d: %q is shown:\n%s", size.width, size.height, word, a.View())
				}
			}
		}
	}
}

// TestAPreviewsWarningsArePlain: a benchmark's name is in them.
func TestAPreviewsWarningsArePlain(t *testing.T) {
	a := formOnly(120, 40)
	a.form.trial.Command = "make bench"
	a.Update(benched{generation: a.form.generation, measured: &Measured{Summary: client.Summary{
		Iterations: []int{1}, Warnings: []harness.Warning{"BenchmarkX\x1b]0;pwn\x07\u009b2J ran 2 times"},
	}}})
	frame := a.View()
	whole(t, "the preview", frame, 120, 40, true)
	if !strings.Contains(frame, "! BenchmarkX2J ran 2 times") || strings.Contains(frame, "pwn") {
		t.Errorf("%q", frame)
	}
}

// TestAResubmissionIsToldInSentences: what was told of the old run follows.
func TestAResubmissionIsToldInSentences(t *testing.T) {
	for want, notices := range map[string][]string{
		"Run 1 resubmits 2.": nil,
		"Run 1 resubmits 2. The report 3 was deleted. A warning follows.": {"The report 3 was deleted.", "a warning follows"},
	} {
		if got := sentences(append([]string{"run 1 resubmits 2"}, notices...)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAnOldRunsNamesStayItsOwn: a field shows what is fit to be drawn of a
// name; left as it is, it changes nothing.
func TestAnOldRunsNamesStayItsOwn(t *testing.T) {
	old := run(func(r *outbox.Run) { r.Branch, r.Testbed = "\u202emain", "a  b" })
	trial := trialOf(old)
	if trial.Branch != "main" || trial.asItWas(old).Branch != old.Branch || trial.asItWas(old).Testbed != old.Testbed {
		t.Errorf("%+v", trial)
	}
	trial.Branch = "other"
	if got := trial.asItWas(old).Branch; got != "other" {
		t.Errorf("%q", got)
	}
}
