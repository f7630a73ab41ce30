package tui

import (
	"context"
	"time"

	"burrow/client/harness"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// form lies over the views: a run is described, then measured with its output
// in sight, then looked at, and only then put in the outbox; or an old run is
// sent again with changes. What was typed stays until the run is in the outbox
// or the person closes the form.
type form struct {
	stage   stage
	fields  *fields
	trial   *Trial
	old     *outbox.Run // of a resubmission
	trouble string      // why the fields were sent back

	generation int
	live       *live
	output     pager
	since, now time.Time
	begun      Trial // the fields as they were at first
	stop       context.CancelFunc
	stopping   bool  // what is under way was told to stop
	leaving    bool  // the UI is to end with it
	err        error // of what failed
	measured   *Measured
	rows       []resultRow
	unread     string
	pager      pager
}

type stage int

const (
	stageFields stage = iota
	stageRunning
	stageFailed // the command, or the enqueueing
	stagePreview
	stageWorking // enqueueing or resubmitting
)

type (
	// fieldsWanted: a form is to be opened, of a new run or of an old one.
	fieldsWanted struct{ old *outbox.Run }
	// suggested: what completes a form's fields was gathered.
	suggested struct {
		generation  int
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
		words      string // what became of it, or of the old run where there is an error
		err        error
	}
)

func (f *form) running() bool { return f.stage == stageRunning || f.stage == stageWorking }

// openFields opens a form at once, so that what is typed next is its text;
// what completes the fields comes when it is gathered. A form that is open
// stays: it holds what was typed, or a benchmark.
func (a *app) openFields(m fieldsWanted) tea.Cmd {
	if a.form != nil {
		return nil
	}
	a.forms++
	f := &form{trial: &Trial{}, old: m.old, generation: a.forms}
	if m.old != nil {
		*f.trial = trialOf(m.old)
	}
	f.begun = *f.trial
	f.fields = fieldsOf(a.theme, f.trial, m.old, a.width, a.room.body)
	f.fields.complete(Suggestions{Commands: a.commands, Adapters: harness.Adapters()})
	a.form, a.picker, a.helping = f, nil, false
	return tea.Batch(f.fields.Init(), a.suggest(f.generation))
}

// formHears takes in the messages of forms, also of one that is closed by now.
func (a *app) formHears(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case fieldsWanted:
		return a.openFields(m)
	case suggested:
		if f := a.form; f != nil && f.generation == m.generation {
			for _, command := range m.suggestions.Commands {
				if oneLine(command) {
					a.commands = appended(a.commands, command)
				}
			}
			m.suggestions.Commands = a.commands
			f.fields.complete(m.suggestions)
		}
	case filesFound:
		if f := a.form; f != nil && f.generation == m.generation {
			f.fields.offer(m)
		}
	case benched:
		return a.benchEnded(m)
	case accepted:
		return a.formEnded(m)
	}
	return nil
}

// formTakes gives the fields what huh sends to itself.
func (a *app) formTakes(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case watching, outboxChanged, outboxLoaded, rested, detailsLoaded, activityLoaded, activityRested, acted:
		return nil
	}
	if a.form.stage != stageFields {
		return nil
	}
	return a.form.fields.take(msg)
}

func (a *app) pressForm(m tea.KeyMsg) tea.Cmd {
	f, k := a.form, a.keys
	switch f.stage {
	case stageFields:
		return a.pressFields(m)
	case stageRunning:
		if key.Matches(m, k.Dismiss) {
			f.halt()
			return nil
		}
		f.output = f.output.move(a.rows(m, f.output.height, len(f.output.lines)))
	case stageFailed:
		if !key.Matches(m, k.Dismiss, k.Choose) {
			f.output = f.output.move(a.rows(m, f.output.height, len(f.output.lines)))
			return nil
		}
		if f.measured != nil { // it was to be enqueued: the error says where it is now
			a.form = nil
			return nil
		}
		f.back("")
	case stagePreview:
		switch {
		case key.Matches(m, k.Choose):
			return a.enqueueMeasured()
		case key.Matches(m, k.Dismiss):
			a.askDiscard()
		default:
			f.pager = f.pager.move(a.rows(m, f.pager.height, len(f.pager.lines)))
		}
	case stageWorking:
		if key.Matches(m, k.Dismiss) && f.old != nil {
			return a.stopWaiting()
		}
	}
	return nil
}

func (a *app) pressFields(m tea.KeyMsg) tea.Cmd {
	f := a.form
	if key.Matches(m, a.keys.Dismiss) {
		if f.trial.trimmed() != f.begun.trimmed() {
			a.ask("Close the form, and throw away what was typed?", func() tea.Cmd {
				a.form = nil
				return nil
			})
			return nil
		}
		a.form = nil
		return nil
	}
	cmd, done := f.fields.press(m)
	if !done {
		return tea.Batch(cmd, a.findFiles())
	}
	f.trouble, f.stopping, f.err = "", false, nil
	f.live, f.output, f.since = &live{}, pager{}, a.now
	trial := f.trial.trimmed()
	if f.old != nil {
		return tea.Batch(cmd, a.resubmit(trial, false))
	}
	return tea.Batch(cmd, a.measure(trial))
}

// back goes back to the fields, as they were typed.
func (f *form) back(trouble string) {
	f.stage, f.trouble, f.measured, f.err = stageFields, plain(trouble), nil, nil
}

// halt tells what is under way to stop.
func (f *form) halt() {
	f.stopping = true
	f.stop()
}

// abandon ends the UI, from anywhere: what is measured is stopped and thrown
// away first, what is measured already only when the person agrees, and what is
// on its way into the outbox gets there.
func (a *app) abandon() tea.Cmd {
	f := a.form
	if f == nil {
		return a.leave(tea.QuitMsg{})
	}
	again := f.leaving
	f.leaving = true
	switch f.stage {
	case stageRunning:
		if !again {
			f.halt()
			return nil
		}
	case stagePreview:
		if again {
			return a.discard(f.measured, leaveWanted{})
		}
		a.askDiscardAndQuit()
		return nil
	case stageWorking:
		if f.old != nil {
			f.stop()
		} else if !again {
			return nil // it is a matter of milliseconds
		}
	case stageFields, stageFailed:
	}
	return a.leave(tea.QuitMsg{})
}
