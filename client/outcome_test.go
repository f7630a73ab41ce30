package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// started is when the attempts of these tests begin, by the server's clock.
var started = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)

// uuidAt makes a UUIDv7 of an instant.
func uuidAt(at time.Time) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

func expected(iterations ...int) Expectation {
	return Expectation{Fresh: true, Summary: Summary{
		Project: "demo", ProjectNamed: true, Branch: "main", Testbed: "ci", Adapter: "json", Hash: "93169457",
		StartTime: started.Add(-time.Minute), EndTime: started.Add(-time.Second), Iterations: iterations,
	}}
}

// reportFor answers an expectation with so many benchmarks in each iteration.
func reportFor(e Expectation, made time.Time, held ...int) Report {
	hash := e.Hash
	counts := &Counts{Results: []IterationCount{}}
	for _, n := range held {
		counts.Results = append(counts.Results, IterationCount{Benchmarks: n, Measures: 1})
	}
	return Report{
		UUID: uuidAt(made), Project: Project{Slug: e.Project}, Adapter: e.Adapter,
		Branch:  Branch{Name: e.Branch, Slug: e.Branch, Head: Head{Version: &Version{Hash: &hash}}},
		Testbed: Testbed{Name: e.Testbed, Slug: e.Testbed},
		// The server drops fractions.
		StartTime: e.StartTime.Truncate(time.Second), EndTime: e.EndTime.Truncate(time.Second), Counts: counts,
	}
}

func answered(status int, body any, headers ...string) Exchange {
	x := Exchange{Sent: true, Status: status, Header: http.Header{}, Took: 40 * time.Millisecond, Started: started, Ended: started.Add(50 * time.Millisecond)}
	x.Header.Set("Date", started.Format(http.TimeFormat))
	for i := 0; i+1 < len(headers); i += 2 {
		x.Header.Set(headers[i], headers[i+1])
	}
	switch b := body.(type) {
	case string:
		x.Body = []byte(b)
	default:
		x.Body, _ = json.Marshal(b)
	}
	return x
}

func refusal(message string) APIError { return APIError{RequestID: "r", Message: message} }

// TestEveryRowOfTheTable has a case for each row of design.md's table.
func TestEveryRowOfTheTable(t *testing.T) {
	one, three := expected(2), expected(2, 2, 1)
	retried := three
	retried.Fresh = false
	shared := expected(2)
	shared.Shared, shared.Fresh = true, false
	another := shared
	another.StartTime = another.StartTime.Add(time.Second)
	now, before := started.Add(20*time.Millisecond), started.Add(-5*time.Second)
	other := one
	other.StartTime = other.StartTime.Add(time.Hour)
	const second = time.Second

	cases := []struct {
		name  string
		x     Exchange
		want  Expectation
		out   Outcome
		cause Cause
		scope Scope
		wait  time.Duration
		left  bool
	}{
		{"201 with the whole report", answered(201, reportFor(one, now, 2)), one, Created, CauseNone, ScopeRun, 0, false},
		{"200 is as good", answered(200, reportFor(one, now, 2)), one, Created, CauseNone, ScopeRun, 0, false},
		{"201 with a report made before this attempt", answered(201, reportFor(retried, before, 2, 2, 1)), retried, Replayed, CauseNone, ScopeRun, 0, false},
		{"201 with a report made by this attempt, after an unknown one", answered(201, reportFor(retried, now, 2, 2, 1)), retried, Created, CauseNone, ScopeRun, 0, false},
		{"a replay with no iterations", answered(201, reportFor(retried, before)), retried, Incomplete, CauseStoring, ScopeRun, 0, false},
		{"a replay with fewer iterations", answered(201, reportFor(retried, before, 2)), retried, Incomplete, CauseStoring, ScopeRun, 0, false},
		{"a short report after an attempt of unknown outcome, whatever the clocks say", answered(201, reportFor(retried, now, 2)), retried, Incomplete, CauseStoring, ScopeRun, 0, false},
		{"this attempt's own report with fewer iterations", answered(201, reportFor(three, now, 2)), three, Incomplete, CauseShort, ScopeRun, 0, false},
		{"a shared key's short report may be another submission's", answered(201, reportFor(shared, now)), shared, Incomplete, CauseStoring, ScopeRun, 0, false},
		{"a shared key's report with another number of benchmarks", answered(201, reportFor(shared, before, 3)), shared, Refused, CauseKeyTaken, ScopeRun, 0, false},
		{"a shared key's report that another submission made a moment ago", answered(201, reportFor(another, now, 2)), shared, Replayed, CauseNone, ScopeRun, 0, false},
		{"a report of another run", answered(201, reportFor(other, before, 2)), one, Refused, CauseKeyTaken, ScopeRun, 0, false},
		{"2xx that is not JSON", answered(201, "<html>"), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"2xx that is no report", answered(202, "{}"), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"2xx that is cut", Exchange{Sent: true, Status: 201, Err: errors.New("unexpected EOF"), Header: http.Header{}}, one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"connection refused", Exchange{Err: errors.New("connection refused"), Header: http.Header{}}, one, Unavailable, CauseNone, ScopeHost, 0, false},
		{"reset after a byte was written", Exchange{Sent: true, Err: errors.New("connection reset"), Header: http.Header{}}, one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"500", answered(500, refusal("database is locked")), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"502 in HTML", answered(502, "<html>", "Content-Type", "text/html"), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"504", answered(504, ""), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"503 in HTML may be a proxy's, after the server had it", answered(503, "<html>"), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"503", answered(503, refusal("Service temporarily unavailable"), "Retry-After", "7"), one, Unavailable, CauseNone, ScopeHost, 7 * second, false},
		{"429 with Retry-After", answered(429, refusal("slow down"), "Retry-After", "33"), one, Throttled, CauseNone, ScopeCredential, 33 * second, false},
		{"429 with a date", answered(429, refusal("slow down"), "Retry-After", started.Add(20*second).Format(http.TimeFormat)), one, Throttled, CauseNone, ScopeCredential, 20 * second, false},
		{"429 with an absurd Retry-After is bounded", answered(429, refusal("slow down"), "Retry-After", "99999999999999999999"), one, Throttled, CauseNone, ScopeCredential, 24 * time.Hour, false},
		{"429 with a negative Retry-After says nothing", answered(429, refusal("slow down"), "Retry-After", "-5"), one, Throttled, CauseNone, ScopeCredential, 30 * second, false},
		{"429 that names its interval", answered(429, refusal("Too many runs per hour. Please, try again later.")), one, Throttled, CauseNone, ScopeCredential, time.Hour, false},
		{"429 without a word", answered(429, ""), one, Throttled, CauseNone, ScopeCredential, 30 * second, false},
		{"408", answered(408, ""), one, Throttled, CauseNone, ScopeCredential, 30 * second, false},
		{"425", answered(425, ""), one, Throttled, CauseNone, ScopeCredential, 30 * second, false},
		{"409", answered(409, refusal("Report (..) has conflict: UNIQUE constraint failed: report.project_id, report.idempotency_key")), one, Unknown, CauseConflict, ScopeRun, 2 * second, false},
		{"302 to a portal", answered(302, "", "Location", "http://portal/"), one, Unknown, CauseProxy, ScopeHost, 2 * second, false},
		{"403 of an ingress", answered(403, "<html>forbidden"), one, Unknown, CauseProxy, ScopeHost, 2 * second, false},
		{"404 of a gateway that has a message too", answered(404, `{"message":"no Route matched with those values"}`), one, Unknown, CauseProxy, ScopeHost, 2 * second, false},
		{"503 of a gateway", answered(503, `{"message":"Service Unavailable"}`), one, Unknown, CauseNone, ScopeRun, 2 * second, false},
		{"404 without Bencher's error body", answered(404, `{"error":"no route"}`), one, Unknown, CauseProxy, ScopeHost, 2 * second, false},
		{"400 of results that can't be read", answered(400, refusal("Failed to convert results with adapter (json | ..): x")), one, Refused, CauseNone, ScopeRun, 0, true},
		{"404 of a benchmark's UUID", answered(404, refusal("Benchmark ((ProjectId(1), Uuid(x))) not found")), one, Refused, CauseNone, ScopeRun, 0, true},
		{"404 of a branch's UUID", answered(404, refusal("Branch ((ProjectId(1), Uuid(x))) not found")), one, Refused, CauseNone, ScopeRun, 0, false},
		{"400", answered(400, refusal("unable to parse JSON body")), one, Refused, CauseNone, ScopeRun, 0, false},
		{"405", answered(405, refusal("Method Not Allowed")), one, Refused, CauseNone, ScopeRun, 0, false},
		{"413 of a proxy stands, whoever says it", answered(413, "<html>"), one, Refused, CauseNone, ScopeRun, 0, false},
		{"415", answered(415, refusal("no")), one, Refused, CauseNone, ScopeRun, 0, false},
		{"422", answered(422, refusal("no")), one, Refused, CauseNone, ScopeRun, 0, false},
		{"501", answered(501, ""), one, Refused, CauseNone, ScopeRun, 0, false},
		{"401", answered(401, refusal("Invalid user key")), one, Unauthorized, CauseCredential, ScopeCredential, 0, false},
		{"403", answered(403, refusal("locked")), one, Unauthorized, CauseCredential, ScopeCredential, 0, false},
		{"400 of an expired token", answered(400, refusal("Failed to validate JSON Web Token: ExpiredSignature")), one, Unauthorized, CauseCredential, ScopeCredential, 0, false},
		{"402", answered(402, refusal("no plan")), one, Unauthorized, CausePlan, ScopeProject, 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := Classify(c.x, c.want)
			got := fmt.Sprint(v.Outcome, v.Cause, v.Scope, v.Wait, v.ReportLeft)
			if want := fmt.Sprint(c.out, c.cause, c.scope, c.wait, c.left); got != want {
				t.Errorf("got %s, want %s (%s)", got, want, v.Message)
			}
			if !v.Outcome.Acknowledged() && v.Message == "" {
				t.Error("no words for the person")
			}
		})
	}
}

// TestLongConflictIsUnderstood feeds the real 409's kind: it echoes the whole
// request and is longer than what is read of an error.
func TestLongConflictIsUnderstood(t *testing.T) {
	body, _ := json.MarshalIndent(refusal("Report (JsonNewReport { \"é\\n"+strings.Repeat("x\\\"", 100_000)+"}) has conflict"), "", "  ")
	for cut := 500; cut < 540; cut++ {
		v := Classify(answered(409, string(body[:cut])), expected(1))
		if v.Cause != CauseConflict {
			t.Fatalf("cut at %d: %s %s", cut, v.Outcome, v.Cause)
		}
		if len(v.Message) > 2*messageLimit {
			t.Fatalf("%d bytes of message are kept", len(v.Message))
		}
	}
}

// TestNoDateIsDoubt keeps a report whose age can't be told from being called
// this attempt's own.
func TestNoDateIsDoubt(t *testing.T) {
	want := expected(2)
	want.Fresh = false
	x := answered(201, reportFor(want, started, 2))
	x.Header.Del("Date")
	if v := Classify(x, want); v.Outcome != Replayed {
		t.Errorf("got %s", v.Outcome)
	}
}

// TestCreatedAgainstReplayedHasNoMargin walks the instants around the
// attempt's start: a report of the retry itself is never called a replay, one
// made 2 s before never the retry's.
func TestCreatedAgainstReplayedHasNoMargin(t *testing.T) {
	want := expected(2)
	want.Fresh = false
	for offset := range 1000 { // the attempt's start, within a second
		start := started.Add(time.Duration(offset) * time.Millisecond)
		took := 40 * time.Millisecond
		x := answered(201, reportFor(want, start.Add(time.Millisecond), 2))
		x.Took = took
		x.Header.Set("Date", start.Add(took).Truncate(time.Second).Format(http.TimeFormat))
		if v := Classify(x, want); v.Outcome != Created {
			t.Fatalf("made 1 ms after a start at %s: %s", start.Format("05.000"), v.Outcome)
		}
		x.Body, _ = json.Marshal(reportFor(want, start.Add(-2*time.Second), 2))
		if v := Classify(x, want); v.Outcome != Replayed {
			t.Fatalf("made 2 s before a start at %s: %s", start.Format("05.000"), v.Outcome)
		}
	}
}

func TestLookAgain(t *testing.T) {
	want := expected(2, 2)
	cases := map[SightState]Exchange{
		SawWhole:   answered(200, reportFor(want, started, 2, 2)),
		SawShort:   answered(200, reportFor(want, started, 2)),
		SawGone:    answered(404, refusal("Report not found")),
		SawTrouble: answered(404, "<html>"),
	}
	for state, x := range cases {
		if s := ClassifyLook(x, want); s.State != state {
			t.Errorf("got %s, want %s", s.State, state)
		}
	}
}

func TestDeletion(t *testing.T) {
	cases := []struct {
		state DeleteState
		x     Exchange
	}{
		{Deleted, answered(204, "")},
		{Deleted, answered(404, refusal("Report not found"))},
		{DeleteRefused, answered(400, refusal("Malformed JSON Web Token"))},
		{DeleteRefused, answered(403, refusal("no"))},
		{DeleteUnknown, answered(500, refusal("no"))},
		{DeleteUnknown, answered(404, "<html>")},
		{DeleteUnknown, Exchange{Sent: true, Err: errors.New("EOF"), Header: http.Header{}}},
		{DeleteUnsent, Exchange{Err: errors.New("refused"), Header: http.Header{}}},
	}
	for _, c := range cases {
		if d := ClassifyDelete(c.x); d.State != c.state {
			t.Errorf("%d: got %s, want %s", c.x.Status, d.State, c.state)
		}
	}
}

func TestAnAdaptersRefusalIsToldInShort(t *testing.T) {
	raw := "Failed to convert results with adapter (magic | JsonReportSettings { adapter: Some(Magic), average: None, fold: None }): " +
		"Failed to convert results: hello\n\nAre you sure magic is the right adapter?\nRead more about adapters here: https://bencher.dev"
	const want = "Failed to convert results: the adapter magic can't read them: hello"
	if got := inShort(raw); got != want {
		t.Errorf("%q", got)
	}
	for _, other := range []string{"", "Failed to convert results", "Benchmark (x) not found", "Failed to convert results with adapter (json | x"} {
		if got := inShort(other); got != other {
			t.Errorf("%q became %q", other, got)
		}
	}
}
