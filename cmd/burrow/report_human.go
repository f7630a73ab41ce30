package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"burrow/client"
)

// writeReportHuman writes a report for a terminal: facts, then a line a metric.
func writeReportHuman(out io.Writer, r *client.Report) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, fact := range reportFacts(r) {
		fmt.Fprintf(w, "%s\t%s\n", fact.Name, fact.Text)
	}
	lines, several := reportLines(r)
	fmt.Fprintln(w)
	if len(lines) == 0 {
		fmt.Fprintln(w, "The report holds no results.")
	} else {
		lower, upper := limits(lines)
		signs := len(alerted(lines)) > 0
		row := func(iteration string, middle []string, lowerText, upperText, sign string) {
			cells := middle
			for _, cell := range []struct {
				there bool
				text  string
			}{{lower, lowerText}, {upper, upperText}, {signs, sign}} {
				if cell.there {
					cells = append(cells, cell.text)
				}
			}
			if several {
				cells = append([]string{iteration}, cells...)
			}
			fmt.Fprintln(w, strings.Join(cells, "\t"))
		}
		row("ITERATION", []string{"BENCHMARK", "MEASURE", "RESULT"}, "LOWER BOUNDARY", "UPPER BOUNDARY", "")
		for _, l := range lines {
			row(fmt.Sprint(l.iteration), []string{l.benchmark, l.measure, l.result()},
				firstOf(l.lowerBoundary(), "-"), firstOf(l.upperBoundary(), "-"), l.alertSign())
		}
	}
	if sentence := alertSentence(r); sentence != "" {
		fmt.Fprintf(w, "\n%s.\n", sentence)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
