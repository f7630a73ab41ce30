package tui

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"

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
		if len(text) > mostCopied {
			what += " (" + size(len(text)) + ": terminals drop what is too much for their clipboard)"
		}
		return told{"copied " + what}
	})
}

// mostCopied is how many bytes every terminal's clipboard takes at once: xterm's
// limit.
const mostCopied = 74_994

// askCopy offers what can be copied of a run, or of several, one on each line.
func (p *outboxPage) askCopy(runs []*outbox.Run) tea.Cmd {
	one := len(runs) == 1
	text := func(k, does, what, whats string, of func(*outbox.Run) string) choice {
		return option(k, does, func() tea.Cmd {
			var lines []string
			for _, r := range runs {
				if line := of(r); line != "" {
					lines = append(lines, line)
				}
			}
			if one {
				return p.copyText(lines[0], "the "+what)
			}
			return p.copyText(strings.Join(lines, "\n"), counted(len(lines), what, whats))
		})
	}
	choices := []choice{
		text("i", "ID", "run's ID", "runs' IDs", func(r *outbox.Run) string { return r.ID.String() }),
		text("k", "key", "idempotency key", "idempotency keys", func(r *outbox.Run) string { return r.Key.String() }),
	}
	if slices.ContainsFunc(runs, func(r *outbox.Run) bool { return r.ReportURL() != "" }) {
		choices = append(choices, text("u", "address", "report's address", "reports' addresses", (*outbox.Run).ReportURL))
	}
	choices = append(choices, option("j", "JSON", func() tea.Cmd { return p.copyJSON(runs) }))
	if one {
		choices = append(choices, option("b", "body", func() tea.Cmd { return p.copyBody(runs[0]) }))
	}
	question := "Copy?"
	if hidden := p.hiddenWords(runs); !one || hidden != "" {
		question = "Copy of " + runWords(runs) + strings.TrimSuffix(hidden, ",") + "?"
	}
	p.choose(question, choices...)
	return nil
}

// copyJSON copies a run's JSON, or several runs', one on each line.
func (p *outboxPage) copyJSON(runs []*outbox.Run) tea.Cmd {
	shape := p.options.RunJSON
	if shape == nil {
		shape = func(r *outbox.Run) ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
	}
	return p.work.do(func(context.Context) tea.Msg {
		var all bytes.Buffer
		for i, r := range runs {
			data, err := shape(r)
			if err == nil && len(runs) == 1 {
				return p.copyText(string(data), "the run as JSON")()
			}
			if i > 0 {
				all.WriteByte('\n')
			}
			if err == nil {
				err = json.Compact(&all, data)
			}
			if err != nil {
				return failed{err}
			}
		}
		return p.copyText(all.String(), runWords(runs)+" as JSON, one on each line")()
	})
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
