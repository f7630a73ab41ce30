package tui

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
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
	// Run is the command line. {id}, {key}, {host}, {project}, {branch}, {hash},
	// {testbed}, {status}, {report} and {url} stand for the selected run's.
	Run string
}

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
		return tea.ExecProcess(shellCommand(p.work.ctx, c.Run, run), func(err error) tea.Msg {
			if err != nil {
				return failed{fmt.Errorf("%s: %w", c.Name, err)}
			}
			return told{c.Name + ": done"}
		}), true
	}
	return nil, false
}

// shellCommand gives the run's fields to the shell as variables, so that no
// name that a server or a harness gave is ever read as a command.
func shellCommand(ctx context.Context, line string, r *outbox.Run) *exec.Cmd {
	report := ""
	if r.Report != nil {
		report = r.Report.UUID.String()
	}
	var env []string
	for name, value := range map[string]string{
		"id": r.ID.String(), "key": r.Key.String(), "host": r.Host, "project": r.Project, "branch": r.Branch, "hash": r.Hash,
		"testbed": r.Testbed, "status": string(r.Status), "report": report, "url": r.ReportURL(),
	} {
		variable := "BURROW_" + strings.ToUpper(name)
		env = append(env, variable+"="+plain(value))
		reference := `"$` + variable + `"`
		if runtime.GOOS == "windows" {
			reference = "%" + variable + "%"
		}
		line = strings.ReplaceAll(line, "{"+name+"}", reference)
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	if runtime.GOOS == "windows" {
		cmd = exec.CommandContext(ctx, "cmd", "/C", line)
	}
	cmd.Env = append(cmd.Environ(), env...)
	return cmd
}
