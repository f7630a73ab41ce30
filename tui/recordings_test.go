package tui

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"burrow/client"

	"github.com/muesli/termenv"
)

// TestRecordedNamesAreHarmless draws what a real server answered, names with
// control sequences among it, in every view that shows it.
func TestRecordedNamesAreHarmless(t *testing.T) {
	file, err := os.Open("../../shared/recordings/browse.jsonl")
	if err != nil {
		t.Skip("no recordings of a real server beside the project")
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	reports, perfs, controls := 0, 0, 0
	for lines.Scan() {
		var call struct {
			Request  struct{ Method, Path string }
			Response struct {
				Status int
				Body   json.RawMessage
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			t.Fatal(err)
		}
		path, _, _ := strings.Cut(call.Request.Path, "?")
		made := path == "/v0/run" && call.Response.Status == 201 // its answer is a report
		if !made && (call.Request.Method != http.MethodGet || call.Response.Status != 200) {
			continue
		}
		if strings.Contains(string(call.Response.Body), `\u001b`) {
			controls++
		}
		for _, size := range sizes {
			a := still(t, testTheme(termenv.TrueColor, true), size.width, size.height, oneOfEach())
			var all []client.Report
			var one client.Report
			var perf client.Perf
			switch {
			case strings.HasSuffix(path, "/reports") && json.Unmarshal(call.Response.Body, &all) == nil && len(all) > 0:
				showReports(a)
				a.Update(reportsRead{generation: a.reports.generation, number: 1, page: client.Page[client.Report]{Items: all, Total: len(all)}})
				a.Update(reportRead{want: all[0].UUID, report: &all[0]})
				reports++
			case (made || strings.Contains(path, "/reports/")) && json.Unmarshal(call.Response.Body, &one) == nil:
				showReports(a)
				a.Update(reportsRead{generation: a.reports.generation, number: 1, page: client.Page[client.Report]{Items: []client.Report{one}, Total: 1}})
				a.Update(reportRead{want: one.UUID, report: &one})
				press(a, "enter")
				reports++
			case strings.HasSuffix(path, "/perf") && json.Unmarshal(call.Response.Body, &perf) == nil && len(perf.Results) > 0:
				showPerf(a)
				var series []client.Series
				for _, s := range perf.Results {
					if len(s.Metrics) > 0 {
						series = append(series, s)
					}
				}
				a.Update(seriesRead{generation: a.perf.generation, series: series})
				perfs++
			default:
				continue
			}
			whole(t, fmt.Sprintf("%s at %d×%d", call.Request.Path, size.width, size.height), a.View(), size.width, size.height, true)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d drawings of reports, %d of metrics, %d answers with control sequences", reports, perfs, controls)
	if reports == 0 || perfs == 0 || controls == 0 {
		t.Error("the recordings hold none")
	}
}
