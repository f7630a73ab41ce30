package tui

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
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
	changed bool // the most changed series stand first, else the server's order
	cursor  cursor
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
	if len(p.projects) == 0 || p.stale {
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
	return p.question(func(ctx context.Context, browser *client.Browser) tea.Msg {
		m := dimensionsRead{generation: generation}
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
	}, func(err error) tea.Msg { return dimensionsRead{generation: generation, err: err} })
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
	return p.question(func(ctx context.Context, browser *client.Browser) tea.Msg {
		m := seriesRead{generation: generation}
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
	}, func(err error) tea.Msg { return seriesRead{generation: generation, err: err} })
}

func (p *perfPage) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case projectsFound:
		if p.found(m) {
			return p.readDimensions()
		}
	case dimensionsRead:
		if !p.answered(m.generation, m.source, m.err) || m.err != nil {
			return nil
		}
		branch := func(b client.Branch) string { return b.Name }
		testbed := func(b client.Testbed) string { return b.Name }
		measure := func(b client.Measure) string { return b.Slug }
		before := p.about
		p.about = m.about
		p.branch = best(p.about.branches, branch, chosenName(before.branches, p.branch, branch), p.ofRun(func(r *outbox.Run) string { return r.Branch }), p.options.Branch, "main", "master")
		p.testbed = best(p.about.testbeds, testbed, chosenName(before.testbeds, p.testbed, testbed), p.ofRun(func(r *outbox.Run) string { return r.Testbed }), p.options.Testbed)
		p.measure = best(p.about.measures, measure, chosenName(before.measures, p.measure, measure), "latency")
		return p.readSeries()
	case seriesRead:
		if p.answered(m.generation, m.source, m.err) && m.err == nil {
			p.series = m.series
			p.sort()
		}
	}
	return nil
}

// chosenName is the name of what was chosen before, or "".
func chosenName[T any](all []T, index int, name func(T) string) string {
	if index >= len(all) {
		return ""
	}
	return name(all[index])
}

// best is the index of the first wanted name that is there, else the first.
func best[T any](all []T, name func(T) string, wanted ...string) int {
	for _, want := range wanted {
		if i := slices.IndexFunc(all, func(one T) bool { return want != "" && name(one) == want }); i >= 0 {
			return i
		}
	}
	return 0
}

func (p *perfPage) press(m tea.KeyMsg) tea.Cmd {
	k := p.keys
	switch {
	case key.Matches(m, k.NextProject):
		return p.pickProject(func() tea.Cmd {
			p.about, p.series, p.branch, p.testbed, p.measure, p.cursor = dimensions{}, nil, 0, 0, 0, cursor{}
			return p.readDimensions()
		})
	case key.Matches(m, k.NextBranch):
		return p.pickDimension("branch", namesOf(p.about.branches, func(b client.Branch) string { return b.Name }), &p.branch)
	case key.Matches(m, k.NextTestbed):
		return p.pickDimension("testbed", namesOf(p.about.testbeds, func(b client.Testbed) string { return b.Name }), &p.testbed)
	case key.Matches(m, k.NextMeasure):
		return p.pickDimension("measure", namesOf(p.about.measures, func(b client.Measure) string { return b.Name }), &p.measure)
	case key.Matches(m, k.FindBenchmark):
		return p.pickName("benchmark", namesOf(p.series, func(s client.Series) string { return s.Benchmark.Name }), p.cursor.index, func(i int) tea.Cmd {
			p.cursor.index = i
			return nil
		})
	case key.Matches(m, k.SortChange):
		p.changed, p.cursor = !p.changed, cursor{}
		p.sort()
		return p.say(map[bool]string{true: "the most changed first", false: "by name"}[p.changed], false)
	case key.Matches(m, k.Browser):
		if s := p.selected(); s != nil {
			return p.openAddress(client.ReportURL(p.options.Host, p.current(), s.Metrics[len(s.Metrics)-1].Report))
		}
	default:
		p.cursor.index += p.rows(m, p.layout.listHeight-1, len(p.series))
	}
	return nil
}

// sort puts the series in order: alerts and the largest steps from the previous
// version first, or by name.
func (p *perfPage) sort() {
	if !p.changed {
		slices.SortStableFunc(p.series, func(a, b client.Series) int { return strings.Compare(a.Benchmark.Name, b.Benchmark.Name) })
		return
	}
	slices.SortStableFunc(p.series, func(a, b client.Series) int {
		if alerts := btoi(alerted(&b)) - btoi(alerted(&a)); alerts != 0 {
			return alerts
		}
		return cmp.Compare(step(&b), step(&a))
	})
}

// alerted tells whether a series' newest metric raised an alert.
func alerted(s *client.Series) bool { return s.Metrics[len(s.Metrics)-1].Alert != nil }

// step is how far the newest metric is from the one before it, in percent.
func step(s *client.Series) float64 {
	points := pointsOf(s)
	if len(points) < 2 {
		return 0
	}
	percent, _ := Percent(points[len(points)-1]-points[len(points)-2], points[len(points)-2])
	return math.Abs(percent)
}

// pickDimension offers what the metrics can be chosen by.
func (p *perfPage) pickDimension(what string, names []string, index *int) tea.Cmd {
	return p.pickName(what, names, *index, func(i int) tea.Cmd {
		*index = i
		p.series, p.cursor = nil, cursor{}
		return p.readSeries()
	})
}

func namesOf[T any](all []T, name func(T) string) []string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = name(one)
	}
	return names
}

func (p *perfPage) selected() *client.Series {
	if p.cursor.index < 0 || p.cursor.index >= len(p.series) {
		return nil
	}
	return &p.series[p.cursor.index]
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
	p.cursor = p.cursor.fitted(len(p.series), l.listHeight-1)
	return nil
}

func (p *perfPage) click(x, y int) tea.Cmd {
	if i := p.cursor.offset + y - 2; y >= 2 && y < 1+p.layout.listHeight && x < p.layout.listWidth && i < len(p.series) {
		p.cursor.index = i
	}
	return nil
}

func (p *perfPage) wheel(_, _, rows int) tea.Cmd {
	p.cursor.index += rows
	return nil
}
