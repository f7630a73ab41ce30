package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"burrow/client"

	"github.com/google/uuid"
)

// hostileNames are such as a server stores and gives back (bencher-api.md,
// section 8.12).
var hostileNames = []string{
	"plain", "a|b", "a\\|b", "`rm -rf`", "``x``", "<script>alert(1)</script>", "<!-- x", "</details>", "&lt;b&gt;", "a\nb\r\n# head",
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u009b31mred", "tab\there", "\u202eevil", "日本語 🐰", "مرحبا", " lead", "*bold* _under_ ~~gone~~",
	"[link](http://evil.example)", "![img](x)", "http://evil.example/", "www.evil.example", "me@evil.example", "@octocat", "#1", "org/repo#1",
	"GH-1", ":smile:", "$x$", "\"quoted\" 'names'", "\x00", "\x7f", strings.Repeat("n", 1000),
}

// reportOfNames is a report in which every text is a hostile name, with and
// without alerts and boundaries.
func reportOfNames(names []string) *client.Report {
	number := func(v float64) *float64 { return &v }
	hash := "0123456789abcdef0123456789abcdef01234567"
	r := &client.Report{
		UUID: uuid.New(), StartTime: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC),
		Project: client.Project{Slug: names[0], Name: names[0]},
		Branch:  client.Branch{Name: names[0], Head: client.Head{Version: &client.Version{Number: 3, Hash: &hash}}},
		Testbed: client.Testbed{Name: names[0]},
	}
	for iteration := range 2 {
		var results []client.Result
		for i, name := range names {
			m := client.ResultMeasure{
				Measure: client.Measure{Name: name, Units: name},
				Metric:  client.Metric{UUID: uuid.New(), Value: 150},
			}
			if i%2 == 0 {
				m.Boundary = &client.Boundary{Baseline: number(100), Lower: number(90), Upper: number(110)}
				r.Alerts = append(r.Alerts, client.Alert{UUID: uuid.New(), Metric: m.Metric, Limit: "upper", Status: []string{"active", name}[iteration]})
			}
			results = append(results, client.Result{Iteration: iteration, Benchmark: client.Benchmark{Name: name}, Measures: []client.ResultMeasure{m}})
		}
		r.Results = append(r.Results, results)
	}
	return r
}

// hostile adds the names of the recordings, where they are.
func hostile(t *testing.T) []string {
	names := hostileNames
	file, err := os.Open("../../../shared/recordings/browse.jsonl")
	if err != nil {
		t.Logf("no recordings of the real server beside the project: %v", err)
		return names
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var line struct {
			Response struct {
				Body struct {
					Results [][]client.Result `json:"results"`
				} `json:"body"`
			} `json:"response"`
		}
		_ = json.Unmarshal(scanner.Bytes(), &line) // lists are of another shape
		for _, iteration := range line.Response.Body.Results {
			for _, result := range iteration {
				names = append(names, result.Benchmark.Name)
			}
		}
	}
	if len(names) == len(hostileNames) {
		t.Error("the recordings hold no names")
	}
	return names
}

// unsafe names the first character that a terminal could obey.
func unsafe(text string) string {
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}

// TestNoNameBreaksOutOfAReport writes hostile names in each form and looks for
// what they could do there.
func TestNoNameBreaksOutOfAReport(t *testing.T) {
	r := reportOfNames(hostile(t))
	var human, markdown, page strings.Builder
	for _, err := range []error{writeReportHuman(&human, r), writeReportMarkdown(&markdown, r), writeReportHTML(&page, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for form, text := range map[string]string{"human": human.String(), "markdown": markdown.String(), "html": page.String()} {
		if bad := unsafe(text); bad != "" {
			t.Errorf("%s holds %s", form, bad)
		}
	}

	tag := regexp.MustCompile(`^(</?(code|br|details|summary)>|<!-- -->@)`)
	for n, line := range strings.Split(markdown.String(), "\n") {
		where := fmt.Sprintf("line %d of the Markdown: %.120q", n+1, line)
		for i, r := range line {
			switch before := line[:i]; {
			case r == '<' && !tag.MatchString(line[i:]), r == '`',
				strings.ContainsRune("[]!_~$^:", r) && !strings.HasSuffix(before, `\`) && !strings.HasSuffix(before, "<"),
				r == '@' && !strings.HasSuffix(before, "<!-- -->"),
				r == '&' && !regexp.MustCompile(`^&#\d+;`).MatchString(line[i:]),
				strings.HasSuffix(strings.ToLower(before), "www") && r == '.':
				if !strings.Contains(line, "exceeded") { // burrow's own sentence
					t.Errorf("%q stands bare in %s", r, where)
				}
			}
		}
		if bare := regexp.MustCompile(`<code>.*?</code>|&#\d+;`).ReplaceAllString(line, ""); regexp.MustCompile(`[@#]\w`).MatchString(bare) {
			t.Errorf("a reference stands outside of code in %s", where)
		}
		if cells := strings.Count(line, "|"); strings.HasPrefix(line, "| ") && cells != 7 && cells != 3 {
			t.Errorf("%d bars in %s", cells, where)
		}
	}
	if got := strings.Count(markdown.String(), "</details>"); got != 1 {
		t.Errorf("%d ends of the folded part", got)
	}

	tags := regexp.MustCompile(`<[a-z!/][^>]*>`).FindAllString(page.String(), -1)
	known := regexp.MustCompile(`^</?(html|head|meta|title|style|body|h1|p|table|thead|tbody|tr|th|td|br|bdi)( (lang|charset|class)="[a-zA-Z0-9-]*")?>$`)
	for _, tag := range tags[1:] {
		if !known.MatchString(tag) {
			t.Errorf("the page holds %s", tag)
		}
	}
	if !strings.Contains(page.String(), template.HTMLEscapeString("<script>alert(1)</script>")) {
		t.Error("a name is not there, escaped")
	}
}

// TestAReportShowsWhatBenchersCommentShows: result, change, boundary and how
// much of it is used, alerts marked.
func TestAReportShowsWhatBenchersCommentShows(t *testing.T) {
	r := reportOfNames([]string{"watched", "free"})
	r.Results = r.Results[:1]
	r.Alerts = r.Alerts[:1]
	r.Results[0][0].Measures[0].Measure = client.Measure{Name: "Latency", Units: "nanoseconds (ns)"}
	var human, markdown, page strings.Builder
	for _, err := range []error{writeReportHuman(&human, r), writeReportMarkdown(&markdown, r), writeReportHTML(&page, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ form, text, want string }{
		{"human", human.String(), `(?m)^watched +Latency +150 ns \(\+50\.00%\) +90 ns \(60\.00%\) +110 ns \(136\.36%\) +🚨$`},
		{"human", human.String(), `1 alert: a threshold`},
		{"human", human.String(), `(?m)^free +free +150 free +- +- *$`},
		{"markdown", markdown.String(), `(?m)^> 🚨 \*\*1 alert`},
		{"markdown", markdown.String(), `(?m)^\| Benchmark \| Measure \(units\) \| Benchmark Result \(Result Δ%\) \| Lower Boundary \(Limit %\) \| Upper Boundary \(Limit %\) \|$`},
		{"markdown", markdown.String(), `(?m)^\| 🚨 <code>watched</code> \| Latency<br>nanoseconds \(ns\) \| \*\*150 ns \(\+50\.00%\)\*\* \| 90 ns \(60\.00%\) \| \*\*110 ns \(136\.36%\)\*\* \|$`},
		{"markdown", markdown.String(), `(?m)^\| <code>free</code> \| free<br>free \| 150 free \|  \|  \|$`},
		{"html", page.String(), `<tr class="alert"><td>🚨 <bdi>watched</bdi></td><td>Latency<br>nanoseconds \(ns\)</td><td>150 ns \(&#43;50\.00%\)</td><td>90 ns \(60\.00%\)</td><td>110 ns \(136\.36%\)</td></tr>`},
	} {
		if !regexp.MustCompile(c.want).MatchString(c.text) {
			t.Errorf("%s lacks %s:\n%s", c.form, c.want, c.text)
		}
	}
}

// TestPercentagesOfNothing: zero and huge numbers make no percentage, and no
// crash.
func TestPercentagesOfNothing(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		line                 reportLine
		result, lower, upper string
	}{
		{reportLine{value: 5}, "5", "", ""},
		{reportLine{value: 5, baseline: number(0), lower: number(0), upper: number(0)}, "5", "0 (0.00%)", "0"},
		{reportLine{value: 0, baseline: number(5), lower: number(4), upper: number(6)}, "0 (-100.00%)", "4", "6 (0.00%)"},
		{reportLine{value: -1.5e300, baseline: number(1e-300)}, "-1.5e+300", "", ""},
	} {
		if got := c.line.result(); !strings.HasPrefix(got, c.result) || strings.Contains(got, "Inf") || strings.Contains(got, "NaN") {
			t.Errorf("result %s", got)
		}
		if lower, upper := c.line.lowerBoundary(), c.line.upperBoundary(); lower != c.lower || upper != c.upper {
			t.Errorf("boundaries %q, %q", lower, upper)
		}
	}
}

// TestMarkdownFitsIntoAComment however large the report is.
func TestMarkdownFitsIntoAComment(t *testing.T) {
	names := make([]string, 5000)
	for i := range names {
		names[i] = fmt.Sprintf("benchmark-%d", i)
	}
	var text strings.Builder
	if err := writeReportMarkdown(&text, reportOfNames(names)); err != nil {
		t.Fatal(err)
	}
	if text.Len() > 65_536 || !strings.Contains(text.String(), "… and ") || !strings.HasSuffix(text.String(), "</details>\n") {
		t.Errorf("%d bytes, ending %q", text.Len(), text.String()[text.Len()-60:])
	}
}

// TestJSONIsHarmlessOnATerminal: the same value, with what a terminal could
// obey as an escape.
func TestJSONIsHarmlessOnATerminal(t *testing.T) {
	for _, name := range append(hostile(t), "\U000e0041 tag") {
		var out strings.Builder
		a := &app{stdio: stdio{out: &out}}
		if err := a.printJSON(map[string]string{"name": name}); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back["name"] != name {
			t.Errorf("%q came back as %q, %v", name, back["name"], err)
		}
		if bad := unsafe(out.String()); bad != "" {
			t.Errorf("%s stands in %s", bad, out.String())
		}
	}
}
