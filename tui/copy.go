package tui

import (
	"context"
	"encoding/json"
	"io"
	"os"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// told: something was done that only has to be said.
type told struct{ words string }

// write sends a control sequence to the terminal, beside the frames.
func (s *shell) write(sequence string) tea.Cmd {
	return s.work.do(func(context.Context) tea.Msg {
		if _, err := io.WriteString(s.options.Output, sequence); err != nil {
			return failed{err}
		}
		return nil
	})
}

// copyText puts a text into the terminal's clipboard (OSC 52), which works over
// ssh too. tmux takes it itself where its set-clipboard is on, and hands it on
// where it allows that.
func (s *shell) copyText(text, what string) tea.Cmd {
	sequence := ansi.SetSystemClipboard(text)
	if os.Getenv("TMUX") != "" {
		sequence += ansi.TmuxPassthrough(sequence)
	}
	return s.work.do(func(context.Context) tea.Msg {
		if _, err := io.WriteString(s.options.Output, sequence); err != nil {
			return failed{err}
		}
		return told{"copied " + what}
	})
}

// askCopy offers what can be copied of the selected run.
func (p *outboxPage) askCopy() tea.Cmd {
	run := p.list.selected()
	if run == nil {
		return p.say("no run is selected", true)
	}
	text := func(k, does, what, text string) choice {
		return option(k, does, func() tea.Cmd { return p.copyText(text, what) })
	}
	choices := []choice{
		text("i", "ID", "the run's ID", run.ID.String()),
		text("k", "key", "the idempotency key", run.Key.String()),
	}
	if run.ReportURL() != "" {
		choices = append(choices, text("u", "address", "the report's address", run.ReportURL()))
	}
	choices = append(choices,
		option("j", "JSON", func() tea.Cmd { return p.copyJSON(run) }),
		option("b", "body", func() tea.Cmd { return p.copyBody(run) }))
	p.choose("Copy?", choices...)
	return nil
}

func (p *outboxPage) copyJSON(run *outbox.Run) tea.Cmd {
	data, err := json.MarshalIndent(run, "", "  ")
	if p.options.RunJSON != nil {
		data, err = p.options.RunJSON(run)
	}
	if err != nil {
		return p.fail(err)
	}
	return p.copyText(string(data), "the run as JSON")
}

func (p *outboxPage) copyBody(run *outbox.Run) tea.Cmd {
	s := p.options.Store
	return p.work.do(func(ctx context.Context) tea.Msg {
		body, err := s.Body(ctx, run.ID)
		if err != nil {
			return failed{err}
		}
		return p.copyText(string(body), "the frozen body, "+size(len(body)))()
	})
}

// openReport opens the selected run's report in a browser.
func (p *outboxPage) openReport() tea.Cmd {
	run := p.list.selected()
	if run == nil || run.Report == nil {
		return p.say("no report is known yet", true)
	}
	if run.ReportURL() == "" {
		return p.say("the built-in server has no pages: the Report tab shows what it holds", true)
	}
	return p.openAddress(run.ReportURL())
}

func (s *shell) openAddress(address string) tea.Cmd {
	if s.options.OpenURL == nil {
		return s.say("nothing here opens addresses: "+address, true)
	}
	return s.work.do(func(ctx context.Context) tea.Msg {
		if err := s.options.OpenURL(ctx, address); err != nil {
			return failed{err}
		}
		return told{"opened " + address}
	})
}
