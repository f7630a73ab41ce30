package tui

import (
	"fmt"
	"strings"
	"testing"

	"burrow/client"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

func perfOf(t *testing.T, branches, testbeds []string) *app {
	t.Helper()
	a := still(t, testTheme(termenv.Ascii, true), 120, 40, nil)
	a.options.Branch = "main"
	a.perf.projects = []string{"demo"}
	press(a, "3")
	tellPerf(a, branches, testbeds)
	return a
}

func tellPerf(a *app, branches, testbeds []string) {
	about := dimensions{measures: []client.Measure{{Name: "Latency", Slug: "latency"}}, benchmarks: make([]client.Benchmark, 1)}
	for _, name := range branches {
		about.branches = append(about.branches, client.Branch{Name: name})
	}
	for _, name := range testbeds {
		about.testbeds = append(about.testbeds, client.Testbed{Name: name})
	}
	a.Update(dimensionsRead{generation: a.perf.generation, about: about})
}

// What a person chose stays chosen when the server is asked again, wherever it
// stands by then, the first one too.
func TestTheChosenMetricsStayChosen(t *testing.T) {
	a := perfOf(t, []string{"feature", "main"}, []string{"ci"})
	if a.perf.branch != 1 {
		t.Fatalf("it begins with branch %d, not with this repository's", a.perf.branch)
	}
	a.perf.branch = 0 // feature, by a key
	tellPerf(a, []string{"newer", "feature", "main"}, []string{"ci", "other"})
	if a.perf.branch != 1 || a.perf.testbed != 0 {
		t.Errorf("branch %d, testbed %d", a.perf.branch, a.perf.testbed)
	}
	tellPerf(a, []string{"newer", "main"}, []string{"other"}) // what was chosen is gone
	if a.perf.branch != 1 || a.perf.testbed != 0 {
		t.Errorf("branch %d, testbed %d", a.perf.branch, a.perf.testbed)
	}
}

// A branch without metrics on a testbed is no project without any.
func TestNoMetricNamesWhatWasAskedFor(t *testing.T) {
	a := perfOf(t, []string{"feature", "main"}, []string{"ci"})
	a.Update(seriesRead{generation: a.perf.generation})
	frame := strings.Join(strings.Fields(ansi.Strip(a.View())), " ")
	if want := "no metric Latency of branch main on testbed ci in project demo yet. b: another branch. t: another testbed."; !strings.Contains(frame, want) {
		t.Errorf("%s\nis not in\n%s", want, a.View())
	}
}

// The benchmark that moved most, or raised an alert, is found among many.
func TestARegressionIsFoundAmongManyBenchmarks(t *testing.T) {
	a := perfOf(t, []string{"main"}, []string{"ci"})
	var all []client.Series
	for i := range 300 {
		s := client.Series{Benchmark: client.Benchmark{Name: fmt.Sprintf("BenchmarkThing%03d", i)}, Metrics: make([]client.PerfMetric, 2)}
		s.Metrics[0].Metric.Value, s.Metrics[1].Metric.Value = 100, 100+float64(i%7)
		all = append(all, s)
	}
	all[217].Metrics[1].Metric.Value = 40
	all[33].Metrics[1].Alert = &client.PerfAlert{Limit: "upper", Status: "active"}
	a.Update(seriesRead{generation: a.perf.generation, series: all})
	press(a, "s")
	if first, second := a.perf.series[0].Benchmark.Name, a.perf.series[1].Benchmark.Name; first != "BenchmarkThing033" || second != "BenchmarkThing217" {
		t.Errorf("%s, %s", first, second)
	}
	press(a, "s", "/", "1", "4", "2", "enter")
	if got := a.perf.selected().Benchmark.Name; got != "BenchmarkThing142" {
		t.Error(got)
	}
}

// Iterations are results of one version.
func TestIterationsAreNoVersions(t *testing.T) {
	s := &client.Series{Metrics: make([]client.PerfMetric, 3)}
	if words := extentWords(s); words != "3 results of 1 version" {
		t.Error(words)
	}
	for i := range s.Metrics {
		s.Metrics[i].Version.Number = i
	}
	if words := extentWords(s); words != "3 versions" {
		t.Error(words)
	}
}

// A value that no column holds hides no other one.
func TestAHugeValueIsShort(t *testing.T) {
	for _, v := range []float64{1e308, -1e308, 1e15, 123456789012} {
		for _, units := range []string{client.Nanoseconds, "bytes (B)", ""} {
			if text := Value(v, units); len(text) > 16 {
				t.Errorf("%v %s: %s", v, units, text)
			}
		}
	}
}
