package client

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// recordings are real calls of the real server; they lie beside the project
// where it is developed, and not in a user's clone.
const recordings = "../../shared/recordings/"

type recorded struct {
	Name    string `json:"name"`
	Request struct {
		Method   string          `json:"method"`
		Path     string          `json:"path"`
		Body     json.RawMessage `json:"body"`
		BodyText string          `json:"body_text"`
	} `json:"request"`
	Response struct {
		Status   int               `json:"status"`
		Headers  map[string]string `json:"headers"`
		Body     json.RawMessage   `json:"body"`
		BodyText string            `json:"body_text"`
	} `json:"response"`
}

func readRecordings(t *testing.T, name string) []recorded {
	t.Helper()
	file, err := os.Open(recordings + name)
	if err != nil {
		t.Skipf("no recordings of the real server beside the project: %v", err)
	}
	defer file.Close()
	var lines []recorded
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var line recorded
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func (r recorded) exchange() Exchange {
	x := Exchange{Sent: true, Status: r.Response.Status, Header: http.Header{}, Took: 5 * time.Millisecond}
	for k, v := range r.Response.Headers {
		x.Header.Set(k, v)
	}
	x.Body = r.Response.Body
	if x.Body == nil {
		x.Body = []byte(r.Response.BodyText)
	}
	return x
}

// summaryOf reads a recorded request as burrow would have frozen it, with a
// key. What can't be summed up leaves what could be read of it.
func summaryOf(t *testing.T, line recorded) Summary {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(line.Request.Body, &fields); err != nil {
		t.Fatal(err)
	}
	if fields["idempotency_key"] == nil {
		fields["idempotency_key"] = "7f1d3c52-0b7e-4a55-9c2e-5a1b6f2d9e99"
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	summary, _ := Summarize(body)
	return summary
}

// recordedOutcomes is what design.md's table makes of each line of run.jsonl.
// The requests are not all burrow's: what it would not send (other payloads
// under one key, results without a benchmark) is classified against what was
// sent all the same.
var recordedOutcomes = map[string]struct {
	outcome Outcome
	cause   Cause
	left    bool
}{
	"run/first":                         {outcome: Created},
	"run/replay":                        {outcome: Replayed},
	"run/replay-other-payload":          {outcome: Refused, cause: CauseKeyTaken},
	"run/replay-other-form":             {outcome: Replayed},
	"run/key-bad":                       {outcome: Refused},
	"run/no-key-1":                      {outcome: Created},
	"run/no-key-2":                      {outcome: Created},
	"run/other-project-same-key":        {outcome: Created},
	"run/adapter-fails":                 {outcome: Refused, left: true},
	"run/adapter-fails-replay":          {outcome: Incomplete, cause: CauseStoring},
	"run/adapter-fails-fixed":           {outcome: Incomplete, cause: CauseStoring},
	"run/second-element-fails":          {outcome: Refused, left: true},
	"run/second-element-fails-replay":   {outcome: Incomplete, cause: CauseStoring},
	"run/unknown-benchmark-uuid":        {outcome: Refused, left: true},
	"run/unknown-benchmark-uuid-replay": {outcome: Incomplete, cause: CauseStoring},
	"run/empty-results":                 {outcome: Created},
	"run/empty-bmf":                     {outcome: Created},
	"run/three-iterations":              {outcome: Created},
	"run/folded":                        {outcome: Created},
	"run/aliases":                       {outcome: Unknown},
	"run/go-bench":                      {outcome: Created},
	"run/magic-go":                      {outcome: Created},
	"run/go-count3":                     {outcome: Created},
	"run/empty-go":                      {outcome: Refused, left: true},
	"run/threshold-base-0":              {outcome: Created},
	"run/threshold-base-1":              {outcome: Created},
	"run/threshold-base-2":              {outcome: Created},
	"run/alert":                         {outcome: Created},
	"run/alert-replay":                  {outcome: Replayed},
	"run/start-point":                   {outcome: Created},
	"run/late":                          {outcome: Created},
	"run/bad-json":                      {outcome: Refused},
	"run/missing-field":                 {outcome: Refused},
	"run/wrong-type":                    {outcome: Refused},
	"run/bad-hash":                      {outcome: Refused},
	"run/bad-branch-name":               {outcome: Refused},
	"run/unknown-branch-uuid":           {outcome: Refused},
	"run/unknown-project-uuid":          {outcome: Refused},
	"run/unknown-adapter":               {outcome: Refused},
	"run/bad-threshold":                 {outcome: Refused, left: true},
	"run/content-type":                  {outcome: Refused},
	"run/no-content-type":               {outcome: Created},
	"run/gzip":                          {outcome: Refused},
	"run/too-big":                       {outcome: Refused},
	"run/bad-key":                       {outcome: Unauthorized, cause: CauseCredential},
	"run/malformed-key":                 {outcome: Unauthorized, cause: CauseCredential},
	"run/bad-jwt":                       {outcome: Unauthorized, cause: CauseCredential},
	"run/garbage-token":                 {outcome: Unauthorized, cause: CauseCredential},
	"run/basic-auth":                    {outcome: Unauthorized, cause: CauseCredential},
	"run/anonymous-claimed":             {outcome: Unauthorized, cause: CauseCredential},
	"run/anonymous-new":                 {outcome: Created},
	"run/no-project":                    {outcome: Created},
	"run/no-project-no-context":         {outcome: Refused},
	"run/get":                           {outcome: Refused},
	"run/options":                       {outcome: Unknown},
}

// TestRecordingsHaveTheirOutcome reads every real answer to /v0/run.
func TestRecordingsHaveTheirOutcome(t *testing.T) {
	lines := readRecordings(t, "run.jsonl")
	if len(lines) != len(recordedOutcomes) {
		t.Errorf("%d lines are recorded, %d are expected", len(lines), len(recordedOutcomes))
	}
	for _, line := range lines {
		t.Run(line.Name, func(t *testing.T) {
			want, ok := recordedOutcomes[line.Name]
			if !ok {
				t.Fatal("no outcome is expected of this line")
			}
			e := Expectation{Fresh: want.outcome == Created || want.outcome == Refused}
			if len(line.Request.Body) > 0 {
				e.Summary = summaryOf(t, line)
				if strings.HasSuffix(line.Name, "empty-bmf") || strings.HasSuffix(line.Name, "empty-results") {
					e.Iterations = nil // no iteration holds a benchmark: none is due
				}
				if want.cause == CauseStoring && len(e.Iterations) < 2 {
					e.Iterations = []int{0, 0} // what was meant to be there
				}
			}
			x := line.exchange()
			if !e.Fresh && want.outcome != Unauthorized {
				x.Took = 0
				// The recording's replays came within the second; a burrow retry
				// waits two.
				x.Header.Set("Date", x.Date().Add(2*time.Second).Format(http.TimeFormat))
			}
			v := Classify(x, e)
			if v.Outcome != want.outcome || v.Cause != want.cause || v.ReportLeft != want.left {
				t.Errorf("got %s %q left=%v, want %s %q left=%v (%s)", v.Outcome, v.Cause, v.ReportLeft, want.outcome, want.cause, want.left, v.Message)
			}
		})
	}
}

// TestRecordedReportsDecode reads every report of the recordings without a
// loss: encoded again, no field of the server's is missing.
func TestRecordedReportsDecode(t *testing.T) {
	for _, line := range append(readRecordings(t, "run.jsonl"), readRecordings(t, "browse.jsonl")...) {
		if line.Response.Status != http.StatusCreated || line.Request.Path != "/v0/run" {
			continue
		}
		var report Report
		if err := json.Unmarshal(line.Response.Body, &report); err != nil {
			t.Errorf("%s: %v", line.Name, err)
			continue
		}
		again, _ := json.Marshal(report)
		var before, after map[string]any
		_ = json.Unmarshal(line.Response.Body, &before)
		_ = json.Unmarshal(again, &after)
		for field := range before {
			if _, ok := after[field]; !ok && field != "alerts" && field != "results" { // empty lists
				t.Errorf("%s: field %s was lost", line.Name, field)
			}
		}
	}
}
