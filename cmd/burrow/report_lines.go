package main

import (
	"fmt"

	"burrow/client"
	"burrow/tui"

	"github.com/google/uuid"
)

// reportLine is one metric of a report with what its threshold allowed. Its
// texts are plain.
type reportLine struct {
	iteration          int
	benchmark, measure string
	units              string
	value              float64
	baseline           *float64
	lower, upper       *float64 // limits
	alert              *client.Alert
}

// reportLines are a report's metrics in its order; several tells whether they
// are of more than one iteration.
func reportLines(r *client.Report) (lines []reportLine, several bool) {
	alerts := map[uuid.UUID]*client.Alert{} // by metric
	for i := range r.Alerts {
		alerts[r.Alerts[i].Metric.UUID] = &r.Alerts[i]
	}
	for _, iteration := range r.Results {
		for _, result := range iteration {
			for _, m := range result.Measures {
				line := reportLine{
					iteration: result.Iteration, benchmark: shown(result.Benchmark.Name, 0), measure: shown(m.Measure.Name, 64),
					units: client.Plain(m.Measure.Units, 64), value: m.Metric.Value, alert: alerts[m.Metric.UUID],
				}
				if m.Boundary != nil {
					line.baseline, line.lower, line.upper = m.Boundary.Baseline, m.Boundary.Lower, m.Boundary.Upper
				}
				lines = append(lines, line)
				several = several || line.iteration != lines[0].iteration
			}
		}
	}
	return lines, several
}

// result is the value with its change against the baseline: "150 ns (+50.00%)".
func (l reportLine) result() string {
	text := tui.Value(l.value, l.units)
	if change := l.change(); change != "" {
		text += " (" + change + ")"
	}
	return text
}

// change is the value's change against the baseline in percent, or "".
func (l reportLine) change() string {
	if l.baseline == nil {
		return ""
	}
	return tui.Change(l.value, *l.baseline)
}

// lowerBoundary is the limit with how much of it is used, as Bencher counts
// that: over 100 % is beyond it.
func (l reportLine) lowerBoundary() string {
	if l.lower == nil {
		return ""
	}
	return l.boundary(*l.lower, *l.lower, l.value)
}

func (l reportLine) upperBoundary() string {
	if l.upper == nil {
		return ""
	}
	return l.boundary(*l.upper, l.value, *l.upper)
}

func (l reportLine) boundary(limit, part, whole float64) string {
	text := tui.Value(limit, l.units)
	if percent, ok := tui.Percent(part, whole); ok {
		text += fmt.Sprintf(" (%.2f%%)", percent)
	}
	return text
}

// beyond tells whether the line's alert is about that limit.
func (l reportLine) beyond(limit string) bool { return l.alert != nil && l.alert.Limit == limit }

// alertSign marks a line with an alert; one that a person put aside says so.
func (l reportLine) alertSign() string {
	switch {
	case l.alert == nil:
		return ""
	case l.alert.Status == "active":
		return "🚨"
	}
	return "🔕 " + client.Plain(l.alert.Status, 16)
}

// limits tells which boundaries any line has.
func limits(lines []reportLine) (lower, upper bool) {
	for _, l := range lines {
		lower, upper = lower || l.lower != nil, upper || l.upper != nil
	}
	return lower, upper
}

// alerted are the lines with an alert.
func alerted(lines []reportLine) (found []reportLine) {
	for _, l := range lines {
		if l.alert != nil {
			found = append(found, l)
		}
	}
	return found
}

// reportFact is one line about a report as a whole.
type reportFact struct{ Name, Text string }

func reportFacts(r *client.Report) []reportFact {
	return []reportFact{
		{"Project", shown(r.Project.Slug, 64)},
		{"Branch", shown(r.Branch.Name, 256)},
		{"Version", versionOf(r.Branch.Head.Version)},
		{"Testbed", shown(r.Testbed.Name, 64)},
		{"Measured", r.StartTime.UTC().Format("2006-01-02 15:04:05 UTC")},
		{"Report", r.UUID.String()},
	}
}

// alertSentence counts a report's alerts in words, or is "".
func alertSentence(r *client.Report) string {
	alerts := r.AlertCounts()
	switch {
	case alerts.Total == 0:
		return ""
	case alerts.Total == 1 && alerts.Active == 1:
		return "1 alert: a threshold's boundary is exceeded"
	case alerts.Total == 1:
		return "1 alert, not active: a threshold's boundary is exceeded"
	case alerts.Active == alerts.Total:
		return fmt.Sprintf("%d alerts: thresholds' boundaries are exceeded", alerts.Total)
	}
	return fmt.Sprintf("%d alerts, %d active: thresholds' boundaries are exceeded", alerts.Total, alerts.Active)
}
