package tui

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// Command is a person's own command, bound to a key. It runs in a shell in
// place of the UI, which comes back after it.
type Command struct {
	Key  string
	Name string
	// Run is the command line, of sh or on Windows of PowerShell. {id}, {key},
	// {host}, {project}, {branch}, {hash}, {testbed}, {status}, {report} and {url}
	// stand for the selected run's.
	Run string
}

// CheckCommands tells what is wrong with a configuration's commands: a key that
// means something else, or a placeholder that stands for nothing.
func CheckCommands(commands []Command, others map[string][]string) error {
	k := newKeyMap().with(others)
	taken := map[string]string{}
	for _, s := range append(k.everywhere(), k.outboxScopes()...) {
		for _, b := range s.bindings {
			for _, one := range b.Keys() {
				taken[one] = b.Help().Desc
			}
		}
	}
	known := slices.Sorted(maps.Keys(fieldsOfRun(&outbox.Run{})))
	for _, c := range commands {
		if other, clash := taken[c.Key]; clash {
			return fmt.Errorf("the key %q of the command %q is %q already", c.Key, c.Name, other)
		}
		taken[c.Key] = c.Name
		for _, found := range placeholder.FindAllStringSubmatch(c.Run, -1) {
			if !slices.Contains(known, found[1]) {
				return fmt.Errorf("the command %q has {%s}, which stands for nothing: there are {%s}; a brace for the shell takes a space after it",
					c.Name, found[1], strings.Join(known, "}, {"))
			}
		}
	}
	return nil
}

// placeholder is a word in braces; what a shell (${x}) or git (@{u}) reads is
// none.
var placeholder = regexp.MustCompile(`(?:^|[^$@{])\{([a-z]+)\}`)

func (c Command) binding() key.Binding { return bind(shownKey(c.Key), plain(c.Name), c.Key) }

// customCommand finds the command of a key and runs it.
func (p *outboxPage) customCommand(m tea.KeyMsg) (tea.Cmd, bool) {
	for _, c := range p.options.Commands {
		if c.Key != m.String() {
			continue
		}
		run := p.list.selected()
		if run == nil {
			return p.say("no run is selected", true), true
		}
		return tea.Exec(&onScreen{ctx: p.work.ctx, Cmd: shellCommand(p.work.ctx, c.Run, run)}, func(err error) tea.Msg {
			if err != nil {
				return failed{fmt.Errorf("%s: %w", c.Name, err)}
			}
			return told{c.Name + ": done"}
		}), true
	}
	return nil, false
}

// shellCommand makes a command of a line for the system's shell.
func shellCommand(ctx context.Context, line string, r *outbox.Run) *exec.Cmd {
	words, env := shellWords(runtime.GOOS, line, r)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	return cmd
}

// shellWords give the run's fields to the shell as variables, so that no name
// that a server or a harness gave is ever read as a command. On Windows that
// takes PowerShell: cmd puts the values in before it reads the line.
func shellWords(system, line string, r *outbox.Run) (words, env []string) {
	for name, value := range fieldsOfRun(r) {
		variable := "BURROW_" + strings.ToUpper(name)
		env = append(env, variable+"="+plain(value))
		reference := `"$` + variable + `"`
		if system == "windows" {
			reference = "${env:" + variable + "}"
		}
		line = strings.ReplaceAll(line, "{"+name+"}", reference)
	}
	if system == "windows" {
		return []string{"powershell", "-NoProfile", "-Command", line}, env
	}
	return []string{"/bin/sh", "-c", line}, env
}

// fieldsOfRun are what placeholders stand for, by their names.
func fieldsOfRun(r *outbox.Run) map[string]string {
	report := ""
	if r.Report != nil {
		report = r.Report.UUID.String()
	}
	return map[string]string{
		"id": r.ID.String(), "key": r.Key.String(), "host": r.Host, "project": r.Project, "branch": r.Branch, "hash": r.Hash,
		"testbed": r.Testbed, "status": string(r.Status), "report": report, "url": r.ReportURL(),
	}
}
