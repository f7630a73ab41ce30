package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
)

// form lies over the views: a run is described, then measured with its output
// in sight, then looked at, and only then put in the outbox; or an old run is
// sent again with changes.
type form struct {
	stage  stage
	fields *huh.Form
	trial  *Trial
	old    *outbox.Run // of a resubmission

	generation int
	live       *live
	since      time.Time
	stop       context.CancelFunc
	measured   *Measured
	rows       []resultRow
	unread     string
	pager      pager
}

type stage int

const (
	stageFields stage = iota
	stageRunning
	stagePreview
	stageWorking // enqueueing or resubmitting
)

type (
	// suggested: what completes the fields was gathered.
	suggested struct {
		old         *outbox.Run
		suggestions Suggestions
	}
	// benched: the benchmark ended.
	benched struct {
		generation int
		measured   *Measured
		rows       []resultRow
		unread     string
		err        error
	}
	// accepted: the run is in the outbox, or not.
	accepted struct {
		generation int
		run        *outbox.Run
		words      string
		err        error
	}
)

func (f *form) running() bool { return f.stage == stageRunning || f.stage == stageWorking }

func (a *app) openFields(m suggested) tea.Cmd {
	a.forms++
	f := &form{trial: &Trial{}, old: m.old, generation: a.forms}
	if r := m.old; r != nil {
		*f.trial = Trial{Project: r.Project, Branch: r.Branch, Testbed: r.Testbed, Adapter: r.Adapter, Hash: r.Hash, Host: r.Host}
	}
	f.fields = fieldsOf(a.theme, f.trial, m.old, m.suggestions, a.width, a.room.body)
	a.form = f
	return f.fields.Init()
}

// formTakes gives a message to the form; taken is false where the views want
// it too.
func (a *app) formTakes(msg tea.Msg) (cmd tea.Cmd, taken bool) {
	f := a.form
	switch m := msg.(type) {
	case benched:
		return a.benchEnded(m), true
	case accepted:
		return a.formEnded(m), true
	case watching, outboxChanged, outboxLoaded, rested, detailsLoaded, activityLoaded, activityRested, acted:
		return nil, false
	}
	if f.stage == stageFields {
		model, cmd := f.fields.Update(msg)
		f.fields = model.(*huh.Form)
		return cmd, false
	}
	return nil, false
}

func (a *app) pressForm(m tea.KeyMsg) tea.Cmd {
	f, k := a.form, a.keys
	switch f.stage {
	case stageFields:
		if key.Matches(m, k.Dismiss) {
			a.form = nil
			return nil
		}
		if cmd, moved := f.moveField(m); moved {
			return tea.Batch(cmd, a.formMoved())
		}
		model, cmd := f.fields.Update(m)
		f.fields = model.(*huh.Form)
		return cmd
	case stageRunning:
		if key.Matches(m, k.Dismiss) || key.Matches(m, k.Abandon) {
			f.stop()
		}
	case stagePreview:
		switch {
		case key.Matches(m, k.Choose):
			return a.enqueueMeasured()
		case key.Matches(m, k.Dismiss):
			a.ask("Throw these results away?", func() tea.Cmd {
				f.measured.Discard()
				a.form = nil
				return a.say("the results were thrown away: nothing was enqueued", false)
			})
		default:
			f.pager = f.pager.move(a.rows(m, f.pager.height, len(f.pager.lines)))
		}
	case stageWorking:
	}
	return nil
}

// formMoved goes on once the fields are filled in.
func (a *app) formMoved() tea.Cmd {
	f := a.form
	if f.fields.State != huh.StateCompleted {
		return nil
	}
	f.live, f.since = &live{}, a.now
	ctx, stop := context.WithCancel(a.work.ctx)
	f.stop = stop
	generation, trial := f.generation, *f.trial
	if f.old != nil {
		f.stage = stageWorking
		return a.work.do(func(context.Context) tea.Msg {
			defer stop()
			return resubmitted(ctx, a.options.Resubmit, generation, f.old, trial, false)
		})
	}
	f.stage = stageRunning
	bench, out := a.options.Bench, f.live
	return a.work.do(func(context.Context) tea.Msg {
		defer stop()
		measured, err := bench(ctx, trial, out)
		m := benched{generation: generation, measured: measured, err: err}
		if err == nil {
			readings, bad := client.Readings(harness.Adapter(measured.Summary.Adapter), measured.Body)
			if bad != nil {
				m.unread = sentence(bad.Error())
			}
			for _, one := range readings {
				m.rows = append(m.rows, resultRow{Reading: one})
			}
		}
		return m
	})
}

func (a *app) benchEnded(m benched) tea.Cmd {
	f := a.form
	if m.generation != f.generation {
		return nil
	}
	if m.err != nil {
		lines, _ := f.live.tail(1)
		a.form = nil
		words := m.err.Error() + "; nothing was enqueued"
		if errors.Is(m.err, context.Canceled) {
			words = "the benchmark was stopped; nothing was enqueued"
		} else if len(lines) > 0 {
			words += ". Its last line: " + lines[0]
		}
		return a.say(words, true)
	}
	f.stage, f.measured, f.rows, f.unread = stagePreview, m.measured, m.rows, m.unread
	return nil
}

func (a *app) enqueueMeasured() tea.Cmd {
	f := a.form
	f.stage, f.since = stageWorking, a.now
	generation, measured := f.generation, f.measured
	return a.work.do(func(ctx context.Context) tea.Msg {
		run, err := measured.Enqueue(context.WithoutCancel(ctx))
		m := accepted{generation: generation, run: run, err: err}
		if err == nil {
			m.words = "run " + tail(run.ID) + " is in the outbox"
		}
		return m
	})
}

// resubmitted makes a new run of an old one.
func resubmitted(ctx context.Context, resubmit Resubmit, generation int, old *outbox.Run, trial Trial, agreed bool) accepted {
	run, notices, err := resubmit(ctx, old.ID, trial, agreed)
	m := accepted{generation: generation, run: run, err: err}
	if err == nil {
		m.words = strings.Join(append([]string{"run " + tail(run.ID) + " resubmits " + tail(old.ID)}, notices...), "; ")
	}
	return m
}

// askLeftover asks before a resubmission deletes a report that holds a part of
// the old run's results.
func (a *app) askLeftover(left *outbox.LeftoverError) {
	f := a.form
	a.ask(fmt.Sprintf("The server holds %d of %s of it. Delete that report?",
		left.Held, counted(len(left.Run.Iterations), "iteration", "iterations")), func() tea.Cmd {
		ctx, stop := context.WithCancel(a.work.ctx)
		f.stop = stop
		generation, trial := f.generation, *f.trial
		return a.work.do(func(context.Context) tea.Msg {
			defer stop()
			return resubmitted(ctx, a.options.Resubmit, generation, f.old, trial, true)
		})
	})
}

func (a *app) formEnded(m accepted) tea.Cmd {
	if m.generation != a.form.generation {
		return nil
	}
	var left *outbox.LeftoverError
	if errors.As(m.err, &left) {
		a.askLeftover(left)
		return nil
	}
	a.form = nil
	if m.err != nil {
		return a.fail(m.err)
	}
	return tea.Batch(a.say(m.words, false), a.turn(0), a.outbox.goTo(m.run))
}
