package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Outcome is what one attempt at delivering a run came to.
type Outcome string

// The outcomes of an attempt.
const (
	Created      Outcome = "created"      // acknowledged: this attempt made the report
	Replayed     Outcome = "replayed"     // acknowledged: the report was there already
	Adopted      Outcome = "adopted"      // acknowledged: found on a server without keys
	Incomplete   Outcome = "incomplete"   // the server holds a report for the key, but fewer iterations
	Refused      Outcome = "refused"      // for good
	Unavailable  Outcome = "unavailable"  // never reached the server: safe
	Unknown      Outcome = "unknown"      // may have reached the server
	Throttled    Outcome = "throttled"    // the server asks to wait
	Unauthorized Outcome = "unauthorized" // a credential or a plan is missing
	Mended       Outcome = "mended"       // the spent report was deleted; the next attempt sends again
)

// Outcomes lists every outcome.
func Outcomes() []Outcome {
	return []Outcome{Created, Replayed, Adopted, Incomplete, Refused, Unavailable, Unknown, Throttled, Unauthorized, Mended}
}

// Acknowledged tells whether the outcome proves that the server holds the
// report, whole.
func (o Outcome) Acknowledged() bool { return o == Created || o == Replayed || o == Adopted }

// MayBeThere tells whether an attempt with this outcome can have left
// something on the server.
func (o Outcome) MayBeThere() bool { return o != Unavailable }

// Cause says more exactly why an attempt was not acknowledged, where what
// comes next depends on it.
type Cause string

// The causes of outcomes.
const (
	CauseNone       Cause = ""
	CauseStoring    Cause = "storing"            // a replay is short: its results may still be coming
	CauseShort      Cause = "read fewer"         // this attempt's own report is short, for good
	CauseKeyTaken   Cause = "key taken"          // the key's report is of another run
	CauseProxy      Cause = "proxy"              // something in between answered
	CauseCredential Cause = "credential refused" // 401, 403, an expired token
	CausePlan       Cause = "plan"               // 402
	CauseConflict   Cause = "conflict"           // 409: another attempt has the key in hand
	CauseMoved      Cause = "project moved"      // its name leads nowhere, or to another project
)

// Scope is how far a pause reaches.
type Scope string

// The scopes of a pause.
const (
	ScopeRun        Scope = "run"
	ScopeHost       Scope = "host"
	ScopeProject    Scope = "project"
	ScopeCredential Scope = "project and credential"
)

// Verdict is what an answer means for the run.
type Verdict struct {
	Outcome Outcome
	Cause   Cause
	Scope   Scope
	// Wait is the least time before the next attempt; the next one comes at
	// random within Spread after it. The outbox's backoff comes on top.
	Wait, Spread time.Duration
	// ReportLeft says that the refused attempt left a report without (all of)
	// its results on the server, under the key.
	ReportLeft bool
	Report     *Report // the report in the answer, where there was one
	Date       time.Time
	HTTPStatus int    // 0: no answer
	Message    string // plain, one line, shortened: the server's words or the transport's
	ErrorCode  string
	RequestID  string
}

// Exchange is one request's course on the wire.
type Exchange struct {
	Sent   bool  // the request's head was written: the server may have it
	Err    error // no whole answer was had
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration // from before the dial to the answer's head, monotonic
	// Started and Ended are this machine's clock.
	Started, Ended time.Time
}

// Date is the server's clock in the answer, or zero.
func (x Exchange) Date() time.Time {
	date, err := http.ParseTime(x.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

const (
	messageLimit = 300 // cells of an error that are kept; the real 409 is 72 kB

	unknownWait  = 2 * time.Second // covers the second of doubt in created against replayed
	conflictWait = 2 * time.Second
	maxThrottle  = 24 * time.Hour
)

// Classify says what the answer to POST /v0/run means. It is the one place
// that decides this: a row of the table in design.md is a case here.
func Classify(x Exchange, want Expectation) Verdict {
	v := Verdict{Scope: ScopeRun, HTTPStatus: x.Status, Date: x.Date(), RequestID: Plain(x.Header.Get("X-Request-Id"), 64)}
	if x.Status == 0 || x.Err != nil {
		return v.transport(x)
	}
	if x.Status >= 200 && x.Status < 300 {
		return v.success(x, want)
	}
	body, fromServer := apiError(x)
	v.Message, v.ErrorCode = describe(x, body), Plain(body.ErrorCode, 64)
	if body.RequestID != "" && v.RequestID == "" {
		v.RequestID = Plain(body.RequestID, 64)
	}
	switch {
	case x.Status == http.StatusRequestTimeout || x.Status == http.StatusTooEarly || x.Status == http.StatusTooManyRequests:
		v.Outcome, v.Scope = Throttled, ScopeCredential
		v.Wait, v.Spread = throttleWait(x, body.Message)
	case x.Status == http.StatusRequestEntityTooLarge:
		v.Outcome = Refused // a server says 400; it is a proxy's limit, and it stands
	case x.Status == http.StatusNotImplemented:
		v.Outcome = Refused
	case x.Status == http.StatusServiceUnavailable && fromServer:
		v.Outcome, v.Scope = Unavailable, ScopeHost
		v.Wait, v.Spread, _ = retryAfter(x)
	case x.Status >= 500:
		v.Outcome, v.Wait, v.Spread = Unknown, unknownWait, time.Second
		if wait, spread, ok := retryAfter(x); ok {
			v.Wait, v.Spread = max(wait, unknownWait), spread
		}
	case !fromServer: // 3xx too: never followed
		v.Outcome, v.Cause, v.Scope, v.Wait, v.Spread = Unknown, CauseProxy, ScopeHost, unknownWait, time.Second
	case x.Status == http.StatusConflict:
		v.Outcome, v.Cause, v.Wait, v.Spread = Unknown, CauseConflict, conflictWait, time.Second
	case x.Status == http.StatusUnauthorized || x.Status == http.StatusForbidden || tokenRefused(x.Status, body.Message):
		v.Outcome, v.Cause, v.Scope = Unauthorized, CauseCredential, ScopeCredential
	case x.Status == http.StatusPaymentRequired:
		v.Outcome, v.Cause, v.Scope = Unauthorized, CausePlan, ScopeProject
	default:
		v.Outcome, v.ReportLeft = Refused, leavesReport(x.Status, body.Message)
	}
	return v
}

// transport is the verdict on an exchange without a whole answer.
func (v Verdict) transport(x Exchange) Verdict {
	v.Message = Plain(transportMessage(x), messageLimit)
	if x.Sent {
		v.Outcome, v.Wait, v.Spread = Unknown, unknownWait, time.Second
		return v
	}
	v.Outcome, v.Scope = Unavailable, ScopeHost
	return v
}

// success is the verdict on a 2xx: the report in it must be this run's, whole.
func (v Verdict) success(x Exchange, want Expectation) Verdict {
	var report Report
	if err := json.Unmarshal(x.Body, &report); err != nil || report.UUID == [16]byte{} {
		v.Outcome, v.Wait, v.Spread = Unknown, unknownWait, time.Second
		v.Message = fmt.Sprintf("the server answered %d without a report", x.Status)
		return v
	}
	v.Report = &report
	if why := want.mismatch(&report); why != "" {
		v.Outcome, v.Cause = Refused, CauseKeyTaken
		v.Message = "the key belongs to a report of another run: " + why
		return v
	}
	before := want.madeBefore(&report, x)
	held, sent := len(report.Iterations()), len(want.Iterations)
	switch {
	case held < sent && (before || !want.Fresh):
		v.Outcome, v.Cause = Incomplete, CauseStoring
		v.Message = fmt.Sprintf("the report holds %d of %d iterations", held, sent)
	case held < sent:
		v.Outcome, v.Cause = Incomplete, CauseShort
		v.Message = fmt.Sprintf("the server read %d of %d iterations", held, sent)
	case want.differs(&report):
		v.Outcome, v.Cause = Refused, CauseKeyTaken
		v.Message = "the key belongs to a report with other results"
	case before:
		v.Outcome = Replayed
	default:
		v.Outcome = Created
	}
	return v
}

// apiError reads the error body that Bencher itself makes, which names the
// request; false means that something in between answered.
func apiError(x Exchange) (APIError, bool) {
	var body APIError
	if json.Unmarshal(x.Body, &body) != nil {
		body = salvage(x.Body)
	}
	return body, x.Err == nil && body.RequestID != "" && body.Message != "" // gateways have a message too
}

// salvage reads the head of an error body that was cut where reading is
// bounded: the real 409 echoes the whole request.
func salvage(cut []byte) APIError {
	const head = 1024
	_, rest, found := bytes.Cut(cut, []byte(`"message":`))
	if !found || !bytes.Contains(cut[:min(len(cut), head)], []byte(`"request_id"`)) {
		return APIError{}
	}
	rest = bytes.TrimLeft(rest, " ")
	rest = rest[:min(len(rest), head)]
	for drop := 0; drop < 12 && drop < len(rest); drop++ { // an escape may be cut in the middle
		var message string
		if json.Unmarshal(append(bytes.Clone(rest[:len(rest)-drop]), '"'), &message) == nil {
			return APIError{RequestID: "cut", Message: message}
		}
	}
	return APIError{}
}

func describe(x Exchange, body APIError) string {
	if body.Message != "" {
		return Plain(inShort(body.Message), messageLimit)
	}
	text := fmt.Sprintf("%d %s", x.Status, http.StatusText(x.Status))
	if location := x.Header.Get("Location"); location != "" {
		return Plain(text+", to "+location+" (not followed)", messageLimit)
	}
	if kind := x.Header.Get("Content-Type"); kind != "" && !strings.Contains(kind, "json") {
		text += ", not from a Bencher server (" + kind + ")"
	}
	return Plain(text, messageLimit)
}

// inShort says briefly that an adapter can't read results: the server's own
// words (bencher-api.md, section 1.4) begin with its settings, and what helps
// would be cut off. Other messages stay as they are.
func inShort(message string) string {
	const begins, settings, repeats = "Failed to convert results", " | JsonReportSettings {", "}): Failed to convert results: "
	rest, found := strings.CutPrefix(message, begins+" with adapter (")
	adapter, rest, named := strings.Cut(rest, settings)
	_, rest, ended := strings.Cut(rest, repeats)
	if !found || !named || !ended {
		return message
	}
	if what, _, asked := strings.Cut(rest, "Are you sure"); asked {
		rest = what
	}
	return begins + ": the adapter " + adapter + " can't read them: " + strings.TrimSpace(rest)
}

func transportMessage(x Exchange) string {
	if x.Err == nil {
		return "no answer"
	}
	if x.Sent {
		return "no whole answer: " + x.Err.Error()
	}
	return x.Err.Error()
}

// tokenRefused tells the 400 of a token that is expired or badly signed.
func tokenRefused(status int, message string) bool {
	return status == http.StatusBadRequest &&
		(strings.HasPrefix(message, "Failed to validate JSON Web Token") || strings.HasPrefix(message, "Malformed JSON Web Token") ||
			strings.HasPrefix(message, `Request is missing "Authorization" header`))
}

// leavesReport tells the refusals that come after the report's row was stored:
// results that the adapter can't read, a benchmark or measure UUID that does
// not exist (bencher-api.md, section 1.4), a threshold that doesn't fit.
func leavesReport(status int, message string) bool {
	switch status {
	case http.StatusBadRequest:
		// An unfit threshold uses up a version number, so its report is there
		// too (seen in the recordings).
		return strings.HasPrefix(message, "Failed to convert results") || strings.HasPrefix(message, "Invalid Boundary")
	case http.StatusNotFound:
		return strings.HasPrefix(message, "Benchmark (") || strings.HasPrefix(message, "Measure (")
	}
	return false
}

// retryAfter reads the header, in seconds or as a date against the server's
// own clock.
func retryAfter(x Exchange) (wait, spread time.Duration, ok bool) {
	text := strings.TrimSpace(x.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		wait = time.Duration(min(seconds, uint64(maxThrottle/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		now := x.Date()
		if now.IsZero() {
			now = x.Ended
		}
		wait = at.Sub(now)
	} else {
		return 0, 0, false
	}
	wait = min(max(wait, 0), maxThrottle)
	return wait, wait / 10, true
}

// throttleWait is how long a throttled run waits: what the header says, else
// the interval that the message names (Bencher sends no header), else 60 s
// give or take half.
func throttleWait(x Exchange, message string) (wait, spread time.Duration) {
	if wait, spread, ok := retryAfter(x); ok {
		return wait, spread
	}
	for word, interval := range map[string]time.Duration{"per minute": time.Minute, "per hour": time.Hour, "per day": 24 * time.Hour} {
		if strings.Contains(message, word) {
			return interval, interval / 10
		}
	}
	return 30 * time.Second, time.Minute
}
