package tui

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/uuid"
	"github.com/muesli/termenv"
)

// The four sizes of terminals that every view is drawn for.
var sizes = []struct{ width, height int }{{50, 12}, {80, 24}, {120, 40}, {200, 60}} //nolint:gochecknoglobals // only read

func hashOf(i int) *string {
	hash := fmt.Sprintf("%08x", 0x9316_9457+i*0x0101_0101) + strings.Repeat("0", 32)
	return &hash
}

// sampleReport is a report with an alert, of names as given.
func sampleReport(i int, branch string, alert bool) client.Report {
	upper, baseline := 130.0, 104.2
	r := client.Report{
		UUID: numbered(100 + i), Project: client.Project{Name: "Radix tree", Slug: "radix-tree"}, Branch: client.Branch{Name: branch},
		Testbed: client.Testbed{Name: "ci-linux"}, Adapter: "go_bench", StartTime: noon.Add(-time.Duration(i+1) * time.Hour), Created: noon.Add(-time.Duration(i+1) * time.Hour),
	}
	r.Branch.Head.Version = &client.Version{Number: 40 - i, Hash: hashOf(i)}
	latency := client.Measure{Name: "Latency", Slug: "latency", Units: client.Nanoseconds}
	metric := func(n int, name string, value float64) client.Result {
		return client.Result{Benchmark: client.Benchmark{Name: name}, Measures: []client.ResultMeasure{{
			Measure: latency, Metric: client.Metric{UUID: numbered(1000 + 10*i + n), Value: value}, Boundary: &client.Boundary{Baseline: &baseline, Upper: &upper},
		}}}
	}
	r.Results = [][]client.Result{{metric(0, "BenchmarkInsert-8", 141.5), metric(1, "BenchmarkLookup/a_long_key_with_a_long_name-8", 99.25), metric(2, branch, 1e9)}}
	if alert {
		r.Alerts = []client.Alert{{
			UUID: numbered(2000 + i), Benchmark: client.Benchmark{Name: "BenchmarkInsert-8"}, Metric: client.Metric{UUID: numbered(1000 + 10*i), Value: 141.5},
			Boundary: client.Boundary{Baseline: &baseline, Upper: &upper}, Limit: "upper", Status: "active",
		}}
		r.Counts = &client.Counts{Alerts: client.AlertCount{Total: 1, Active: 1}}
	}
	return r
}

// showReports fills the view of reports.
func showReports(a *app, branches ...string) *app {
	press(a, "2")
	a.reports.projects = []string{"radix-tree", "demo"}
	var all []client.Report
	for i, b := range branches {
		all = append(all, sampleReport(i, b, i == 0))
	}
	a.Update(reportsRead{generation: a.reports.generation, number: 1, page: client.Page[client.Report]{Items: all, Total: len(all)}, branches: branches})
	if len(all) > 0 {
		a.Update(reportRead{want: all[0].UUID, report: &all[0]})
	}
	return a
}

// showPerf fills the view of metrics.
func showPerf(a *app, names ...string) *app {
	press(a, "3")
	a.perf.projects = []string{"radix-tree"}
	about := dimensions{
		branches: []client.Branch{{Name: "main"}, {Name: "feature/radix"}}, testbeds: []client.Testbed{{Name: "ci-linux"}},
		measures: []client.Measure{{Name: "Latency", Slug: "latency", Units: client.Nanoseconds}},
	}
	var series []client.Series
	for i, name := range names {
		about.benchmarks = append(about.benchmarks, client.Benchmark{Name: name})
		s := client.Series{Branch: about.branches[0], Testbed: about.testbeds[0], Measure: about.measures[0], Benchmark: client.Benchmark{Name: name}}
		for j := range 24 {
			upper := 135.0 + float64(j%3)
			m := client.PerfMetric{Version: client.Version{Number: j, Hash: hashOf(j)}, StartTime: noon.Add(time.Duration(j-24) * day), Boundary: &client.Boundary{Upper: &upper}}
			m.Metric.Value = 100 + float64((j*7919+i*31)%17) + float64(j/20)*30
			if m.Metric.Value > upper {
				m.Alert = &client.PerfAlert{Limit: "upper", Status: "active"}
			}
			s.Metrics = append(s.Metrics, m)
		}
		series = append(series, s)
	}
	a.Update(dimensionsRead{generation: a.perf.generation, about: about})
	a.Update(seriesRead{generation: a.perf.generation, series: series})
	return a
}

// showActivity fills the view of attempts.
func showActivity(a *app, runs []*outbox.Run) *app {
	press(a, "4")
	var events []event
	outcomes := client.Outcomes()
	for i, r := range runs {
		one := event{run: r}
		one.Attempt = outbox.Attempt{
			Run: r.ID, Number: i + 1, StartedAt: noon.Add(-time.Duration(i) * time.Minute), EndedAt: noon.Add(-time.Duration(i) * time.Minute),
			Outcome: outcomes[i%len(outcomes)], Duration: 38 * time.Millisecond, Error: r.Message,
		}
		if one.Outcome.Acknowledged() {
			one.HTTPStatus, one.Report, one.Error = 201, &otherID, ""
		}
		events = append(events, one)
	}
	a.Update(activityLoaded{events: events})
	return a
}

// withResults gives the details' results, request and report tabs their data.
func withResults(a *app, names ...string) *app {
	var rows []resultRow
	for i, name := range names {
		row := resultRow{Reading: client.Reading{Benchmark: name, Measure: "latency", Units: client.Nanoseconds, Value: 100 * float64(i+1)}}
		for j := range 9 {
			row.earlier = append(row.earlier, 100*float64(i+1)*(0.8+float64((j*37+i*11)%7)/20))
		}
		rows = append(rows, row)
	}
	report := sampleReport(0, "feature/radix", true)
	run := a.outbox.detail.run
	a.Update(detailsLoaded{need: need{run, tabResults}, results: rows})
	a.Update(detailsLoaded{need: need{run, tabReport}, report: &report})
	text := strings.Join(names, "\t100\t12 ns/op\\n") + `\nPASS\nok\nok\nok\n`
	a.Update(detailsLoaded{need: need{run, tabRequest}, body: []byte(`{"project":"demo","results":["` + jsonText(text) + `"],"start_time":"2026-11-25T11:57:00Z","count":3,"ok":true,"none":null,"empty":{}}`)})
	return tell(a, lostAnswer()...)
}

func jsonText(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '"' || r < ' ' || r == '\\' && false {
			return ' '
		}
		return r
	}, text)
}

// stills are all views and what lies over them, by name.
func stills(t testing.TB, th theme, width, height int, runs []*outbox.Run, names []string) map[string]func() *app {
	base := func() *app { return still(t, th, width, height, runs) }
	third := func() *app { return withResults(press(base(), "jj"), names...) } // the deduplicated one
	form := func(old *outbox.Run) *app {
		a := base()
		a.Update(fieldsWanted{old})
		a.Update(suggested{generation: a.form.generation, suggestions: Suggestions{
			Defaults: Trial{Project: "radix-tree"}, Branches: names, Commands: []string{"go test -run '^$' -bench . ./..."},
		}})
		return a
	}
	return map[string]func() *app{
		"reports":       func() *app { return showReports(base(), names...) },
		"reports-none":  func() *app { return showReports(base()) },
		"perf":          func() *app { return showPerf(base(), names...) },
		"activity":      func() *app { return showActivity(base(), runs) },
		"activity-none": func() *app { return showActivity(base(), nil) },
		"tab-history":   func() *app { return press(third(), "enter", "]") },
		"tab-results":   func() *app { return press(third(), "enter", "]]") },
		"tab-request":   func() *app { return press(third(), "enter", "]]]") },
		"tab-report":    func() *app { return press(third(), "enter", "]]]]") },
		"marked":        func() *app { return press(base(), " ", "j", "j", "v") },
		"palette":       func() *app { return press(base(), ":", "re") },
		"pause":         func() *app { return press(base(), "p") },
		"copy":          func() *app { return press(base(), "jj", "y") },
		"delete":        func() *app { return press(base(), "D") },
		"form":          func() *app { return form(nil) },
		"resubmit":      func() *app { return form(oneOfEach()[5]) },
		"form-running": func() *app {
			a := form(nil)
			a.form.stage, a.form.live, a.form.trial.Command = stageRunning, &live{}, "go test -bench ."
			fmt.Fprintf(a.form.live, "goos: linux\n%s\t100\t12 ns/op\npart", names[0])
			a.Update(ticked{})
			return a
		},
		"form-failed": func() *app {
			a := form(nil)
			a.form.stage, a.form.live, a.form.trial.Command = stageRunning, &live{}, "go test -bench ."
			for range 20 {
				fmt.Fprintf(a.form.live, "--- FAIL: %s\n", names[0])
			}
			a.Update(benched{generation: a.form.generation, err: &harness.FailedError{Command: "go test -bench .", Status: "exit status 1\x1b[2J"}})
			return a
		},
		"form-preview": func() *app {
			a := form(nil)
			readings := []resultRow{}
			for _, name := range names {
				readings = append(readings, resultRow{Reading: client.Reading{Benchmark: name, Measure: "latency", Value: 12.5, Units: client.Nanoseconds}})
			}
			a.Update(benched{generation: a.form.generation, rows: readings, measured: &Measured{
				Host: "https://bench.example:6610", Body: []byte("{}"),
				Summary: client.Summary{Project: "demo", Branch: names[0], Testbed: "Linux", Adapter: "go_bench", Benchmarks: len(names), Iterations: []int{len(names)}, StartTime: noon.Add(-3 * time.Second), EndTime: noon},
			}})
			return a
		},
		"toast": func() *app {
			a := base()
			a.Update(failed{errors.New("the outbox went away:\n\x1b[2Jno such file")})
			return a
		},
	}
}

var sampleNames = []string{"feature/radix", "BenchmarkInsert-8", "main", "BenchmarkLookup/a_long_key_with_a_long_name-8", "fix/leak"} //nolint:gochecknoglobals // only read

// TestEveryViewAtEverySize compares each view, tab, dialog and overlay with the
// frame that was looked at, at four sizes.
func TestEveryViewAtEverySize(t *testing.T) {
	for _, size := range sizes {
		th := testTheme(termenv.Ascii, true)
		for name, make := range stills(t, th, size.width, size.height, oneOfEach(), sampleNames) {
			at := fmt.Sprintf("%s-%dx%d", name, size.width, size.height)
			t.Run(at, func(t *testing.T) { checkGolden(t, at, make().View()) })
		}
	}
	for _, size := range sizes {
		for name, make := range stills(t, testTheme(termenv.TrueColor, true), size.width, size.height, oneOfEach(), sampleNames) {
			at := fmt.Sprintf("colour-%s-dark-%dx%d", name, size.width, size.height)
			t.Run(at, func(t *testing.T) { checkGolden(t, at, make().View()) })
		}
	}
	for name, make := range stills(t, testTheme(termenv.TrueColor, false), 120, 40, oneOfEach(), sampleNames) {
		at := fmt.Sprintf("colour-%s-light-120x40", name)
		t.Run(at, func(t *testing.T) { checkGolden(t, at, make().View()) })
	}
}

// TestNothingBreaksAFrame draws every view with names that try to, at many
// sizes, in colour and in ASCII: a frame fills the screen exactly, without a
// control character.
func TestNothingBreaksAFrame(t *testing.T) {
	var names []string
	for _, r := range nasty() {
		names = append(names, r.Branch)
	}
	for _, unicode := range []bool{true, false} {
		th := testTheme(termenv.TrueColor, true)
		th.unicode = unicode
		for _, width := range []int{1, 49, 50, 63, 80, 99, 100, 140, 200} {
			for _, height := range []int{1, 12, 18, 60} {
				for name, make := range stills(t, th, width, height, nasty(), names) {
					a := make()
					for _, key := range []string{"", "G", "k"} {
						if key != "" {
							press(a, key)
						}
						whole(t, fmt.Sprintf("%s at %d×%d after %q, unicode %v", name, width, height, key, unicode), a.View(), width, height, unicode)
					}
				}
			}
		}
	}
}

// unstyled takes the styles out of a line: any other sequence is not the UI's.
func unstyled(line string) string { return styles().ReplaceAllString(line, "") }

var styles = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;]*m") })

// whole tells whether a frame fills a screen exactly.
func whole(t *testing.T, what, frame string, width, height int, unicode bool) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) != height {
		t.Fatalf("%s: %d lines", what, len(lines))
	}
	for i, line := range lines {
		if got := ansi.StringWidth(line); got != width {
			t.Fatalf("%s: line %d is %d cells: %q", what, i, got, line)
		}
		text := unstyled(line)
		if strings.ContainsFunc(text, func(r rune) bool {
			return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || !unicode && r > 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
		}) {
			t.Fatalf("%s: control or foreign characters in %q", what, text)
		}
	}
}

// TestStatusIsNotByColourAlone: without colour each status has a sign and, or,
// words of its own.
func TestStatusIsNotByColourAlone(t *testing.T) {
	for _, size := range sizes {
		seen := map[string]outbox.Status{}
		for _, s := range outbox.Statuses() {
			sign := Sign(s)
			if other, twice := seen[sign]; twice {
				t.Errorf("%s and %s have one sign", s, other)
			}
			seen[sign] = s
			if ascii(sign) == "?" {
				t.Errorf("%s has no sign in ASCII", s)
			}
		}
		frame := still(t, testTheme(termenv.Ascii, true), size.width, 40, oneOfEach()).View()
		for sign := range seen {
			if !strings.Contains(frame, sign) {
				t.Errorf("%d columns: %q is not shown", size.width, sign)
			}
		}
	}
}

// TestNoColourMeansNone: with NO_COLOR no colour is in any frame, but the open
// tab, a field's cursor and what is bold are still seen.
func TestNoColourMeansNone(t *testing.T) {
	sequence := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	shown := map[string]bool{}
	for name, make := range stills(t, colourlessTheme(), 120, 40, oneOfEach(), sampleNames) {
		frame := make().View()
		for _, one := range sequence.FindAllString(frame, -1) {
			for code := range strings.SplitSeq(strings.Trim(one, "\x1b[m"), ";") {
				if shown[code] = true; len(code) > 1 {
					t.Errorf("%s has colour: %q", name, one)
				}
			}
		}
		if !strings.Contains(frame, "\x1b[1;4;4m1 Outbox") && make().current == 0 {
			t.Errorf("%s: the open view is not underlined: %q", name, strings.Split(frame, "\n")[0])
		}
	}
	for attribute, code := range map[string]string{"bold": "1", "faint": "2", "underline": "4", "a field's cursor": "7"} {
		if !shown[code] {
			t.Errorf("%s is nowhere", attribute)
		}
	}
}

// TestSixteenColours: on a terminal of 16 colours no frame asks for more.
func TestSixteenColours(t *testing.T) {
	for name, make := range stills(t, testTheme(termenv.ANSI, true), 120, 40, oneOfEach(), sampleNames) {
		if frame := make().View(); strings.Contains(frame, "38;") || strings.Contains(frame, "48;") {
			t.Errorf("%s asks for more colours", name)
		}
	}
}

// TestAnOlderAnswerIsDropped: what a server says to a question that was asked
// before a newer one changes nothing.
func TestAnOlderAnswerIsDropped(t *testing.T) {
	a := showReports(still(t, testTheme(termenv.Ascii, true), 120, 40, oneOfEach()), sampleNames...)
	old := a.reports.generation
	press(a, "b")
	a.Update(reportsRead{generation: old, number: 1, page: client.Page[client.Report]{Items: []client.Report{sampleReport(7, "stale", false)}, Total: 1}})
	if strings.Contains(a.View(), "stale") {
		t.Error("an older answer is shown")
	}
	a.Update(reportRead{want: uuid.New(), report: &client.Report{Branch: client.Branch{Name: "stale"}}})
	if strings.Contains(a.View(), "stale") {
		t.Error("another report is shown")
	}
}

// TestTheMouse: tabs, rows and the wheel; M gives it back.
func TestTheMouse(t *testing.T) {
	a := still(t, testTheme(termenv.Ascii, true), 120, 40, oneOfEach())
	click := func(x, y int) {
		a.Update(tea.MouseMsg{X: x, Y: y, Action: tea.MouseActionPress, Button: tea.MouseButtonLeft})
	}
	click(5, 6)
	if a.outbox.list.index != 3 {
		t.Errorf("row %d is selected, want 3", a.outbox.list.index)
	}
	line := 0
	for i, l := range strings.Split(a.View(), "\n") {
		if strings.Contains(l, "Overview  History") {
			line = i
		}
	}
	text := strings.Split(a.View(), "\n")[line]
	click(ansi.StringWidth(text[:strings.Index(text, "Results")])+2, line)
	if a.outbox.detail.tab != tabResults || a.outbox.focus != focusDetail {
		t.Errorf("tab %v, focus %v", a.outbox.detail.tab, a.outbox.focus)
	}
	header := strings.Split(a.View(), "\n")[0]
	click(strings.Index(header, "4 Activity")+3, 0)
	if a.view().name() != "Activity" {
		t.Errorf("the view is %s", a.view().name())
	}
	showActivity(a, oneOfEach())
	a.Update(tea.MouseMsg{X: 5, Y: 9, Action: tea.MouseActionPress, Button: tea.MouseButtonWheelDown})
	if a.activity.cursor.index != wheelRows {
		t.Errorf("the wheel went to %d", a.activity.cursor.index)
	}
}

// TestWhatAServerLeavesOutBreaksNothing draws answers that lack whatever can
// lack.
func TestWhatAServerLeavesOutBreaksNothing(t *testing.T) {
	th := testTheme(termenv.Ascii, true)
	bare := client.Report{Results: [][]client.Result{{}, {{Measures: []client.ResultMeasure{{}}}}}, Alerts: []client.Alert{{}, {Limit: "lower"}}}
	for _, size := range sizes {
		a := still(t, th, size.width, size.height, oneOfEach())
		press(a, "2")
		a.Update(reportsRead{generation: a.reports.generation, number: 1, page: client.Page[client.Report]{Items: []client.Report{{}, bare}, Total: -1}})
		for _, r := range []client.Report{{}, bare} {
			a.Update(reportRead{want: r.UUID, report: &r})
			whole(t, "a report", a.View(), size.width, size.height, true)
		}
		press(a, "3")
		a.Update(dimensionsRead{generation: a.perf.generation, about: dimensions{branches: make([]client.Branch, 1), testbeds: make([]client.Testbed, 1), measures: make([]client.Measure, 1), benchmarks: make([]client.Benchmark, 1)}})
		a.Update(seriesRead{generation: a.perf.generation, series: []client.Series{{Metrics: make([]client.PerfMetric, 1)}, {Metrics: make([]client.PerfMetric, 2)}}})
		for range 3 {
			whole(t, "a metric", a.View(), size.width, size.height, true)
			press(a, "j")
		}
	}
}
