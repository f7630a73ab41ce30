package tui

import (
	"strings"

	"burrow/client"
)

// previewLines tell what was measured, as what and where it will go, and show
// the results.
func (f *form) previewLines(t theme, width int, scant bool) []string {
	var lines []string
	add := func(pen ink, words string) {
		for _, line := range wrapped(words, width-6) {
			lines = append(lines, "   "+pen.Render(line))
		}
	}
	s := f.measured.Summary
	add(t.soft, "1 run of "+counted(len(s.Iterations), "iteration", "iterations")+": "+counted(s.Benchmarks, "benchmark", "benchmarks")+", "+
		size(len(f.measured.Body))+", "+f.origin())
	var subject []string
	for _, word := range []string{s.Project, s.Branch, s.Testbed, s.Adapter} {
		if word != "" {
			subject = append(subject, plain(word))
		}
	}
	add(t.dim, strings.Join(subject, " · "))
	switch host := plain(f.measured.Host); host {
	case "":
	case client.Local:
		add(t.dim, "to the built-in server on this machine")
	default:
		add(t.dim, "to "+host)
	}
	for _, w := range s.Warnings {
		add(t.warn, "! "+plain(string(w)))
	}
	if !scant {
		lines = append(lines, "")
	}
	unread := f.unread
	if unread == "" {
		unread = "burrow does not read what this adapter does; the server will."
	}
	lines = append(lines, resultLines(t, &detailsLoaded{results: f.rows, unread: unread}, width)...)
	lines = append(lines, "")
	add(t.accent, "Enter puts it in the outbox, to be sent exactly once.")
	return lines
}

// origin says where the results come from.
func (f *form) origin() string {
	if files := f.trial.Paths(); len(files) > 0 {
		return "read from " + counted(len(files), "file", "files")
	}
	s := f.measured.Summary
	return "measured in " + took(s.EndTime.Sub(s.StartTime))
}
