package tui

import (
	"context"
	"errors"

	"burrow/client"
	"burrow/client/harness"

	tea "github.com/charmbracelet/bubbletea"
)

// measure runs what the fields describe.
func (a *app) measure(trial Trial) tea.Cmd {
	f := a.form
	f.stage = stageRunning
	if trial.Command != "" {
		a.commands = preceded(a.commands, trial.Command)
		f.fields.complete(Suggestions{Commands: a.commands})
	}
	ctx, stop := context.WithCancel(a.work.ctx)
	f.stop = stop
	bench, out, generation := a.options.Bench, f.live, f.generation
	return a.work.do(func(ends context.Context) tea.Msg {
		defer stop()
		m := benched{generation: generation}
		if m.err = unreadable(trial.Paths()); m.err != nil {
			return m
		}
		if m.measured, m.err = bench(ctx, trial, out); m.err != nil {
			return m
		}
		if ends.Err() != nil { // nobody hears of it any more
			m.measured.Discard()
			return nil
		}
		readings, bad := client.Readings(harness.Adapter(m.measured.Summary.Adapter), m.measured.Body)
		if bad != nil {
			m.unread = sentence(bad.Error())
		}
		for _, one := range readings {
			m.rows = append(m.rows, resultRow{Reading: one})
		}
		return m
	})
}

func (a *app) benchEnded(m benched) tea.Cmd {
	f := a.form
	switch {
	case f == nil || f.generation != m.generation:
		return a.discard(m.measured, nil)
	case f.leaving:
		return a.discard(m.measured, leaveWanted{})
	}
	var unfit *UnfitError
	switch {
	case m.err == nil:
		f.stage, f.measured, f.rows, f.unread, f.pager = stagePreview, m.measured, m.rows, m.unread, pager{}
	case errors.Is(m.err, context.Canceled):
		f.back("")
		return a.say("the benchmark was stopped; nothing was enqueued", true)
	case errors.As(m.err, &unfit) || f.trial.trimmed().Command == "":
		f.back(sentences([]string{m.err.Error()}))
	default:
		f.stage, f.err = stageFailed, m.err
	}
	return nil
}

// discard throws away what was measured, which is work on the disk, and brings
// a message after it.
func (a *app) discard(measured *Measured, then tea.Msg) tea.Cmd {
	return a.work.do(func(context.Context) tea.Msg {
		if measured != nil {
			measured.Discard()
		}
		return then
	})
}

func (a *app) askDiscard() {
	a.ask("Throw these results away?", func() tea.Cmd {
		measured := a.form.measured
		a.form = nil
		return a.discard(measured, told{"the results were thrown away: nothing was enqueued"})
	})
}

func (a *app) askDiscardAndQuit() {
	f := a.form
	a.menu = &menu{"Throw these results away and quit?", []choice{
		{a.keys.Yes, "yes", func() tea.Cmd { return a.discard(f.measured, leaveWanted{}) }},
		{a.keys.No, "no", func() tea.Cmd { f.leaving = false; return nil }},
	}}
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
