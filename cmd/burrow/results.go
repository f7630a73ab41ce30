package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"text/tabwriter"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"
)

// row is one measured value as it is shown.
type row struct {
	iteration int
	benchmark string
	measure   string
	value     float64
	units     string
}

// printResults prints every benchmark with its measures: as the server's
// report has them, else as burrow reads the bytes that were sent.
func (a *app) printResults(r *outbox.Run, report *client.Report, body []byte) error {
	rows := sentRows(r, body)
	if report != nil {
		rows = reportRows(report)
	}
	if len(rows) == 0 {
		return nil
	}
	several := len(r.Iterations) > 1
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		if several {
			fmt.Fprintf(w, "#%d\t", row.iteration)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", client.Plain(row.benchmark, 0), client.Plain(row.measure, 64), value(row.value, row.units))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

// tellAlerts says which boundaries the run's results broke.
func (a *app) tellAlerts(r *outbox.Run) {
	if r.Report == nil || r.Report.AlertsTotal == 0 {
		return
	}
	a.warn("%s in report %s", counted(r.Report.AlertsTotal, "alert"), r.Report.UUID)
	for _, alert := range r.Report.Alerts {
		a.notice("  %s", client.Plain(alert.String(), 0))
	}
}

func reportRows(report *client.Report) []row {
	var rows []row
	for _, iteration := range report.Results {
		for _, result := range iteration {
			for _, m := range result.Measures {
				rows = append(rows, row{result.Iteration, result.Benchmark.Name, m.Measure.Name, m.Metric.Value, m.Measure.Units})
			}
		}
	}
	return rows
}

func sentRows(r *outbox.Run, body []byte) []row {
	var request client.NewRun
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	var rows []row
	for i, text := range request.Results {
		reading, err := harness.Read(harness.Adapter(r.Adapter), text)
		if err != nil {
			return nil
		}
		for _, b := range reading.Results {
			for _, m := range b.Measures {
				units := ""
				if m.Name == harness.Latency {
					units = "nanoseconds (ns)"
				}
				rows = append(rows, row{i, b.Name, m.Name, m.Value, units})
			}
		}
	}
	return rows
}

// value writes a number so that a person can compare it: times in the unit
// that leaves one to three digits before the point, others as they are.
func value(v float64, units string) string {
	if units == "nanoseconds (ns)" {
		for _, step := range []struct {
			from float64
			unit string
		}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
			if math.Abs(v) >= step.from {
				return figures(v/step.from) + " " + step.unit
			}
		}
		return figures(v) + " ns"
	}
	if short := unitSign(units); short != "" {
		return figures(v) + " " + short
	}
	return figures(v)
}

// figures keeps four significant digits of small numbers and all of large ones.
func figures(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// unitSign is what stands in brackets in a measure's units: "bytes (B)" is B.
func unitSign(units string) string {
	units = client.Plain(units, 32)
	for i, r := range units {
		if r == '(' && units[len(units)-1] == ')' {
			return units[i+1 : len(units)-1]
		}
	}
	return units
}
