package main

import (
	"fmt"
	"text/tabwriter"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"
	"burrow/tui"
)

// printResults prints every benchmark with its measures: as the server's
// report has them, else as burrow reads the bytes that were sent.
func (a *app) printResults(r *outbox.Run, report *client.Report, body []byte) error {
	rows, _ := client.Readings(harness.Adapter(r.Adapter), body) // what can't be read is not shown
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
			fmt.Fprintf(w, "#%d\t", row.Iteration)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", client.Plain(row.Benchmark, 0), client.Plain(row.Measure, 64), tui.Value(row.Value, row.Units))
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

func reportRows(report *client.Report) []client.Reading {
	var rows []client.Reading
	for _, iteration := range report.Results {
		for _, result := range iteration {
			for _, m := range result.Measures {
				rows = append(rows, client.Reading{
					Iteration: result.Iteration, Benchmark: result.Benchmark.Name, Measure: m.Measure.Name, Value: m.Metric.Value, Units: m.Measure.Units,
				})
			}
		}
	}
	return rows
}
