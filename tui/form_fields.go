package tui

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
)

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
