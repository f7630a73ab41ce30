package tui

import (
	"context"
	"errors"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/uuid"
)

// errNoBrowser: nothing here reads servers.
var errNoBrowser = errors.New("nothing here reads what servers hold")

// readReport reads a run's report from its server, or from the cache.
func readReport(ctx context.Context, o Options, r *outbox.Run) (*client.Report, client.Source, error) {
	if r.Report == nil {
		return nil, client.Source{}, nil
	}
	if o.Browse == nil {
		return nil, client.Source{}, errNoBrowser
	}
	browser, err := o.Browse(r.Host)
	if err != nil {
		return nil, client.Source{}, err
	}
	return browser.Report(ctx, r.Project, r.Report.UUID)
}

// reportTabLines draw what the server made of the run.
func reportTabLines(t theme, r *outbox.Run, loaded *detailsLoaded, now time.Time, width int) []string {
	switch {
	case r.Report == nil:
		return stepped(wrapped("No report is known yet: the server's acknowledgment names it.", width-6))
	case loaded.report == nil:
		why := ""
		if loaded.source.Why != nil {
			why = loaded.source.Why.Error()
		}
		words := "The report can't be read now" + because(why) + " R asks again."
		return stepped(wrapped(words, width-6))
	}
	return reportLines(t, loaded.report, loaded.source, now, width)
}

// reportLines draw a report: where it is from, its alerts, its metrics.
func reportLines(t theme, r *client.Report, source client.Source, now time.Time, width int) []string {
	var lines []string
	if source.Cached() {
		lines = append(stepped(wrapped("From the cache, "+ageWords(now.Sub(source.Saved))+" old: "+sentence(source.Why.Error()), width-6)), "")
	}
	list := []fact{
		{"project", plain(r.Project.Slug), false}, {"branch", plain(r.Branch.Name), false},
		{"version", versionWords(r.Branch.Head.Version), false}, {"testbed", plain(r.Testbed.Name), false},
		{"adapter", plain(r.Adapter), false}, {"measured", moment(r.StartTime, now), false},
		{"created", moment(r.Created, now), false}, {"report", r.UUID.String(), true},
	}
	short, long := factLines(t, list, width)
	lines = append(append(lines, short...), long...)
	lines = append(lines, alertLines(t, r, width)...)
	return append(append(lines, ""), metricLines(t, r, width)...)
}

func versionWords(v *client.Version) string {
	if v == nil {
		return "–"
	}
	words := "#" + number(v.Number)
	if v.Hash != nil {
		words += " " + shortHash(*v.Hash)
	}
	return words
}

func alertLines(t theme, r *client.Report, width int) []string {
	if len(r.Alerts) == 0 {
		return nil
	}
	measures := map[uuid.UUID]client.Measure{} // by metric
	for _, iteration := range r.Results {
		for _, result := range iteration {
			for _, m := range result.Measures {
				measures[m.Metric.UUID] = m.Measure
			}
		}
	}
	counts := r.AlertCounts()
	lines := []string{"", " " + t.warn.Render(counted(counts.Total, "ALERT", "ALERTS")) + t.dim.Render("  "+number(counts.Active)+" active")}
	for i := range r.Alerts {
		a := &r.Alerts[i]
		measure := measures[a.Metric.UUID]
		words := plain(a.Benchmark.Name)
		if name := firstText(plain(measure.Name), plain(a.MeasureName())); name != "" {
			words += ", " + name
		}
		words += ": " + Value(a.Metric.Value, measure.Units)
		if limit := alertLimit(a); limit != nil {
			over := "above"
			if a.Limit == "lower" {
				over = "below"
			}
			words += ", " + over + " the limit " + Value(*limit, measure.Units)
		}
		if a.Status != "active" {
			words += " (" + plain(a.Status) + ")"
		}
		for j, line := range wrapped(words, width-6) {
			sign := "   "
			if j == 0 {
				sign = " " + t.warn.Render("!") + " "
			}
			lines = append(lines, sign+line)
		}
	}
	return lines
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func alertLimit(a *client.Alert) *float64 {
	if a.Limit == "lower" {
		return a.Boundary.Lower
	}
	return a.Boundary.Upper
}

// metricLines draw a report's metrics with the change against the baseline of
// their threshold.
func metricLines(t theme, r *client.Report, width int) []string {
	alerted := map[uuid.UUID]bool{}
	for i := range r.Alerts {
		alerted[r.Alerts[i].Metric.UUID] = true
	}
	type row struct {
		name, measure, value, change, limit string
		alert                               bool
	}
	var rows []row
	var wide struct{ name, measure, value, limit int }
	for _, iteration := range r.Results {
		for _, result := range iteration {
			for _, m := range result.Measures {
				units := client.Plain(m.Measure.Units, 64)
				one := row{name: plain(result.Benchmark.Name), measure: plain(m.Measure.Name), value: Value(m.Metric.Value, units), alert: alerted[m.Metric.UUID]}
				if result.Iteration > 0 {
					one.name += " #" + number(result.Iteration)
				}
				if b := m.Boundary; b != nil {
					if b.Baseline != nil {
						one.change = Change(m.Metric.Value, *b.Baseline)
					}
					switch {
					case b.Upper != nil:
						one.limit = "≤ " + Value(*b.Upper, units)
					case b.Lower != nil:
						one.limit = "≥ " + Value(*b.Lower, units)
					}
				}
				wide.name, wide.measure = max(wide.name, ansi.StringWidth(one.name)), max(wide.measure, ansi.StringWidth(one.measure))
				wide.value, wide.limit = max(wide.value, ansi.StringWidth(one.value)), max(wide.limit, ansi.StringWidth(one.limit))
				rows = append(rows, one)
			}
		}
	}
	if len(rows) == 0 {
		return stepped(wrapped("The report holds no results.", width-6))
	}
	wide.measure = min(wide.measure, 16)
	const changes, least = 9, 20 // cells of a change; of a benchmark's name, before columns go
	room := width - 3 - wide.value - 2 - 1
	change, limit, measure := wide.limit > 0, wide.limit > 0, true
	for _, column := range []struct {
		shown *bool
		cells int
	}{{&change, changes + 2}, {&measure, wide.measure + 2}, {&limit, wide.limit + 2}} {
		if *column.shown = *column.shown && room-column.cells >= min(wide.name, least); *column.shown {
			room -= column.cells
		}
	}
	name := min(max(room, 8), max(wide.name, 9))
	line := func(lead, n, m, v, c, l string) string {
		text := lead + n
		if measure {
			text += "  " + m
		}
		text += "  " + v
		if change {
			text += "  " + c
		}
		if limit {
			text += "  " + l
		}
		return cut(text, width)
	}
	lines := []string{t.dim.Render(line("   ", left("BENCHMARK", name), left("MEASURE", wide.measure), right("VALUE", wide.value), right("BASELINE", changes), right("LIMIT", wide.limit)))}
	for _, one := range rows {
		lead, style := "   ", t.soft
		if one.alert {
			lead, style = " "+t.warn.Render("!")+" ", t.warn
		}
		lines = append(lines, line(lead, left(one.name, name), t.dim.Render(left(one.measure, wide.measure)), style.Render(right(one.value, wide.value)),
			right(one.change, changes), t.dim.Render(right(one.limit, wide.limit))))
	}
	return lines
}
