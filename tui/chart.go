package tui

import (
	"math"
	"slices"
	"strings"

	"burrow/client"

	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/linechart"
	"github.com/charmbracelet/lipgloss"
)

// chartLines draw a metric over its versions, with the boundaries of its
// thresholds and a sign at each alert.
func chartLines(t theme, s *client.Series, width, height int) []string {
	if len(s.Metrics) == 0 || width < 20 || height < 6 {
		return nil
	}
	low, high := extent(s.Metrics)
	last := float64(max(len(s.Metrics)-1, 1))
	units := client.Plain(s.Measure.Units, 64)
	yLabel := func(_ int, v float64) string { return Value(v, units) }
	xLabel := func(_ int, v float64) string {
		i := min(max(int(math.Round(v)), 0), len(s.Metrics)-1)
		return "#" + number(s.Metrics[i].Version.Number)
	}
	plot := linechart.New(width, height, 0, last, low, high,
		linechart.WithXYSteps(max(width/6, 8), max(height/5, 2)), linechart.WithXLabelFormatter(xLabel), linechart.WithYLabelFormatter(yLabel),
		linechart.WithStyles(t.pen.faint, t.pen.dim, t.pen.soft))
	plot.DrawXYAxisAndLabel()
	line := func(values func(client.PerfMetric) *float64, style lipgloss.Style, mark rune) {
		before := -1
		for i, m := range s.Metrics {
			v := values(m)
			if v == nil {
				before = -1
				continue
			}
			at := canvas.Float64Point{X: float64(i), Y: *v}
			switch {
			case !t.unicode:
				plot.DrawRuneWithStyle(at, mark, style)
			case before >= 0:
				plot.DrawBrailleLineWithStyle(canvas.Float64Point{X: float64(before), Y: *values(s.Metrics[before])}, at, style)
			case len(s.Metrics) == 1:
				plot.DrawRuneWithStyle(at, '●', style)
			}
			before = i
		}
	}
	line(func(m client.PerfMetric) *float64 { return limitOf(m, false) }, t.pen.warn, '-')
	line(func(m client.PerfMetric) *float64 { return limitOf(m, true) }, t.pen.warn, '-')
	line(func(m client.PerfMetric) *float64 { return &m.Metric.Value }, t.pen.accent, '*')
	for i, m := range s.Metrics {
		if m.Alert != nil {
			plot.DrawRuneWithStyle(canvas.Float64Point{X: float64(i), Y: m.Metric.Value}, '!', t.pen.bad)
		}
	}
	return strings.Split(plot.View(), "\n")
}

func limitOf(m client.PerfMetric, upper bool) *float64 {
	switch {
	case m.Boundary == nil:
		return nil
	case upper:
		return m.Boundary.Upper
	}
	return m.Boundary.Lower
}

// extent is what the chart spans: every value and boundary, with some air. A
// chart of one value has it in the middle.
func extent(metrics []client.PerfMetric) (low, high float64) {
	var all []float64
	for _, m := range metrics {
		all = append(all, m.Metric.Value)
		for _, upper := range []bool{false, true} {
			if limit := limitOf(m, upper); limit != nil {
				all = append(all, *limit)
			}
		}
	}
	low, high = slices.Min(all), slices.Max(all)
	air := (high - low) / 10
	if !(air > 0) || math.IsInf(air, 0) {
		air = math.Max(math.Abs(high)/10, 1e-9)
	}
	return low - air, high + air
}
