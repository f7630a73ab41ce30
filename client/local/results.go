package local

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"burrow/client/harness"
)

// reading is what the adapter made of a run's results.
type reading struct {
	iterations []iteration // those that hold a benchmark
	failure    *apiError   // nothing is stored then but the report's row
}

// iteration is one element of the results, by its place among them.
type iteration struct {
	index   int
	results harness.Results
}

// readResults reads all of a run's results before any of them is stored, and
// folds them if that was asked for.
func readResults(r *run) reading {
	read := reading{}
	for i, text := range r.results {
		results, known, ok := convert(r, text)
		if !ok {
			return reading{failure: unconvertible(r, text, known)}
		}
		if len(results) > 0 {
			read.iterations = append(read.iterations, iteration{i, results})
		}
	}
	if r.settings.Fold != "" && len(read.iterations) > 0 {
		read.iterations = []iteration{{0, fold(r.settings.Fold, read.iterations)}}
	}
	return read
}

// convert reads one element as the adapter does. Known is false where only a
// real server has the adapter.
func convert(r *run, text string) (results harness.Results, known, ok bool) {
	average := r.settings.Average
	switch r.adapter {
	case harness.JSON:
		results, err := harness.ReadBMF(text)
		return results, true, err == nil
	case harness.GoBench, harness.Go:
		results, _ := harness.ReadGoBench(text)
		return results, true, len(results) > 0 && average != "median"
	case harness.Magic:
		if results, err := harness.ReadBMF(text); err == nil {
			return results, true, true
		}
		results, _ := harness.ReadGoBench(text)
		return results, len(results) > 0, len(results) > 0 && average != "median"
	}
	return nil, false, false
}

// unconvertible is the 400 of results that the adapter can't read. The report
// stays under its key, empty.
func unconvertible(r *run, text string, known bool) *apiError {
	name := normalAdapter(r.adapter)
	hint := ""
	if !known {
		hint = "(The built-in server reads only json and Go benchmark output.)\n"
	}
	return badRequest(fmt.Sprintf("Failed to convert results with adapter (%s | JsonReportSettings { adapter: %s, average: %s, fold: %s }): Failed to convert results: %s\n\n%sAre you sure %s is the right adapter?\nRead more about adapters here: https://bencher.dev/docs/explanation/adapters/",
		name, variant(r.settings.Adapter), variant(r.settings.Average), variant(r.settings.Fold), text, hint, name))
}

// normalAdapter is the adapter as it is stored: names of languages are magic.
func normalAdapter(a harness.Adapter) string {
	switch a {
	case "rust", "cpp", "go", "java", "c_sharp", "js", "python", "ruby", "shell", "dart":
		return string(harness.Magic)
	default:
		return string(a)
	}
}

// variant writes an optional name as the real server's messages do:
// "Some(GoBench)".
func variant(name string) string {
	if name == "" {
		return "None"
	}
	camel := ""
	for word := range strings.SplitSeq(name, "_") {
		camel += strings.ToUpper(word[:1]) + word[1:]
	}
	return "Some(" + camel + ")"
}

// fold makes one iteration of several: for each benchmark and measure one
// metric of those that there are.
func fold(how string, iterations []iteration) harness.Results {
	metrics := map[string]map[string][]harness.Metric{}
	for _, it := range iterations {
		for _, b := range it.results {
			if metrics[b.Name] == nil {
				metrics[b.Name] = map[string][]harness.Metric{}
			}
			for _, m := range b.Measures {
				metrics[b.Name][m.Name] = append(metrics[b.Name][m.Name], m.Metric)
			}
		}
	}
	folded := harness.Results{}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		b := harness.Benchmark{Name: name}
		for _, measure := range slices.Sorted(maps.Keys(metrics[name])) {
			b.Measures = append(b.Measures, harness.Measure{Name: measure, Metric: foldMetrics(how, metrics[name][measure])})
		}
		folded = append(folded, b)
	}
	return folded
}

func foldMetrics(how string, metrics []harness.Metric) harness.Metric {
	slices.SortStableFunc(metrics, func(a, b harness.Metric) int { return cmp.Compare(a.Value, b.Value) })
	last := len(metrics) - 1
	switch how {
	case "min":
		return metrics[0]
	case "max":
		return metrics[last]
	case "median":
		return mean(metrics[last/2 : last/2+2-len(metrics)%2])
	default:
		return mean(metrics)
	}
}

// mean averages values, and bounds where every metric has them. The real server
// divides by the number of elements even where a benchmark is missing from
// some (recorded as run/folded: 2 and 4 of three make 2), which is no mean.
func mean(metrics []harness.Metric) harness.Metric {
	average := func(of func(harness.Metric) *float64) *float64 {
		sum := 0.0
		for _, m := range metrics {
			v := of(m)
			if v == nil {
				return nil
			}
			sum += *v / float64(len(metrics)) // no overflow at 1e308
		}
		return &sum
	}
	return harness.Metric{
		Value: *average(func(m harness.Metric) *float64 { return &m.Value }),
		Lower: average(func(m harness.Metric) *float64 { return m.Lower }),
		Upper: average(func(m harness.Metric) *float64 { return m.Upper }),
	}
}
