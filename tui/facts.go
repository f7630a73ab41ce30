package tui

import (
	"slices"
	"strings"
	"time"

	"burrow/outbox"

	"github.com/charmbracelet/x/ansi"
)

// fact is a labelled value; a long one takes a line of its own.
type fact struct {
	name, value string
	long        bool
}

// facts lists what is known of a run, the most asked for first.
func facts(r *outbox.Run, now time.Time) []fact {
	list := []fact{
		{"project", plain(r.Project), false},
		{"host", hostName(r.Host), false},
		{"branch", subject(r), false},
		{"testbed", plain(r.Testbed), false},
		{"adapter", strings.TrimSpace(plain(r.Adapter) + " " + plain(r.Settings)), false},
		{"credential", strings.TrimPrefix(anonymous(r.Credential), "credential "), false},
		{"results", resultWords(r), false},
		{"enqueued", moment(r.EnqueuedAt, now), false},
		{"measured", moment(r.StartTime, now), false},
		{"due", due(r, now), false},
		{"acknowledged", moment(r.AcknowledgedAt, now), false},
		{"labels", labelWords(r.Labels), true},
		{"ID", r.ID.String(), true},
		{"key", keyWords(r), true},
	}
	if r.Report != nil {
		list = append(list, fact{"report", r.Report.UUID.String(), true}, fact{"address", plain(r.ReportURL()), true})
	}
	if r.Report != nil {
		for _, alert := range r.Report.Alerts {
			list = append(list, fact{"alert", plain(alert.String()), true})
		}
		if more := r.Report.AlertsTotal - len(r.Report.Alerts); more > 0 && len(r.Report.Alerts) > 0 {
			list = append(list, fact{"alert", "and " + number(more) + " more", true})
		}
	}
	if r.Resubmits != nil {
		list = append(list, fact{"resubmits", r.Resubmits.String(), true})
	}
	if r.ResubmittedAs != nil {
		list = append(list, fact{"resubmitted as", r.ResubmittedAs.String(), true})
	}
	for _, w := range r.Warnings {
		list = append(list, fact{"warning", plain(string(w)), true})
	}
	return slices.DeleteFunc(list, func(f fact) bool { return f.value == "" })
}

func resultWords(r *outbox.Run) string {
	words := heldWords(r) + " " + strings.TrimLeft(counted(len(r.Iterations), "iteration", "iterations"), "0123456789, ")
	if r.Benchmarks > 0 {
		words = counted(r.Benchmarks, "benchmark", "benchmarks") + ", " + words
	}
	return words + ", " + size(r.Bytes)
}

// heldWords say how many iterations the server holds of those that were sent.
func heldWords(r *outbox.Run) string {
	if r.Report == nil {
		return number(len(r.Iterations))
	}
	return number(r.Report.Iterations) + " of " + number(len(r.Iterations))
}

func anonymous(fingerprint string) string {
	if fingerprint == "" {
		return "none (anonymous)"
	}
	return credentialName(fingerprint)
}

func due(r *outbox.Run, now time.Time) string {
	if r.Status != outbox.Pending || !r.NextAttemptAt.After(now) {
		return ""
	}
	return moment(r.NextAttemptAt, now)
}

func keyWords(r *outbox.Run) string {
	switch {
	case r.Key == r.ID:
		return "its ID"
	case r.Shared:
		return r.Key.String() + " (shared)"
	}
	return r.Key.String()
}

func labelWords(labels map[string]string) string {
	var words []string
	for k, v := range labels {
		words = append(words, plain(k)+"="+plain(v))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// Widths of the facts' labels. Long facts have a narrow one, so that a UUID is
// whole in the narrowest pane beside a list.
const (
	factIndent = 3
	shortLabel = 12
	longLabel  = 7
)

// factLines draws the short facts, in one column or in two where they fit side
// by side, and the long ones, which stand at the end of the details: they are
// there to be copied.
func factLines(t theme, list []fact, width int) (short, long []string) {
	half := width / 2
	beside := half >= 32
	for _, f := range list {
		label := shortLabel
		if f.long {
			label = longLabel
		}
		label = max(label, ansi.StringWidth(f.name))
		text := strings.Repeat(" ", factIndent) + t.dim.Render(left(f.name, label)) + " "
		indent := factIndent + label + 1
		lines := wrapped(f.value, max(width-indent, 1))
		if len(lines) == 0 { // there is nothing to say
			continue
		}
		for i, line := range lines {
			lines[i] = strings.Repeat(" ", indent) + line
		}
		lines[0] = text + strings.TrimLeft(lines[0], " ")
		last := len(short) - 1
		switch {
		case f.long:
			long = append(long, lines...)
		case beside && last >= 0 && len(lines) == 1 && ansi.StringWidth(short[last]) == half && ansi.StringWidth(lines[0]) <= half:
			short[last] += lines[0]
		case beside && len(lines) == 1 && ansi.StringWidth(lines[0]) < half:
			short = append(short, left(lines[0], half))
		default:
			short = append(short, lines...)
		}
	}
	return short, long
}
