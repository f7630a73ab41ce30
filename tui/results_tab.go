package tui

import (
	"context"
	"math"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/charmbracelet/x/ansi"
)

// resultRow is one measured value with those of the lane's earlier runs.
type resultRow struct {
	client.Reading
	earlier []float64 // of earlier runs on this testbed, oldest first
}

// Bounds of what is compared with: so many earlier runs of the lane, of bodies
// up to so many bytes each.
const (
	earlierRuns = 12
	largeBody   = 4 << 20
)

// readResults reads a run's frozen results, as far as burrow reads their
// format, and those of the lane's earlier runs.
func readResults(ctx context.Context, s *outbox.Store, r *outbox.Run) (rows []resultRow, unread string, err error) {
	rows, unread, err = bodyRows(ctx, s, r)
	if err != nil || len(rows) == 0 {
		return nil, unread, err
	}
	earlier, err := s.List(ctx, outbox.Query{
		Host: r.Host, Project: r.Project, Branch: r.Branch, Testbed: r.Testbed, Before: r.Seq, Limit: earlierRuns,
	})
	if err != nil {
		return nil, "", err
	}
	type name struct{ benchmark, measure string }
	before := map[name][]float64{}
	for i := len(earlier) - 1; i >= 0; i-- {
		if earlier[i].BodyPruned || earlier[i].Bytes > largeBody {
			continue
		}
		old, _, err := bodyRows(ctx, s, earlier[i])
		if err != nil {
			continue // its own details say what is wrong with it
		}
		for _, row := range old {
			before[name{row.Benchmark, row.Measure}] = append(before[name{row.Benchmark, row.Measure}], row.Value)
		}
	}
	for i := range rows {
		rows[i].earlier = before[name{rows[i].Benchmark, rows[i].Measure}]
	}
	return rows, "", nil
}

func bodyRows(ctx context.Context, s *outbox.Store, r *outbox.Run) (rows []resultRow, unread string, err error) {
	if r.BodyPruned {
		return nil, "The frozen results were dropped after their time; the server's report has them.", nil
	}
	body, err := s.Body(ctx, r.ID)
	if err != nil {
		return nil, "", err
	}
	readings, err := client.Readings(harness.Adapter(r.Adapter), body)
	switch {
	case err != nil:
		return nil, "No benchmark is read from this output: " + sentence(err.Error()), nil
	case len(readings) == 0:
		return nil, "burrow does not read what the adapter " + plain(r.Adapter) + " does; the server's report (]) has the values.", nil
	}
	for _, one := range readings {
		rows = append(rows, resultRow{Reading: one})
	}
	return rows, "", nil
}

// resultLines draw benchmarks and measures, with the change against the lane's
// previous run.
func resultLines(t theme, loaded *detailsLoaded, width int) []string {
	if len(loaded.results) == 0 {
		return stepped(wrapped(loaded.unread, width-6))
	}
	several, compared := false, false
	measures, longest, values := 0, 0, 0
	for _, row := range loaded.results {
		several = several || row.Iteration > 0
		compared = compared || len(row.earlier) > 0
		measures = max(measures, ansi.StringWidth(plain(row.Measure)))
		longest = max(longest, ansi.StringWidth(plain(row.Benchmark)))
		values = max(values, ansi.StringWidth(Value(row.Value, row.Units)))
	}
	const changes, sparks = 9, earlierRuns + 1
	measures = min(measures, 16)
	room := width - 3 - values - 2 - 1
	if compared {
		room -= changes + 2
	}
	if several {
		room -= 4
	}
	measure := room-measures-2 >= min(longest, 20)
	if measure {
		room -= measures + 2
	}
	spark := compared && room-sparks-2 >= min(longest, 24)
	if spark {
		room -= sparks + 2
	}
	name := min(max(room, 8), longest)
	head := "   "
	if several {
		head += "IT  "
	}
	head += left("BENCHMARK", name) + "  "
	if measure {
		head += left("MEASURE", measures) + "  "
	}
	head += right("VALUE", values)
	if compared {
		head += "  " + right("CHANGE", changes)
	}
	if spark {
		head += "  BEFORE → NOW"
	}
	lines := []string{t.dim.Render(cut(head, width))}
	for _, row := range loaded.results {
		line := "   "
		if several {
			line += t.dim.Render(left("#"+number(row.Iteration), 4))
		}
		line += left(plain(row.Benchmark), name) + "  "
		if measure {
			line += t.dim.Render(left(plain(row.Measure), measures)) + "  "
		}
		line += right(Value(row.Value, row.Units), values)
		if compared {
			line += "  " + row.change(t, changes)
		}
		if spark {
			line += "  " + t.soft.Render(Sparkline(append(row.earlier[:len(row.earlier):len(row.earlier)], row.Value), sparks))
		}
		lines = append(lines, cut(line, width))
	}
	if compared {
		words := wrapped("CHANGE is against this branch's previous run on this testbed in the outbox.", width-4)
		lines = append(lines, "")
		for _, line := range words {
			lines = append(lines, "   "+t.dim.Render(line))
		}
	}
	return lines
}

// notable is a change that stands out, in percent. It is only a hint for the
// eye: thresholds on the server decide.
const notable = 5

func (row resultRow) change(t theme, width int) string {
	if len(row.earlier) == 0 {
		return t.dim.Render(right("new", width))
	}
	before := row.earlier[len(row.earlier)-1]
	text := right(Change(row.Value, before), width)
	percent, ok := Percent(row.Value-before, before)
	switch {
	case !ok || math.Abs(percent) < notable:
		return t.dim.Render(text)
	case row.Measure == harness.Latency && percent < 0:
		return t.good.Render(text)
	case row.Measure == harness.Latency:
		return t.warn.Render(text)
	}
	return t.bold.Render(text)
}
