package tui

import (
	"context"
	"fmt"
	"slices"
	"time"

	"burrow/client"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/uuid"
)

// perfPage shows how a project's metrics went from version to version: the
// benchmarks of one branch, testbed and measure, and one of them as a chart.
type perfPage struct {
	serverPage

	about   dimensions
	branch  int
	testbed int
	measure int
	series  []client.Series
	index   int
	offset  int
	layout  layout
}

// dimensions are what a project's metrics are chosen by.
type dimensions struct {
	branches   []client.Branch
	testbeds   []client.Testbed
	measures   []client.Measure
	benchmarks []client.Benchmark
}

type (
	// dimensionsRead: what the project's metrics can be chosen by.
	dimensionsRead struct {
		generation int
		about      dimensions
		source     client.Source
		err        error
	}
	// seriesRead: the metrics of a choice.
	seriesRead struct {
		generation int
		series     []client.Series
		source     client.Source
		err        error
	}
)

// mostBenchmarks bounds what one look asks for; the command line asks for more.
const mostBenchmarks = 255

func newPerfPage(s *shell) *perfPage { return &perfPage{serverPage: serverPage{shell: s}} }

func (p *perfPage) name() string    { return "Perf" }
func (p *perfPage) scopes() []scope { return p.keys.perfScopes() }

func (p *perfPage) entered() tea.Cmd {
	p.seen = true
	if len(p.projects) == 0 {
		return p.findProjects()
	}
	return p.readDimensions()
}

// readDimensions asks what the project has.
func (p *perfPage) readDimensions() tea.Cmd {
	if p.current() == "" {
		return nil
	}
	generation, project := p.begin(), p.current()
	return p.work.do(func(ctx context.Context) tea.Msg {
		m := dimensionsRead{generation: generation}
		browser, err := p.browser()
		if err != nil {
			m.err = err
			return m
		}
		ctx, done := context.WithTimeout(ctx, serverTimeout)
		defer done()
		page := client.Paging{Number: 1, Size: client.MaxPerPage}
		var sources [4]client.Source
		if m.about.branches, sources[0], m.err = items(browser.Branches(ctx, project, client.NameFilter{}, page)); m.err != nil {
			return m
		}
		if m.about.testbeds, sources[1], m.err = items(browser.Testbeds(ctx, project, client.NameFilter{}, page)); m.err != nil {
			return m
		}
		if m.about.measures, sources[2], m.err = items(browser.Measures(ctx, project, client.NameFilter{}, page)); m.err != nil {
			return m
		}
		m.about.benchmarks, sources[3], m.err = items(browser.Benchmarks(ctx, project, client.NameFilter{}, page))
		for _, s := range sources {
			if s.Cached() {
				m.source = s
			}
		}
		return m
	})
}

func items[T any](page client.Page[T], err error) ([]T, client.Source, error) {
	return page.Items, page.Source, err
}

// readSeries asks for the metrics of what is chosen.
func (p *perfPage) readSeries() tea.Cmd {
	d := p.about
	if len(d.branches) == 0 || len(d.testbeds) == 0 || len(d.measures) == 0 || len(d.benchmarks) == 0 {
		return nil
	}
	q := client.PerfQuery{
		Branches: []uuid.UUID{d.branches[p.branch].UUID}, Testbeds: []uuid.UUID{d.testbeds[p.testbed].UUID},
		Measures: []uuid.UUID{d.measures[p.measure].UUID},
	}
	for _, b := range d.benchmarks[:min(len(d.benchmarks), mostBenchmarks)] {
		q.Benchmarks = append(q.Benchmarks, b.UUID)
	}
	generation, project := p.begin(), p.current()
	return p.work.do(func(ctx context.Context) tea.Msg {
		m := seriesRead{generation: generation}
		browser, err := p.browser()
		if err != nil {
			m.err = err
			return m
		}
		ctx, done := context.WithTimeout(ctx, serverTimeout)
		defer done()
		for _, part := range q.Parts() {
			found, source, err := browser.Perf(ctx, project, part)
			if err != nil {
				m.err = err
				return m
			}
			m.source = source
			for _, s := range found.Results {
				if len(s.Metrics) > 0 {
					m.series = append(m.series, s)
				}
			}
		}
		return m
	})
}

func (p *perfPage) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case projectsFound:
		if m.page != &p.serverPage {
			return nil
		}
		p.answered(p.generation, client.Source{}, m.err)
		p.projects = m.projects
		return p.readDimensions()
	case dimensionsRead:
		if !p.answered(m.generation, m.source, m.err) || m.err != nil {
			return nil
		}
		p.about = m.about
		p.branch = best(p.about.branches, p.branch, func(b client.Branch) string { return b.Name }, p.options.Branch, "main", "master")
		p.testbed = best(p.about.testbeds, p.testbed, func(b client.Testbed) string { return b.Name }, p.options.Testbed)
		p.measure = best(p.about.measures, p.measure, func(b client.Measure) string { return b.Slug }, "latency")
		return p.readSeries()
	case seriesRead:
		if p.answered(m.generation, m.source, m.err) && m.err == nil {
			p.series = m.series
		}
	}
	return nil
}

// best is the index that was chosen before, else of the first wanted name that
// is there, else the first.
func best[T any](all []T, before int, name func(T) string, wanted ...string) int {
	if before > 0 && before < len(all) {
		return before
	}
	for _, want := range wanted {
		if i := slices.IndexFunc(all, func(one T) bool { return want != "" && name(one) == want }); i >= 0 {
			return i
		}
	}
	return 0
}

func (p *perfPage) press(m tea.KeyMsg) tea.Cmd {
	k := p.keys
	next := func(index *int, count int) tea.Cmd {
		if count > 1 {
			*index = (*index + 1) % count
			p.series, p.index, p.offset = nil, 0, 0
		}
		return p.readSeries()
	}
	switch {
	case key.Matches(m, k.NextProject):
		p.nextProject()
		p.about, p.series, p.branch, p.testbed, p.measure, p.index = dimensions{}, nil, 0, 0, 0, 0
		return p.readDimensions()
	case key.Matches(m, k.NextBranch):
		return next(&p.branch, len(p.about.branches))
	case key.Matches(m, k.NextTestbed):
		return next(&p.testbed, len(p.about.testbeds))
	case key.Matches(m, k.NextMeasure):
		return next(&p.measure, len(p.about.measures))
	case key.Matches(m, k.Browser):
		if s := p.selected(); s != nil {
			return p.openAddress(client.ReportURL(p.options.Host, p.current(), s.Metrics[len(s.Metrics)-1].Report))
		}
	default:
		p.index += p.rows(m, p.layout.listHeight-1, len(p.series))
	}
	return nil
}

func (p *perfPage) selected() *client.Series {
	if p.index < 0 || p.index >= len(p.series) {
		return nil
	}
	return &p.series[p.index]
}

func (p *perfPage) arrange(width, height int) tea.Cmd {
	l := layout{body: max(height-1, 0), listWidth: width, detailWidth: width}
	switch {
	case width >= sideWidth:
		l.arrangement = beside
		l.listWidth = min(max(width*2/5, 44), 76)
		l.detailWidth = width - l.listWidth - 3
		l.listHeight, l.detailLines = l.body, l.body
	default:
		l.arrangement = below
		l.listHeight = min(max(l.body/3, 3), max(len(p.series), 2)+1)
		l.detailLines = max(l.body-l.listHeight-1, 0)
	}
	p.layout = l
	rows := max(l.listHeight-1, 1)
	p.index = min(max(p.index, 0), max(len(p.series)-1, 0))
	p.offset = min(max(p.offset, p.index-rows+1, 0), p.index)
	p.offset = min(p.offset, max(len(p.series)-rows, 0))
	return nil
}

func (p *perfPage) hints() []hint {
	k := p.keys
	return []hint{
		hintOf(k.NextBranch, "branch"), hintOf(k.NextTestbed, "testbed"), hintOf(k.NextMeasure, "measure"), hintOf(k.NextProject, "project"),
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

func (p *perfPage) lines(width, height int) []string { return filled(p.drawn(width), width, height) }

func (p *perfPage) drawn(width int) []string {
	choice := p.choice()
	if p.tight {
		choice = " " + p.theme.dim.Render(p.summary()+" ·") + choice
	}
	first := p.stateLine(choice, width)
	if len(p.series) == 0 {
		return append([]string{first}, p.nothingLines("metric", width)...)
	}
	l := p.layout
	list := filled(p.rowLines(l.listWidth), l.listWidth, l.listHeight)
	detail := p.detailLines(l.detailWidth, l.detailLines)
	if l.arrangement == below {
		lines := append([]string{first}, list...)
		return append(append(lines, ruleLine(p.theme, width, false)), detail...)
	}
	for i, line := range filled(detail, l.detailWidth, l.body) {
		list[i] += p.theme.faint.Render(" │ ") + line
	}
	return append([]string{first}, list...)
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
	head := "  " + left("BENCHMARK", name) + "  " + right("LAST", values) + "  " + right("CHANGE", changes)
	if sparks > 0 {
		head += "  VERSIONS"
	}
	lines := []string{t.dim.Render(cut(head, width))}
	for i := p.offset; i < min(p.offset+p.layout.listHeight-1, len(p.series)); i++ {
		s := &p.series[i]
		cursor, ink := " ", t.soft
		if i == p.index {
			cursor, ink = t.accent.Render("▌"), t.title
		}
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
		line := cursor + sign + ink.Render(left(plain(s.Benchmark.Name), name)) + "  " + right(Value(last, s.Measure.Units), values) + "  " + t.dim.Render(right(change, changes))
		if sparks > 0 {
			line += "  " + t.soft.Render(Sparkline(points, sparks))
		}
		lines = append(lines, line)
	}
	return lines
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
		" " + cut(t.soft.Render(Value(last.Metric.Value, s.Measure.Units))+t.dim.Render("  at "+versionWords(&last.Version)+", "+counted(len(s.Metrics), "version", "versions")+" since "+s.Metrics[0].StartTime.Local().Format(time.DateOnly)+p.limitWords(last)), width-2),
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

func (p *perfPage) click(x, y int) tea.Cmd {
	if i := p.offset + y - 2; y >= 2 && y < 1+p.layout.listHeight && x < p.layout.listWidth && i < len(p.series) {
		p.index = i
	}
	return nil
}

func (p *perfPage) wheel(_, _, rows int) tea.Cmd {
	p.index += rows
	return nil
}
