package tui

import (
	"errors"
	"strings"
	"time"

	"burrow/client/harness"

	"github.com/charmbracelet/x/ansi"
)

func (f *form) hints(k keyMap) []hint {
	switch f.stage {
	case stageFields:
		enter := hint{"Enter", "next"}
		if f.fields.GetFocusedField() == f.fields.adapter {
			enter.does = "run it"
			if f.old != nil {
				enter.does = "resubmit it"
			}
		}
		return []hint{enter, {"⇧Tab", "before"}, {"→", "complete"}, hintOf(k.Dismiss, "close")}
	case stageRunning:
		switch {
		case f.leaving:
			return []hint{hintOf(k.Abandon, "quit without waiting")}
		case f.stopping:
			return []hint{{"↑/↓", "scroll"}, hintOf(k.Abandon, "quit")}
		}
		return []hint{{"↑/↓", "scroll"}, hintOf(k.Dismiss, "stop the benchmark")}
	case stageFailed:
		if f.measured != nil {
			return []hint{{"↑/↓", "scroll"}, hintOf(k.Choose, "close")}
		}
		return []hint{{"↑/↓", "scroll"}, hintOf(k.Choose, "back to the fields")}
	case stagePreview:
		return []hint{{"Enter", "put it in the outbox"}, {"↑/↓", "scroll"}, {"Esc", "throw it away"}}
	case stageWorking:
		switch {
		case f.old != nil && f.stopping:
			return []hint{hintOf(k.Dismiss, "close without waiting")}
		case f.old != nil:
			return []hint{hintOf(k.Dismiss, "stop")}
		}
	}
	return []hint{{"", "working…"}}
}

// scant tells whether a room is too low for lines that only set others apart.
func scant(height int) bool { return height < 12 }

// headHeight is how many lines stand above what a form shows.
func headHeight(height int) int {
	if scant(height) {
		return 1
	}
	return 2
}

func (f *form) lines(t theme, width, height int) []string {
	title := "New run"
	if f.old != nil {
		title = "Resubmit run " + tail(f.old.ID) + ": same results, new key"
	}
	lines := []string{" " + t.title.Render(cut(title, width-2))}
	if !scant(height) {
		lines = append([]string{""}, lines...)
	}
	switch f.stage {
	case stageFields:
		lines = append(lines, f.troubleLines(t, width, height)...)
		return append(lines, strings.Split(f.fields.View(), "\n")...)
	case stageRunning, stageFailed:
		lines = append(lines, f.outputHead(t, width, height)...)
		return append(lines, f.output.visible(t, width)...)
	case stagePreview:
		return append(lines, f.pager.visible(t, width)...)
	case stageWorking:
		what := "putting the run in the outbox…"
		switch {
		case f.stopping:
			what = "stopping…"
		case f.old != nil:
			what = "looking what the server holds of the old run, then putting the new one in the outbox…"
		}
		lines = append(lines, "")
		for _, line := range wrapped(what, width-6) {
			lines = append(lines, "   "+t.dim.Render(line))
		}
	}
	return lines
}

// troubleLines say why the fields were sent back. They leave room for a field.
func (f *form) troubleLines(t theme, width, height int) []string {
	return badLines(t, wrapped(f.trouble, width-6), max(height-6, 1))
}

// badLines draw bad news, in so many lines at most.
func badLines(t theme, words []string, most int) []string {
	var lines []string
	for i, line := range words[:min(len(words), most)] {
		if i == most-1 && len(words) > most {
			line = cut(line, ansi.StringWidth(line)-1) + "…"
		}
		sign := "   "
		if i == 0 {
			sign = " ! "
		}
		lines = append(lines, t.bad.Render(sign+line))
	}
	return lines
}

// outputHead stands above a command's output: what failed, and what runs.
func (f *form) outputHead(t theme, width, height int) []string {
	var lines []string
	if f.stage == stageFailed {
		lines = badLines(t, wrapped(f.failure(), width-6), max(height-6, 1))
	}
	what, sign := f.trial.Command, "$ "
	if strings.TrimSpace(what) == "" {
		what, sign = f.trial.Files, "< "
	}
	_, total := f.live.tail(0)
	words := counted(total, "line", "lines")
	if lasts := f.now.Sub(f.since).Truncate(time.Second); f.stage == stageRunning && !f.since.IsZero() && lasts > 0 {
		words += ", for " + took(lasts)
	}
	state := t.dim.Render(words + " ")
	if f.stopping && f.stage == stageRunning {
		state = t.warn.Render("stopping… ")
	}
	return append(lines, between(" "+t.accent.Render(sign)+plain(what), " "+state, width), "")
}

// failure says what failed. The command itself stands below it.
func (f *form) failure() string {
	words := f.err.Error()
	var failed *harness.FailedError
	if errors.As(f.err, &failed) {
		words = "the command failed: " + failed.Status
	}
	if f.measured != nil {
		return sentences([]string{words})
	}
	return sentences([]string{words, "nothing was enqueued"})
}

// arranged makes the lines of what scrolls, for a size.
func (f *form) arranged(t theme, width, height int) {
	switch f.stage {
	case stageFields:
		f.fields.sized(width, height-headHeight(height)-len(f.troubleLines(t, width, height)))
	case stageRunning, stageFailed:
		lines, _ := f.live.tail(mostLive)
		for i, line := range lines {
			lines[i] = "   " + cut(plain(line), width-4)
		}
		f.output = f.output.followed(lines, height-headHeight(height)-len(f.outputHead(t, width, height)))
	case stagePreview:
		f.pager = f.pager.filled(f.previewLines(t, width, scant(height)), height-headHeight(height))
	case stageWorking:
	}
}
