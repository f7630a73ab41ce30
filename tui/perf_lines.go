package tui

import (
	"fmt"
	"time"

	"burrow/client"

	"github.com/charmbracelet/x/ansi"
)

func (p *perfPage) hints() []hint {
	k := p.keys
	return []hint{
		hintOf(k.FindBenchmark, "find"), hintOf(k.SortChange, "sort"), hintOf(k.NextBranch, "branch"), hintOf(k.NextTestbed, "testbed"), hintOf(k.NextMeasure, "measure"), hintOf(k.NextProject, "project"),
		hintOf(k.Browser, "open"), hintOf(k.Quit, "quit"), hintOf(k.Help, "help"),
	}
}

// choice names what is shown of each dimension, and how many others there are.
func (p *perfPage) choice() string {
	d := p.about
	if len(d.branches) == 0 || len(d.testbeds) == 0 || len(d.measures) == 0 {
		return ""
	}
	t := p.theme
	of := func(name string, index, count int) string {
		if count > 1 {
			return t.soft.Render(plain(name)) + t.dim.Render(fmt.Sprintf(" %d/%d", index+1, count))
		}
		return t.soft.Render(plain(name))
	}
	return " " + of(d.branches[p.branch].Name, p.branch, len(d.branches)) + t.dim.Render(" · ") +
		of(d.testbeds[p.testbed].Name, p.testbed, len(d.testbeds)) + t.dim.Render(" · ") + of(d.measures[p.measure].Name, p.measure, len(d.measures))
}

// choiceWords name what was asked for, where a project has it at all.
func (p *perfPage) choiceWords() string {
	d := p.about
	if len(d.branches) == 0 || len(d.testbeds) == 0 || len(d.measures) == 0 {
		return ""
	}
	return " " + plain(d.measures[p.measure].Name) + " of branch " + plain(d.branches[p.branch].Name) + " on testbed " + plain(d.testbeds[p.testbed].Name)
}

func (p *perfPage) lines(width, height int) []string { return filled(p.drawn(width), width, height) }

func (p *perfPage) drawn(width int) []string {
	choice := p.choice()
	if p.tight {
		choice = " " + p.theme.dim.Render(p.summary()+" ·") + choice
	}
	first := p.stateLine(choice, width)
	if len(p.series) == 0 {
		return append([]string{first}, p.nothingLines("metric"+p.choiceWords(), width, p.keys.NextBranch, p.keys.NextTestbed)...)
	}
	l := p.layout
	list, detail := p.rowLines(l.listWidth), p.detailLines(l.detailWidth, l.detailLines)
	if l.arrangement == below {
		lines := append([]string{first}, filled(list, width, l.listHeight)...)
		return append(append(lines, ruleLine(p.theme, width, false)), detail...)
	}
	return append([]string{first}, besideLines(p.theme, l, list, detail, false)...)
}

func (p *perfPage) rowLines(width int) []string {
	t := p.theme
	const changes = 9
	values := 5
	for _, s := range p.series {
		values = max(values, ansi.StringWidth(Value(s.Metrics[len(s.Metrics)-1].Metric.Value, s.Measure.Units)))
	}
	sparks := 0
	room := width - 2 - values - 2 - changes - 2
	if room > 36 {
		sparks = min(room/3, 24)
		room -= sparks + 2
	}
	name := max(room-1, 8)
	head := "  " + left("BENCHMARK", name) + "  " + right("LAST", values) + "  " + right("VS PREV", changes)
	if sparks > 0 {
		head += "  VERSIONS"
	}
	lines := []string{t.dim.Render(cut(head, width))}
	for i := p.cursor.offset; i < min(p.cursor.offset+p.layout.listHeight-1, len(p.series)); i++ {
		s := &p.series[i]
		mark, ink := p.cursor.mark(t, i, true)
		points, alerts := pointsOf(s), 0
		for _, m := range s.Metrics {
			if m.Alert != nil {
				alerts++
			}
		}
		last, change := points[len(points)-1], ""
		if len(points) > 1 {
			change = Change(last, points[len(points)-2])
		}
		sign := " "
		if alerts > 0 {
			sign = t.warn.Render("!")
		}
		line := mark + sign + ink.Render(left(plain(s.Benchmark.Name), name)) + "  " + right(Value(last, s.Measure.Units), values) + "  " + t.dim.Render(right(change, changes))
		if sparks > 0 {
			line += "  " + t.soft.Render(Sparkline(points, sparks))
		}
		lines = append(lines, line)
	}
	return lines
}

// extentWords count the versions that a series holds: iterations are results of
// one version.
func extentWords(s *client.Series) string {
	versions := map[int]bool{}
	for _, m := range s.Metrics {
		versions[m.Version.Number] = true
	}
	words := counted(len(versions), "version", "versions")
	if len(versions) < len(s.Metrics) {
		words = counted(len(s.Metrics), "result", "results") + " of " + words
	}
	return words
}

func pointsOf(s *client.Series) []float64 {
	points := make([]float64, len(s.Metrics))
	for i, m := range s.Metrics {
		points[i] = m.Metric.Value
	}
	return points
}

// detailLines draw the chart with what it shows above it.
func (p *perfPage) detailLines(width, height int) []string {
	s := p.selected()
	if s == nil {
		return nil
	}
	t := p.theme
	last := s.Metrics[len(s.Metrics)-1]
	lines := []string{
		" " + t.title.Render(cut(plain(s.Benchmark.Name), width-2)),
		" " + cut(t.soft.Render(Value(last.Metric.Value, s.Measure.Units))+t.dim.Render(p.limitWords(last)+", at "+versionWords(&last.Version)+"; "+extentWords(s)+" since "+s.Metrics[0].StartTime.Local().Format(time.DateOnly)), width-2),
	}
	if chart := chartLines(t, s, width-2, height-len(lines)); chart != nil {
		return append(lines, chart...)
	}
	return append(lines, " "+t.soft.Render(Sparkline(pointsOf(s), width-2))) // no room for a chart
}

func (p *perfPage) limitWords(m client.PerfMetric) string {
	words := ""
	for _, upper := range []bool{false, true} {
		if limit := limitOf(m, upper); limit != nil {
			words += ", " + map[bool]string{false: "lower", true: "upper"}[upper] + " limit " + Value(*limit, p.selected().Measure.Units)
		}
	}
	if m.Alert != nil {
		words += ", an alert"
	}
	return words
}
