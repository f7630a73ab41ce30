package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// trialOf is what an old run is, for its fields.
func trialOf(r *outbox.Run) Trial {
	return Trial{
		Project: plain(r.Project), Branch: plain(r.Branch), Testbed: plain(r.Testbed), Adapter: plain(r.Adapter), Hash: plain(r.Hash), Host: plain(r.Host),
	}
}

// asItWas puts the old run's own names back where a field shows what is fit to
// be drawn of them.
func (t Trial) asItWas(r *outbox.Run) Trial {
	for field, name := range map[*string]string{
		&t.Project: r.Project, &t.Branch: r.Branch, &t.Testbed: r.Testbed, &t.Adapter: r.Adapter, &t.Hash: r.Hash, &t.Host: r.Host,
	} {
		if *field == plain(name) {
			*field = name
		}
	}
	return t
}

// resubmit makes a new run of the old one.
func (a *app) resubmit(trial Trial, agreed bool) tea.Cmd {
	f := a.form
	f.stage, f.since = stageWorking, a.now
	ctx, stop := context.WithCancel(a.work.ctx)
	f.stop = stop
	do, generation, old := a.options.Resubmit, f.generation, f.old
	return a.work.do(func(context.Context) tea.Msg {
		defer stop()
		run, notices, err := do(ctx, old.ID, trial.asItWas(old), agreed)
		m := accepted{generation: generation, run: run, err: err, words: sentences(notices)}
		if err == nil {
			m.words = "run " + tail(run.ID) + " resubmits " + tail(old.ID)
			if len(notices) > 0 {
				m.words = sentences(append([]string{m.words}, notices...))
			}
		}
		return m
	})
}

// stopWaiting tells a resubmission to stop; asked again, it leaves it alone.
func (a *app) stopWaiting() tea.Cmd {
	f := a.form
	if !f.stopping {
		f.halt()
		return nil
	}
	a.form = nil
	return a.say("the resubmission was told to stop; should it succeed all the same, the list shows the new run", true)
}

// askLeftover asks before a resubmission deletes a report that holds a part of
// the old run's results.
func (a *app) askLeftover(left *outbox.LeftoverError) {
	f := a.form
	f.back("")
	a.ask(fmt.Sprintf("The server holds %d of %s of it. Delete that report?",
		left.Held, counted(len(left.Run.Iterations), "iteration", "iterations")), func() tea.Cmd {
		return a.resubmit(f.trial.trimmed(), true)
	})
}

// formEnded is told that a run is in the outbox, or why not.
func (a *app) formEnded(m accepted) tea.Cmd {
	f := a.form
	var left *outbox.LeftoverError
	switch {
	case f == nil || f.generation != m.generation:
		if m.words == "" {
			return nil
		}
		return a.say(m.words, m.err != nil)
	case m.err == nil && f.leaving:
		return a.leave(tea.QuitMsg{})
	case m.err == nil:
		a.form = nil
		return tea.Batch(a.say(m.words, false), a.turn(0), a.outbox.goTo(m.run))
	case f.old == nil:
		f.stage, f.err, f.leaving, f.output = stageFailed, m.err, false, pager{}
	case f.stopping:
		f.back(m.words)
		return a.say("the resubmission was stopped; nothing was enqueued", true)
	case errors.As(m.err, &left):
		a.askLeftover(left)
	default:
		f.back(strings.TrimSpace(sentences([]string{errorWords(m.err)}) + " " + m.words))
	}
	return nil
}

// sentences make texts follow each other: each begins with a capital and ends
// with a full stop.
func sentences(texts []string) string {
	var all []string
	for _, text := range texts {
		if text = sentence(text); text != "" {
			first, width := utf8.DecodeRuneInString(text)
			all = append(all, string(unicode.ToUpper(first))+text[width:])
		}
	}
	return strings.Join(all, " ")
}
