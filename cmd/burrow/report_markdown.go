package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"burrow/client"
)

// markdownLimit is how many bytes of Markdown are written: GitHub takes 65,536
// characters of a comment.
const markdownLimit = 60_000

// writeReportMarkdown writes a report as Markdown fit for a comment on a pull
// request: the alerts first, then all results, folded. Names are the server's
// own text: they can't break out of their cell, make a link, or call a person.
// What does not fit into a comment is counted instead.
func writeReportMarkdown(out io.Writer, r *client.Report) error {
	var text strings.Builder
	text.WriteString("### Benchmark report\n\n| | |\n| --- | --- |\n")
	for _, fact := range reportFacts(r) {
		fmt.Fprintf(&text, "| %s | %s |\n", fact.Name, markdownCode(fact.Text))
	}
	lines, several := reportLines(r)
	if sentence := alertSentence(r); sentence != "" {
		fmt.Fprintf(&text, "\n> 🚨 **%s**\n", sentence)
		if found := alerted(lines); len(found) > 0 {
			text.WriteString("\n")
			markdownTable(&text, found, several)
		}
	}
	if len(lines) == 0 {
		text.WriteString("\n> ⚠️ The report holds no results.\n")
	} else {
		fmt.Fprintf(&text, "\n<details><summary>All results (%d)</summary>\n\n", len(lines))
		markdownTable(&text, lines, several)
		text.WriteString("\n</details>\n")
	}
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// markdownTable writes as many lines as fit.
func markdownTable(text *strings.Builder, lines []reportLine, several bool) {
	lower, upper := limits(lines)
	heads := []string{"Benchmark", "Measure (units)", "Benchmark Result (Result Δ%)"}
	if several {
		heads = append([]string{"Iteration"}, heads...)
	}
	if lower {
		heads = append(heads, "Lower Boundary (Limit %)")
	}
	if upper {
		heads = append(heads, "Upper Boundary (Limit %)")
	}
	fmt.Fprintf(text, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat(" --- |", len(heads)))
	for i, l := range lines {
		row := "| " + strings.Join(l.markdownCells(several, lower, upper), " | ") + " |\n"
		if text.Len()+len(row) > markdownLimit {
			fmt.Fprintf(text, "\n… and %d more.\n", len(lines)-i)
			return
		}
		text.WriteString(row)
	}
}

func (l reportLine) markdownCells(several, lower, upper bool) (cells []string) {
	if several {
		cells = append(cells, fmt.Sprint(l.iteration))
	}
	sign := markdownCell(l.alertSign())
	if sign != "" {
		sign += " "
	}
	measure := markdownCell(l.measure)
	if l.units != "" {
		measure += "<br>" + markdownCell(l.units)
	}
	bold := func(text string, marked bool) string {
		if text = markdownCell(text); marked && text != "" {
			return "**" + text + "**"
		}
		return text
	}
	cells = append(cells, sign+markdownCode(l.benchmark), measure, bold(l.result(), l.alert != nil))
	if lower {
		cells = append(cells, bold(l.lowerBoundary(), l.beyond("lower")))
	}
	if upper {
		cells = append(cells, bold(l.upperBoundary(), l.beyond("upper")))
	}
	return cells
}

// reference finds what a forge may take for a person, an issue or a commit.
var reference = regexp.MustCompile(`[@#]|GH-|[0-9a-f]{7}`)

// markdownCell writes text as text, or as code where a forge could make more
// of it.
func markdownCell(text string) string {
	if reference.MatchString(text) {
		return markdownCode(text)
	}
	return markdownText(text)
}

// markdownCode writes text as code, in which forges look for no people, issues
// or commits.
func markdownCode(text string) string { return "<code>" + markdownText(text) + "</code>" }

// markdownText writes plain text so that it means nothing in Markdown, in a
// table or in HTML.
func markdownText(text string) string {
	var safe strings.Builder
	for i, r := range text {
		switch {
		case strings.ContainsRune("|`<>&\\\"'", r):
			fmt.Fprintf(&safe, "&#%d;", r) // a reference is never taken for what it stands for
		case r == '@': // the comment parts it from what would make an address of it
			safe.WriteString("<!-- -->@")
		case strings.ContainsRune("*_[]{}#~:!$^", r),
			r == '.' && strings.HasSuffix(strings.ToLower(text[:i]), "www"):
			safe.WriteString("\\" + string(r))
		default:
			safe.WriteRune(r)
		}
	}
	return safe.String()
}
