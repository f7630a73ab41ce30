package tui

import (
	"strings"
)

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
