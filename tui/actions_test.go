package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
)

// ofRepository is a run that was measured in a repository.
func ofRepository(t *testing.T, s *outbox.Store, branch, root string) *outbox.Run {
	t.Helper()
	id, err := outbox.NewID()
	if err != nil {
		t.Fatal(err)
	}
	body, err := client.NewRun{
		Project: "demo", Branch: branch, Testbed: "ci-linux", StartTime: noon, EndTime: noon, Context: map[string]string{client.ContextRepoHash: root},
		Results: []string{`{"BenchmarkA":{"latency":{"value":1}}}`}, Settings: &client.Settings{Adapter: "json"},
	}.Freeze(id)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := s.Enqueue(context.Background(), outbox.New{ID: id, Body: body, Host: "https://bench.example"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheListBeginsWithThisRepositorysRuns(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	ofRepository(t, s, "mine", "aaaa")
	ofRepository(t, s, "others", "bbbb")
	ui := startUIWith(t, s, 120, 40, func(o *Options) { o.Repository = "aaaa" })
	ui.sees(t, "this repository's run only", func(f string) bool {
		return strings.Contains(f, "mine") && !strings.Contains(f, "others") && strings.Contains(f, "1 of 2 runs, this repository's")
	})
	ui.Type("A")
	ui.sees(t, "all", holding("mine", "others", "runs of every repository"))
	elsewhere := startUIWith(t, s, 120, 40, func(o *Options) { o.Repository = "cccc" })
	elsewhere.sees(t, "all, since this repository has none", holding("mine", "others"))
}

func TestManyRunsAtOnceAndUndo(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	for i := range 6 {
		enqueue(t, s, fmt.Sprint("branch-", i))
	}
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("branch-5", "branch-0"))
	ui.Send(keyMsg(" "))
	for range 3 {
		ui.Send(keyMsg("j"))
	}
	ui.Send(keyMsg("v"))
	ui.sees(t, "the marks", holding("5 marked"))
	ui.Type("x")
	ui.sees(t, "the question", holding("Cancel 5 runs?"))
	ui.Type("y")
	ui.sees(t, "five cancelled ones", func(f string) bool { return strings.Count(f, "– cancelled") == 5 && !strings.Contains(f, "marked") })
	ui.Type("u")
	ui.sees(t, "none", func(f string) bool { return !strings.Contains(f, "– cancelled") && strings.Contains(f, "undone") })
	ui.Type("u")
	ui.sees(t, "that nothing is left", holding("nothing to undo"))
	ui.Type("D")
	ui.sees(t, "what is lost", holding("What is not delivered is lost"))
	ui.Type("n")
	ui.Type("D")
	ui.Type("y")
	ui.sees(t, "five runs", holding("5 runs", "is deleted"))
	ui.Type("p")
	ui.sees(t, "what can be paused", holding("a all", "p this project"))
	ui.Type("p")
	ui.sees(t, "that they wait for a person", holding("! paused", "delivery of project demo is paused"))
	holds, err := s.Holds(context.Background())
	if err != nil || len(holds) != 1 || holds[0].Project != "demo" {
		t.Errorf("%v %v", holds, err)
	}
	ui.Type("u")
	ui.sees(t, "that they go on", func(f string) bool { return !strings.Contains(f, "! paused") })
}

func TestCopyOpenAndExport(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	r := enqueue(t, s, "main")
	var output lockedBuffer
	var exported atomic.Pointer[outbox.Query]
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Output = &output
		o.OpenURL = func(context.Context, string) error { return errors.New("no browser\x1b[2J here") }
		o.Export = func(_ context.Context, q outbox.Query, _ string) (int, int, error) {
			exported.Store(&q)
			return 1, 1, nil
		}
	})
	ui.sees(t, "the run", holding("main"))
	ui.Type("y")
	ui.sees(t, "what can be copied", holding("i ID", "k key", "j JSON"))
	ui.Type("i")
	ui.sees(t, "that it is copied", holding("copied the run's ID"))
	if want := base64.StdEncoding.EncodeToString([]byte(r.ID.String())); !strings.Contains(output.String(), want) {
		t.Errorf("the terminal was sent %q", output.String())
	}
	ui.Type("o")
	ui.sees(t, "that there is nothing to open", holding("no report is known yet"))
	ui.Type("/main")
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "the filter", holding("1 of 1 run"))
	ui.Type("X")
	ui.sees(t, "where it goes", holding("Export the runs that the list shows to burrow-"))
	ui.Type("y")
	ui.sees(t, "what was exported", holding("1 run is in burrow-", "1 damaged run was left out"))
	if q := exported.Load(); q == nil || len(q.Words) != 1 || q.Words[0] != "main" {
		t.Errorf("%+v", q)
	}
}

func TestTheNextProblemIsFound(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	largeOutbox(t, s.Path(), 300)
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("300 runs"))
	ui.Type("!")
	ui.sees(t, "that there is none", holding("no run needs you"))
	if _, err := s.Pause(context.Background(), "https://bench.example", "demo"); err != nil {
		t.Fatal(err)
	}
	ui.Type("j!")
	ui.sees(t, "an older one", func(f string) bool {
		return strings.Contains(cursorOn(f), "! paused")
	})
}

func TestThePaletteDoesWhatItsWordsSay(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "main")
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the run", holding("main"))
	ui.Type(":")
	ui.Type("cancel")
	ui.sees(t, "the action", holding("cancel (don't send it)"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "the question", holding("Cancel run"))
	ui.Type("n")
	ui.Type(":")
	ui.Type("zzz")
	ui.sees(t, "that there is none", holding("No action has these words."))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the list", holding("STATUS"))
}

// TestTheFormFromCommandToOutbox: the output is seen, the results are looked at,
// and only then the run is enqueued; stopping enqueues nothing.
func TestTheFormFromCommandToOutbox(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	goOn := make(chan struct{})
	var thrownAway atomic.Int32
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Suggest = func(context.Context) Suggestions { return Suggestions{Commands: []string{"make bench"}} }
		o.Bench = func(ctx context.Context, trial Trial, live io.Writer) (*Measured, error) {
			fmt.Fprintf(live, "running %s\nBenchmarkA\t100\t12 ns/op\n", trial.Command)
			select {
			case <-goOn:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			n := newRun(t, trial.Branch)
			summary, err := client.Summarize(n.Body)
			return &Measured{
				Body: n.Body, Summary: summary, Discard: func() { thrownAway.Add(1) },
				Enqueue: func(ctx context.Context) (*outbox.Run, error) { r, _, err := s.Enqueue(ctx, n); return r, err },
			}, err
		}
	})
	ui.sees(t, "nothing yet", holding("The outbox is empty"))
	fill := func() {
		ui.Type("n")
		ui.sees(t, "the form", holding("what runs the benchmark"))
		ui.Type("make bench")
		for _, text := range []string{"", "demo", "feature/form", "", ""} {
			ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
			if text != "" {
				ui.Type(text)
			}
		}
		ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	}
	fill()
	ui.sees(t, "the output", holding("$ make bench", "running make bench", "Esc stop the benchmark"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "that nothing was enqueued, and the fields", holding("the benchmark was stopped; nothing was enqueued", "> make bench", "> feature/form"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the question", holding("throw away what was typed?"))
	ui.Type("y")
	ui.sees(t, "the list", holding("The outbox is empty"))

	close(goOn)
	fill()
	ui.sees(t, "the results", holding("BenchmarkA", "Enter puts it in the outbox", "feature/form"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the question", holding("Throw these results away?"))
	ui.Type("y")
	ui.sees(t, "that they were", holding("thrown away", "The outbox is empty"))
	if thrownAway.Load() != 1 {
		t.Errorf("thrown away %d times", thrownAway.Load())
	}
	fill()
	ui.sees(t, "the results", holding("BenchmarkA", "Enter puts it in the outbox", "feature/form"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "the run", func(f string) bool {
		return strings.Contains(cursorOn(f), "feature/form") && strings.Contains(f, "1 run")
	})
}

func TestAFormWithoutACommandSaysSo(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Bench = func(context.Context, Trial, io.Writer) (*Measured, error) { return nil, errors.New("it ran") }
	})
	ui.Type("n")
	ui.sees(t, "the form", holding("what runs the benchmark"))
	for range 7 {
		ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	}
	ui.sees(t, "what is missing", holding("name a command, or results files"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEsc})
	ui.sees(t, "the empty list", holding("The outbox is empty"))
}

func TestResubmittingWithAChange(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	r := enqueue(t, s, "main")
	if _, err := s.Cancel(context.Background(), r.ID); err != nil {
		t.Fatal(err)
	}
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Resubmit = func(ctx context.Context, id uuid.UUID, changes Trial, _ bool) (*outbox.Run, []string, error) {
			n := newRun(t, changes.Branch)
			n.Resubmits = &id
			made, _, err := s.Enqueue(ctx, n)
			return made, []string{"The report of the old one was deleted."}, err
		}
	})
	ui.sees(t, "the run", holding("– cancelled"))
	ui.Type("e")
	ui.sees(t, "the form with its values", holding("Resubmit run "+tail(r.ID), "> main", "> demo"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.Type("-again")
	for range 4 {
		ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	}
	ui.sees(t, "the new run", func(f string) bool {
		return strings.Contains(cursorOn(f), "main-again") && strings.Contains(f, "resubmits "+tail(r.ID)+". The report of the old one was deleted.")
	})
}

func TestActivityGoesToItsRun(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	largeOutbox(t, s.Path(), 400)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	deliverer := &scripted{verdicts: []client.Verdict{{Outcome: client.Created, HTTPStatus: 201}, {Outcome: client.Refused, Message: "odd"}}}
	go func() { done <- (&outbox.Sender{Store: s, Deliverer: deliverer}).Run(ctx) }()
	ui := startUI(t, s, 120, 40)
	ui.sees(t, "the runs", holding("400 runs"))
	ui.Type("4")
	ui.sees(t, "two attempts", holding("created", "refused", "odd"))
	ui.Send(tea.KeyMsg{Type: tea.KeyEnter})
	ui.sees(t, "the run", func(f string) bool {
		return strings.Contains(f, "STATUS") && (strings.Contains(cursorOn(f), "sent") || strings.Contains(cursorOn(f), "rejected"))
	})
	cancel()
	<-done
}

// TestAServerIsAskedForAReportOnce: however often the outbox changes, and again
// when a person asks.
func TestAServerIsAskedForAReportOnce(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "main")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- (&outbox.Sender{Store: s, Deliverer: &scripted{verdicts: []client.Verdict{{Outcome: client.Created, HTTPStatus: 201}}}}).Run(ctx)
	}()
	var asked atomic.Int32
	ui := startUIWith(t, s, 120, 40, func(o *Options) {
		o.Browse = func(string) (*client.Browser, error) {
			asked.Add(1)
			return nil, errors.New("away")
		}
	})
	ui.sees(t, "the delivery", holding("● sent"))
	cancel()
	<-done
	ui.Type("]]]]")
	ui.sees(t, "the question's end", holding("The report can't be read now: away."))
	for i := range 5 {
		enqueue(t, s, fmt.Sprint("later-", i))
		ui.sees(t, "the newcomer", holding(fmt.Sprint(i+2, " runs")))
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	ui.Type("R")
	ui.sees(t, "that it was asked again", func(string) bool { return asked.Load() == 2 })
}
