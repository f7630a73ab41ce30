package main

import (
	"fmt"
	"html/template"
	"io"

	"burrow/client"
)

// reportPage is a page that needs nothing else; the template escapes every
// text by where it stands.
var reportPage = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Benchmark report {{.UUID}}</title>
<style>
body { font-family: sans-serif; margin: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.alert { font-weight: bold; background: #f003; }
</style>
</head>
<body>
<h1>Benchmark report</h1>
<table>
{{- range .Facts}}
<tr><th>{{.Name}}</th><td>{{.Text}}</td></tr>
{{- end}}
</table>
{{- with .Alerts}}
<p class="alert">🚨 {{.}}</p>
{{- end}}
{{- if .Rows}}
<table>
<thead><tr>{{if .Several}}<th>Iteration</th>{{end}}<th>Benchmark</th><th>Measure<br>(units)</th><th>Benchmark Result<br>(Result Δ%)</th>
{{- if .Lower}}<th>Lower Boundary<br>(Limit %)</th>{{end}}{{if .Upper}}<th>Upper Boundary<br>(Limit %)</th>{{end}}</tr></thead>
<tbody>
{{- range .Rows}}
<tr{{if .Sign}} class="alert"{{end}}>{{if $.Several}}<td>{{.Iteration}}</td>{{end}}<td>{{with .Sign}}{{.}} {{end}}<bdi>{{.Benchmark}}</bdi></td><td>{{.Measure}}{{with .Units}}<br>{{.}}{{end}}</td><td>{{.Result}}</td>
{{- if $.Lower}}<td>{{.LowerBoundary}}</td>{{end}}{{if $.Upper}}<td>{{.UpperBoundary}}</td>{{end}}</tr>
{{- end}}
</tbody>
</table>
{{- else}}
<p>The report holds no results.</p>
{{- end}}
</body>
</html>
`))

type htmlRow struct {
	Iteration                                                             int
	Sign, Benchmark, Measure, Units, Result, LowerBoundary, UpperBoundary string
}

// writeReportHTML writes a report as an HTML page of its own.
func writeReportHTML(out io.Writer, r *client.Report) error {
	lines, several := reportLines(r)
	lower, upper := limits(lines)
	rows := make([]htmlRow, len(lines))
	for i, l := range lines {
		rows[i] = htmlRow{l.iteration, l.alertSign(), l.benchmark, l.measure, l.units, l.result(), l.lowerBoundary(), l.upperBoundary()}
	}
	err := reportPage.Execute(out, struct {
		UUID                  string
		Facts                 []reportFact
		Alerts                string
		Rows                  []htmlRow
		Several, Lower, Upper bool
	}{r.UUID.String(), reportFacts(r), alertSentence(r), rows, several, lower, upper})
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
