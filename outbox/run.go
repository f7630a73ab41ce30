package outbox

import (
	"fmt"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// Run is one run as the outbox knows it, without its body.
type Run struct {
	ID  uuid.UUID `json:"id,omitzero"`
	Seq uint64    `json:"seq,omitzero"` // order of enqueueing; clocks step back, this does not

	Status  Status `json:"status,omitzero"`
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message,omitempty"` // the last error in words, plain text

	Host string `json:"host,omitzero"`
	client.Summary
	Shared bool              `json:"shared,omitempty"` // the key was given or made of the content
	Labels map[string]string `json:"labels,omitempty"`

	EnqueuedAt time.Time     `json:"enqueued_at,omitzero"`
	Bytes      int           `json:"bytes,omitzero"`        // of the body as it is sent
	BodyPruned bool          `json:"body_pruned,omitempty"` // the body was dropped after its time
	Credential string        `json:"credential,omitempty"`  // fingerprint; "": anonymous
	Refused    string        `json:"refused,omitempty"`     // fingerprint of a credential that was refused
	Mend       MendPolicy    `json:"mend,omitempty"`
	Settle     time.Duration `json:"settle,omitempty"` // 0: the sender's

	Attempts       int       `json:"attempts,omitzero"`
	Failures       int       `json:"failures,omitempty"` // since the last success or retry
	FirstFailureAt time.Time `json:"first_failure_at,omitzero"`
	MayBeThere     bool      `json:"may_be_there,omitempty"` // an attempt can have reached the server
	NextAttemptAt  time.Time `json:"next_attempt_at,omitzero"`
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`

	Report        *ReportRef `json:"report,omitempty"`
	ReportLeft    bool       `json:"report_left,omitempty"` // a refused attempt left a report under the key
	Resubmits     *uuid.UUID `json:"resubmits,omitempty"`
	ResubmittedAs *uuid.UUID `json:"resubmitted_as,omitempty"`

	Claim *Claim `json:"claim,omitempty"` // while sending
	Short *Short `json:"short,omitempty"` // while the report under the key is short
	Mends int    `json:"mends,omitempty"` // how often the key was freed
	// Search is under way while a server without keys may hold the report.
	Search *Search `json:"search,omitempty"`
	// KnownProject is the UUID that the project had, by acknowledgments, when
	// the first attempt that may have arrived was claimed. A younger run can
	// make another project of the same name since.
	KnownProject uuid.UUID `json:"known_project,omitzero"`
	// Vanished is a short report that a look was told is not there.
	Vanished   uuid.UUID `json:"vanished,omitzero"`
	VanishedAt time.Time `json:"vanished_at,omitzero"`

	ChangedAt time.Time `json:"changed_at,omitzero"` // by this machine's clock, at the last write

	bodySum uint64 // names the body that is its own: see own; 0: not known
	dated   bool   // AcknowledgedAt was just given by the server: see learnDate
}

// ReportRef is what is kept of a report.
type ReportRef struct {
	UUID         uuid.UUID `json:"uuid"`
	Project      uuid.UUID `json:"project"`
	Slug         string    `json:"slug"`
	CreatedAt    time.Time `json:"created_at"`
	Iterations   int       `json:"iterations"`
	AlertsTotal  int       `json:"alerts_total"`
	AlertsActive int       `json:"alerts_active"`
	// Alerts are the first of them.
	Alerts []AlertRef `json:"alerts,omitempty"`
}

// AlertRef is what is kept of an alert: what broke which boundary, as it was
// at the acknowledgment. Texts are the server's.
type AlertRef struct {
	Benchmark string   `json:"benchmark"`
	Measure   string   `json:"measure,omitempty"`
	Iteration int      `json:"iteration"`
	Value     float64  `json:"value"`
	Baseline  *float64 `json:"baseline,omitempty"`
	Limit     string   `json:"limit"` // lower or upper
	Boundary  *float64 `json:"boundary,omitempty"`
	Status    string   `json:"status"` // active, dismissed or silenced
}

// String is the alert in words: "walk, Latency: 9 is above the limit 1.65
// (baseline 1.5)".
func (a AlertRef) String() string {
	text := a.Benchmark
	if a.Measure != "" {
		text += ", " + a.Measure
	}
	side := map[string]string{"lower": "below", "upper": "above"}[a.Limit]
	if side == "" {
		side = "beyond"
	}
	text += fmt.Sprintf(": %.6g is %s the limit", a.Value, side)
	if a.Boundary != nil {
		text += fmt.Sprintf(" %.6g", *a.Boundary)
	}
	if a.Baseline != nil {
		text += fmt.Sprintf(" (baseline %.6g)", *a.Baseline)
	}
	if a.Status != "" && a.Status != "active" {
		text += ", " + a.Status
	}
	return text
}

// maxAlerts bounds how many alerts are kept of a report; all are counted.
const maxAlerts = 32

// Claim makes a run a process's own while it works on it.
type Claim struct {
	Owner     string    `json:"owner"`
	Task      Task      `json:"task"`
	StartedAt time.Time `json:"started_at"`
}

// Task is what a claim is for.
type Task string

// The tasks of a claim.
const (
	TaskSend   Task = "send"   // POST the body
	TaskLook   Task = "look"   // GET the short report again
	TaskDelete Task = "delete" // DELETE it, to free the key
	TaskSearch Task = "search" // look for the report, on a server without keys
)

// Short is the watch over a report that holds fewer iterations than were sent.
type Short struct {
	Report  uuid.UUID `json:"report"`
	Project uuid.UUID `json:"project"`
	Held    []int     `json:"held"`    // benchmarks by iteration, as last seen
	Since   time.Time `json:"since"`   // server's clock: first seen like that
	SeenAt  time.Time `json:"seen_at"` // this machine's clock: when the watch began
	Looks   int       `json:"looks"`   // since then
	Attempt int       `json:"attempt"` // that met the report
	// Mend: it stood still, and it may be deleted. Deleting: a DELETE, that of
	// DeleteAttempt, went unanswered.
	Mend          bool `json:"mend,omitempty"`
	Deleting      bool `json:"deleting,omitempty"`
	DeleteAttempt int  `json:"delete_attempt,omitempty"`
}

// IsAttempt tells whether the task is kept in the history, under a number of
// its own.
func (k Task) IsAttempt() bool { return k == TaskSend || k == TaskDelete }

// inFlight is how many attempts are counted at the run and not in its history
// yet: 1 or 0.
func (r *Run) inFlight() int {
	if r.Claim != nil && r.Claim.Task.IsAttempt() {
		return 1
	}
	return 0
}

// soundHistory tells whether a run's attempts are its own and numbered without
// holes.
func soundHistory(r *Run, attempts []Attempt) bool {
	next := 1
	for _, a := range attempts {
		if a.Number != next || a.Run != r.ID || a.Count < 0 {
			return false
		}
		next = a.Number + max(a.Count, 1)
	}
	return r.Attempts == next-1+r.inFlight()
}

// Search is the watch for a report that an attempt may have left on a server
// without idempotency keys.
type Search struct {
	Misses int `json:"misses,omitempty"` // how often none was found
	Errors int `json:"errors,omitempty"` // in a row, without an answer
}

// Attempt is one try at delivering a run.
type Attempt struct {
	Run        uuid.UUID      `json:"run"`
	Number     int            `json:"number"`
	StartedAt  time.Time      `json:"started_at"`
	EndedAt    time.Time      `json:"ended_at"`
	Duration   time.Duration  `json:"duration"`
	Outcome    client.Outcome `json:"outcome"`
	HTTPStatus int            `json:"http_status,omitempty"`
	Error      string         `json:"error,omitempty"`
	ErrorCode  string         `json:"error_code,omitempty"`
	RequestID  string         `json:"request_id,omitempty"`
	RetryAt    time.Time      `json:"retry_at,omitzero"`
	Report     *uuid.UUID     `json:"report,omitempty"`
	Count      int            `json:"count,omitempty"` // how many equal ones this line stands for, if several
}

// NewID makes a run's ID: a UUIDv7, which is its idempotency key too unless
// another is given.
func NewID() (uuid.UUID, error) { return uuid.NewV7() }

// Lane names the runs that arrive in order with this one.
func (r *Run) Lane() string { return r.Summary.Lane(r.Host) }

// expectation is what an answer is checked against.
func (r *Run) expectation() client.Expectation {
	return client.Expectation{Summary: r.Summary, Shared: r.Shared, Fresh: !r.Shared && !r.MayBeThere, Keyless: r.Search != nil}
}

// refOf is what the outbox keeps of a report.
func refOf(r *client.Report) *ReportRef {
	alerts := r.AlertCounts()
	ref := &ReportRef{
		UUID: r.UUID, Project: r.Project.UUID, Slug: client.Plain(r.Project.Slug, 64), CreatedAt: r.Created,
		Iterations: len(r.Iterations()), AlertsTotal: alerts.Total, AlertsActive: alerts.Active,
	}
	for _, a := range r.Alerts[:min(maxAlerts, len(r.Alerts))] {
		kept := AlertRef{
			Benchmark: client.Plain(a.Benchmark.Name, 256), Measure: client.Plain(a.MeasureName(), 64), Iteration: a.Iteration,
			Value: a.Metric.Value, Baseline: a.Boundary.Baseline, Limit: client.Plain(a.Limit, 16), Status: client.Plain(a.Status, 16),
		}
		kept.Boundary = a.Boundary.Upper
		if a.Limit == "lower" {
			kept.Boundary = a.Boundary.Lower
		}
		ref.Alerts = append(ref.Alerts, kept)
	}
	return ref
}

// ReportURL is where the run's report can be looked at: on Bencher Cloud its
// page, else the API's own address, since only the server knows where its pages
// are. It is "" for the built-in server.
func (r *Run) ReportURL() string {
	if r.Report == nil {
		return ""
	}
	return client.ReportURL(r.Host, r.Report.Slug, r.Report.UUID)
}
