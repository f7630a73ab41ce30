package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
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

// openForm gathers what completes the fields, then opens them.
func (a *app) openForm() tea.Cmd {
	if a.options.Bench == nil {
		return a.say("nothing here runs benchmarks: burrow run does", true)
	}
	return a.suggest(nil)
}

// askResubmit opens a form with the selected run's own values.
func (p *outboxPage) askResubmit() tea.Cmd {
	run := p.list.selected()
	switch {
	case run == nil:
		return p.say("no run is selected", true)
	case p.options.Resubmit == nil:
		return p.say("nothing here resubmits: burrow resubmit "+tail(run.ID)+" does", true)
	case !run.Status.Ended():
		return p.say("run "+tail(run.ID)+" may still be delivered: cancel it first ("+p.keys.Cancel.Help().Key+")", true)
	case run.BodyPruned:
		return p.say("the results of run "+tail(run.ID)+" were dropped after their time", true)
	}
	return p.suggest(run)
}

func (s *shell) suggest(old *outbox.Run) tea.Cmd {
	o := s.options
	return s.work.do(func(ctx context.Context) tea.Msg {
		m := suggested{old: old}
		if o.Suggest != nil {
			m.suggestions = o.Suggest(ctx)
		}
		runs, err := o.Store.List(ctx, outbox.Query{Limit: 300})
		if err != nil {
			return failed{err}
		}
		add := func(list *[]string, name string) {
			if name != "" && !slices.Contains(*list, name) {
				*list = append(*list, name)
			}
		}
		for _, r := range runs {
			add(&m.suggestions.Projects, plain(r.Project))
			add(&m.suggestions.Branches, plain(r.Branch))
			add(&m.suggestions.Testbeds, plain(r.Testbed))
		}
		if o.Browse != nil && o.Host != "" {
			ctx, done := context.WithTimeout(ctx, time.Second) // completions are not worth a longer wait
			defer done()
			if browser, err := o.Browse(o.Host); err == nil && m.suggestions.Defaults.Project != "" {
				page, _ := browser.Branches(ctx, m.suggestions.Defaults.Project, client.NameFilter{}, client.Paging{Number: 1, Size: 50})
				for _, b := range page.Items {
					add(&m.suggestions.Branches, plain(b.Name))
				}
			}
		}
		m.suggestions.Adapters = harness.Adapters()
		return m
	})
}

// fieldsOf makes the fields of a form.
func fieldsOf(t theme, trial *Trial, old *outbox.Run, s Suggestions, width, height int) *huh.Form {
	input := func(title, hint string, value *string, suggestions []string) *huh.Input {
		return huh.NewInput().Title(title).Description(hint).Value(value).Suggestions(suggestions).Inline(false)
	}
	otherwise := func(value, none string) string {
		if value != "" {
			return "empty: " + value
		}
		return none
	}
	adapter := input("Adapter", otherwise(s.Defaults.Adapter, "empty: magic, which tries each"), &trial.Adapter, s.Adapters).
		Validate(func(text string) error { // the last field: what stands in others is looked at too
			if old == nil {
				switch command, files := strings.TrimSpace(trial.Command), strings.Fields(trial.Files); {
				case command == "" && len(files) == 0:
					return errors.New("name a command, or results files")
				case command != "" && len(files) > 0:
					return errors.New("a command or files, not both: empty one of them")
				}
			}
			if text == "" {
				return nil
			}
			_, err := harness.ParseAdapter(text)
			return err
		})
	project := input("Project", otherwise(s.Defaults.Project, "empty: the server makes one"), &trial.Project, s.Projects)
	branch := input("Branch", otherwise(s.Defaults.Branch, "empty: git's"), &trial.Branch, s.Branches)
	testbed := input("Testbed", otherwise(s.Defaults.Testbed, "empty: this system's"), &trial.Testbed, s.Testbeds)
	group := huh.NewGroup(
		input("Command", "what runs the benchmark, for a shell", &trial.Command, s.Commands),
		input("Results files", "in place of a command: names, separated by spaces", &trial.Files, nil).Validate(readable),
		project, branch, testbed, adapter,
	)
	if old != nil {
		group = huh.NewGroup(
			input("Host", "where it goes", &trial.Host, nil),
			project.Description("as it was, or changed"), branch.Description("as it was, or changed"), testbed.Description("as it was, or changed"),
			input("Hash", "40 hexadecimal digits, or empty", &trial.Hash, nil).Validate(func(text string) error {
				if text != "" && !client.IsHash(text) {
					return errors.New("a git hash has 40 hexadecimal digits")
				}
				return nil
			}),
			adapter.Description("as it was, or changed"),
		)
	}
	keys := huh.NewDefaultKeyMap()
	keys.Quit = key.NewBinding(key.WithDisabled())
	keys.Input.Next, keys.Input.Prev, keys.Input.Submit = keys.Quit, keys.Quit, keys.Quit // see moveField
	keys.Input.AcceptSuggestion = key.NewBinding(key.WithKeys("ctrl+e", "right"))
	return huh.NewForm(group).WithTheme(huhTheme(t)).WithKeyMap(keys).WithShowHelp(false).WithWidth(max(width-6, 20)).WithHeight(max(height-3, 4))
}

// readable tells whether results files can be read.
func readable(text string) error {
	for _, file := range strings.Fields(text) {
		if info, err := os.Stat(file); err != nil || info.IsDir() {
			return fmt.Errorf("%s can't be read as a file", file)
		}
	}
	return nil
}

// moveField moves between fields, and on from the last one if all of them are
// right. huh would do it by messages, which keys that are typed fast overtake.
func (f *form) moveField(m tea.KeyMsg) (cmd tea.Cmd, moved bool) {
	switch m.String() {
	case "shift+tab", "up":
		return f.fields.PrevField(), true
	case "enter", "tab", "down":
	default:
		return nil, false
	}
	before := f.fields.GetFocusedField()
	cmd = f.fields.NextField()
	if f.fields.GetFocusedField() == before {
		cmd = tea.Batch(f.fields.NextGroup(), before.Focus())
	}
	return cmd, true
}

// huhTheme draws huh's fields in burrow's colours.
func huhTheme(t theme) *huh.Theme {
	h := huh.ThemeBase()
	for _, f := range []*huh.FieldStyles{&h.Focused, &h.Blurred} {
		f.Title, f.Description = t.pen.dim, t.pen.dim
		f.ErrorIndicator, f.ErrorMessage = t.pen.bad, t.pen.bad
		f.TextInput.Prompt, f.TextInput.Placeholder = t.pen.accent, t.pen.faint
		f.TextInput.Cursor, f.TextInput.Text = t.pen.accent, t.pen.plain
		f.Base = t.pen.plain.PaddingLeft(2)
	}
	h.Focused.Title = t.pen.title
	return h
}

func (a *app) openFields(m suggested) tea.Cmd {
	f := &form{trial: &Trial{}, old: m.old, generation: a.now.Nanosecond()}
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
		old, resubmit := f.old, a.options.Resubmit
		return a.work.do(func(context.Context) tea.Msg {
			defer stop()
			run, notices, err := resubmit(ctx, old.ID, trial)
			m := accepted{generation: generation, run: run, err: err}
			if err == nil {
				m.words = strings.Join(append([]string{"run " + tail(run.ID) + " resubmits " + tail(old.ID)}, notices...), "; ")
			}
			return m
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

func (a *app) formEnded(m accepted) tea.Cmd {
	if m.generation != a.form.generation {
		return nil
	}
	a.form = nil
	if m.err != nil {
		return a.fail(m.err)
	}
	return tea.Batch(a.say(m.words, false), a.turn(0), a.outbox.goTo(m.run))
}

func (f *form) hints(k keyMap) []hint {
	switch f.stage {
	case stageFields:
		return []hint{{"Enter", "next"}, {"⇧Tab", "before"}, {"→", "complete"}, hintOf(k.Dismiss, "close")}
	case stageRunning:
		return []hint{hintOf(k.Dismiss, "stop the benchmark")}
	case stagePreview:
		return []hint{{"Enter", "put it in the outbox"}, {"↑/↓", "scroll"}, {"Esc", "throw it away"}}
	case stageWorking:
	}
	return []hint{{"", "working…"}}
}

func (f *form) lines(t theme, width, height int) []string {
	title := "New run"
	if f.old != nil {
		title = "Resubmit run " + tail(f.old.ID) + ": the same results under a new key"
	}
	lines := []string{"", " " + t.title.Render(cut(title, width-2))}
	switch f.stage {
	case stageFields:
		return append(lines, strings.Split(f.fields.View(), "\n")...)
	case stageRunning:
		what := f.trial.Command
		if f.trial.Files != "" {
			what = f.trial.Files
		}
		shown, total := f.live.tail(height - 5)
		lines = append(lines, between(" "+t.accent.Render("$ ")+plain(what), t.dim.Render(counted(total, "line", "lines")+" "), width), "")
		for _, line := range shown {
			lines = append(lines, "   "+cut(plain(line), width-4))
		}
	case stagePreview:
		return append(lines, f.pager.visible(t, width)...)
	case stageWorking:
		lines = append(lines, "", t.dim.Render("   working…"))
	}
	return lines
}

// arranged makes the preview's lines for a size.
func (f *form) arranged(t theme, width, height int) {
	switch f.stage {
	case stageFields:
		f.fields = f.fields.WithWidth(max(width-6, 20)).WithHeight(max(height-3, 4))
	case stagePreview:
		s := f.measured.Summary
		lines := []string{"   " + t.soft.Render(counted(s.Benchmarks, "benchmark", "benchmarks")+" of "+counted(len(s.Iterations), "iteration", "iterations")+
			", "+size(len(f.measured.Body))+", measured in "+took(s.EndTime.Sub(s.StartTime)))}
		subject := []string{}
		for _, word := range []string{s.Project, s.Branch, s.Testbed, s.Adapter} {
			if word != "" {
				subject = append(subject, plain(word))
			}
		}
		lines = append(lines, "   "+t.dim.Render(cut(strings.Join(subject, " · "), width-4)))
		for _, w := range s.Warnings {
			for _, line := range wrapped("! "+string(w), width-6) {
				lines = append(lines, "   "+t.warn.Render(line))
			}
		}
		lines = append(lines, "")
		unread := f.unread
		if unread == "" {
			unread = "burrow does not read what this adapter does; the server will."
		}
		lines = append(lines, resultLines(t, &detailsLoaded{results: f.rows, unread: unread}, width)...)
		lines = append(lines, "", "   "+t.accent.Render("Enter puts it in the outbox, to be sent exactly once."))
		f.pager = f.pager.filled(lines, height-2)
	case stageRunning, stageWorking:
	}
}
