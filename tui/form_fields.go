package tui

import (
	"errors"
	"slices"
	"strings"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
)

// fields are those of a form.
type fields struct {
	*huh.Form

	trial *Trial
	old   *outbox.Run
	first *huh.Input

	command, files, project, branch, testbed, adapter *huh.Input

	shown string   // the command that an empty field offers
	asked string   // the file names that completions were last asked for
	found []string // those completions
}

// fieldsOf makes the fields of a form.
func fieldsOf(t theme, trial *Trial, old *outbox.Run, width, height int) *fields {
	input := func(title, hint string, value *string) *huh.Input {
		return huh.NewInput().Title(title).Description(hint).Value(value).Inline(false)
	}
	f := &fields{
		trial: trial, old: old,
		command: input("Command", "what runs the benchmark, for a shell", &trial.Command),
		files:   input("Results files", "in place of a command; all make one run", &trial.Files),
		project: input("Project", "empty: the server makes one", &trial.Project),
		branch:  input("Branch", "empty: git's", &trial.Branch),
		testbed: input("Testbed", "empty: this system's", &trial.Testbed),
		adapter: input("Adapter", "empty: magic, which tries each", &trial.Adapter),
	}
	f.adapter.Validate(f.whole) // the last field: what stands in others is looked at too
	group := huh.NewGroup(f.command, f.files, f.project, f.branch, f.testbed, f.adapter)
	f.first = f.command
	if old != nil {
		f.first = input("Host", "where it goes", &trial.Host)
		for _, one := range []*huh.Input{f.project, f.branch, f.testbed, f.adapter} {
			one.Description("as it was, or changed")
		}
		hash := input("Hash", "40 hexadecimal digits; empty: as it was", &trial.Hash).Validate(func(text string) error {
			if text = strings.TrimSpace(text); text != "" && !client.IsHash(text) {
				return errors.New("a git hash has 40 hexadecimal digits")
			}
			return nil
		})
		group = huh.NewGroup(f.first, f.project, f.branch, f.testbed, hash, f.adapter)
	}
	keys := huh.NewDefaultKeyMap()
	keys.Quit = key.NewBinding(key.WithDisabled())
	keys.Input.Next, keys.Input.Prev, keys.Input.Submit = keys.Quit, keys.Quit, keys.Quit // see press
	keys.Input.AcceptSuggestion = key.NewBinding(key.WithKeys("ctrl+e", "right"))
	f.Form = huh.NewForm(group).WithTheme(huhTheme(t)).WithKeyMap(keys).WithShowHelp(false)
	f.sized(width, height-headHeight(height))
	return f
}

// sized fits the fields to a room. huh sets errors off by a line that it does not
// count.
func (f *fields) sized(width, height int) {
	f.Form = f.WithWidth(max(width-6, 20)).WithHeight(max(height-1, 4))
}

// whole tells what the last field lacks, and the fields together.
func (f *fields) whole(adapter string) error {
	if f.old == nil {
		switch command, files := strings.TrimSpace(f.trial.Command), f.trial.Paths(); {
		case command == "" && len(files) == 0:
			return errors.New("name a command, or results files")
		case command != "" && len(files) > 0:
			return errors.New("a command or files, not both: empty one of them")
		}
	}
	if adapter = strings.TrimSpace(adapter); adapter == "" {
		return nil
	}
	_, err := harness.ParseAdapter(adapter)
	return err
}

// complete gives the fields what completes them; what is left out stays.
func (f *fields) complete(s Suggestions) {
	if len(s.Commands) > 0 {
		f.shown = s.Commands[0]
		f.command.Placeholder("→ " + f.shown)
	}
	for _, one := range []struct {
		field       *huh.Input
		suggestions []string
		otherwise   string
	}{
		{f.command, s.Commands, ""}, {f.project, s.Projects, s.Defaults.Project}, {f.branch, s.Branches, s.Defaults.Branch},
		{f.testbed, s.Testbeds, s.Defaults.Testbed}, {f.adapter, s.Adapters, s.Defaults.Adapter},
	} {
		if len(one.suggestions) > 0 {
			one.field.Suggestions(one.suggestions)
		}
		if one.otherwise != "" && f.old == nil {
			one.field.Description("empty: " + plain(one.otherwise))
		}
	}
	f.take(nil) // draws them
}

// take takes in a message of huh's.
func (f *fields) take(msg tea.Msg) tea.Cmd {
	model, cmd := f.Update(msg)
	f.Form = model.(*huh.Form)
	return cmd
}

// press acts on a key; done: the fields are filled in, and right. Moving
// between fields huh would do by messages, which keys that are typed fast
// overtake.
func (f *fields) press(m tea.KeyMsg) (cmd tea.Cmd, done bool) {
	focused := f.GetFocusedField()
	switch m.String() {
	case "shift+tab", "up":
		if focused == f.first {
			return nil, false
		}
		return f.PrevField(), false
	case "enter", "tab", "down":
		cmd = f.NextField()
		if f.GetFocusedField() != focused {
			return cmd, false
		}
		// The last one. huh is never told that the form is done, so that the fields
		// are still there when they are needed again.
		cmd = focused.Focus()
		f.take(nil)
		return cmd, m.String() == "enter" && len(f.Errors()) == 0
	case "right", "ctrl+e":
		if focused == f.command && f.trial.Command == "" && f.shown != "" {
			f.trial.Command = f.shown
			f.command.Value(&f.trial.Command)
			return f.take(nil), false
		}
	}
	return f.take(m), false
}

// oneLine tells whether a command can stand in a field as it is.
func oneLine(command string) bool {
	return !strings.ContainsAny(command, "\t\r\n") && client.Plain(command, 0) == strings.Join(strings.Fields(command), " ")
}

// preceded puts a text first, once.
func preceded(list []string, text string) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(one string) bool { return one == text })
	return append([]string{text}, list...)
}

// appended puts a text last, unless it is there.
func appended(list []string, text string) []string {
	if text == "" || slices.Contains(list, text) {
		return list
	}
	return append(slices.Clip(list), text)
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
