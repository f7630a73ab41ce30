package harness

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Nanoseconds in each unit of time that the server reads in a Go benchmark's
// line; Go itself prints ns/op, the others come from ReportMetric.
var perOp = map[string]float64{"ns/op": 1, "µs/op": 1e3, "us/op": 1e3, "ms/op": 1e6, "s/op": 1e9}

// ReadGoBench reads the output of `go test -bench`: a name, a count, then
// pairs of value and unit. Only the time per operation counts, as on the
// server, whatever the other columns hold; the whole first field is the name.
// Of two lines with one name the last wins, as on the server, and a warning
// says what is lost.
func ReadGoBench(text string) (Results, []Warning) {
	type seen struct {
		pkg   string
		value float64
		times int
	}
	var (
		order    []string
		found    = map[string]*seen{}
		warnings []Warning
		pkg      string
	)
	for i, line := range strings.Split(text, "\n") {
		if p, ok := strings.CutPrefix(line, "pkg: "); ok {
			pkg = strings.TrimSpace(p)
			continue
		}
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue // Go prints the bare name first when it is verbose
		}
		name := fields[0]
		if _, err := strconv.ParseUint(fields[1], 10, 64); err != nil {
			warnings = append(warnings, Warning(fmt.Sprintf("%s (line %d) has no result on its line: log output is mixed in", name, i+1)))
			continue
		}
		value, ok := timePerOp(fields[2:])
		if !ok {
			warnings = append(warnings, Warning(fmt.Sprintf("%s has no time per op and is skipped", name)))
			continue
		}
		before, again := found[name]
		switch {
		case !again:
			order = append(order, name)
			found[name] = &seen{pkg: pkg, value: value, times: 1}
			continue
		case before.pkg != pkg:
			warnings = append(warnings, Warning(fmt.Sprintf("%s is in %s and %s; the first (%v) is lost", name, before.pkg, pkg, before.value)))
			before.times = 0 // said already
		}
		before.pkg, before.value = pkg, value
		before.times++
	}
	results := make(Results, 0, len(order))
	for _, name := range order {
		s := found[name]
		if s.times > 1 {
			warnings = append(warnings, Warning(fmt.Sprintf("%s ran %d times in one output; the server keeps the last (%v)", name, s.times, s.value)))
		}
		results = append(results, Benchmark{Name: name, Measures: []Measure{{Name: Latency, Metric: Metric{Value: s.value}}}})
	}
	return results.sorted(), warnings
}

// timePerOp finds the time per operation, in nanoseconds, among pairs of value
// and unit.
func timePerOp(fields []string) (float64, bool) {
	for i := 0; i+1 < len(fields); i += 2 {
		factor, ok := perOp[fields[i+1]]
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
			return 0, false
		}
		return value * factor, true
	}
	return 0, false
}

// looksLikeGoTest tells the output of a test binary that ran no benchmark.
func looksLikeGoTest(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "PASS" || line == "FAIL" || strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "goos: ") || strings.Contains(line, "[no test files]") {
			return true
		}
	}
	return false
}
