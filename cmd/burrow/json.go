package main

import (
	"encoding/json"
	"fmt"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
)

// The JSON of a run and of an attempt are a contract (README): names and forms
// change only by addition.

type runView struct {
	ID             uuid.UUID         `json:"id"`
	IdempotencyKey uuid.UUID         `json:"idempotency_key"`
	Status         outbox.Status     `json:"status"`
	Reason         outbox.Reason     `json:"reason,omitempty"`
	Message        string            `json:"message,omitempty"`
	Host           string            `json:"host"`
	Project        string            `json:"project,omitempty"`
	Branch         string            `json:"branch,omitempty"`
	Hash           string            `json:"hash,omitempty"`
	Testbed        string            `json:"testbed,omitempty"`
	Adapter        string            `json:"adapter,omitempty"`
	Repository     string            `json:"repository,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	EnqueuedAt     instant           `json:"enqueued_at"`
	StartTime      instant           `json:"start_time"`
	EndTime        instant           `json:"end_time"`
	Bytes          int               `json:"bytes"`
	Iterations     int               `json:"iterations"`
	Benchmarks     int               `json:"benchmarks,omitempty"`
	Attempts       int               `json:"attempts"`
	NextAttemptAt  instant           `json:"next_attempt_at,omitzero"`
	AcknowledgedAt instant           `json:"acknowledged_at,omitzero"`
	Report         *reportView       `json:"report,omitempty"`
	ReportLeft     bool              `json:"report_left,omitempty"`
	BodyPruned     bool              `json:"body_pruned,omitempty"` // the request is no longer kept
	Resubmits      *uuid.UUID        `json:"resubmits,omitempty"`
	ResubmittedAs  *uuid.UUID        `json:"resubmitted_as,omitempty"`

	Request json.RawMessage `json:"request,omitempty"`
	History []attemptView   `json:"history,omitempty"`
}

type reportView struct {
	UUID         uuid.UUID `json:"uuid"`
	CreatedAt    instant   `json:"created_at"`
	URL          string    `json:"url,omitempty"`
	Iterations   int       `json:"iterations"`
	AlertsTotal  int       `json:"alerts_total"`
	AlertsActive int       `json:"alerts_active"`

	Alerts []outbox.AlertRef `json:"alerts,omitempty"`
}

type attemptView struct {
	Run        uuid.UUID      `json:"run"`
	Number     int            `json:"number"`
	StartedAt  instant        `json:"started_at"`
	EndedAt    instant        `json:"ended_at"`
	DurationMS int64          `json:"duration_ms"`
	Outcome    client.Outcome `json:"outcome"`
	HTTPStatus int            `json:"http_status,omitempty"`
	Error      string         `json:"error,omitempty"`
	ErrorCode  string         `json:"error_code,omitempty"`
	RequestID  string         `json:"request_id,omitempty"`
	RetryAt    instant        `json:"retry_at,omitzero"`
	Report     *uuid.UUID     `json:"report,omitempty"`
	Count      int            `json:"count,omitempty"`
}

// instant is a time in RFC 3339, UTC.
type instant time.Time

func (i instant) IsZero() bool { return time.Time(i).IsZero() }

func (i instant) MarshalJSON() ([]byte, error) { return json.Marshal(time.Time(i).UTC()) }

func runJSON(r *outbox.Run) runView {
	v := runView{
		ID: r.ID, IdempotencyKey: r.Key, Status: r.Status, Reason: r.Reason, Message: r.Message, Host: r.Host,
		Project: r.Project, Branch: r.Branch, Hash: r.Hash, Testbed: r.Testbed, Adapter: r.Adapter,
		Repository: r.Repository, Labels: r.Labels, EnqueuedAt: instant(r.EnqueuedAt),
		StartTime: instant(r.StartTime), EndTime: instant(r.EndTime), Bytes: r.Bytes,
		Iterations: len(r.Iterations), Benchmarks: r.Benchmarks, Attempts: r.Attempts,
		AcknowledgedAt: instant(r.AcknowledgedAt), ReportLeft: r.ReportLeft, BodyPruned: r.BodyPruned,
		Resubmits: r.Resubmits, ResubmittedAs: r.ResubmittedAs,
	}
	if r.Status == outbox.Pending {
		v.NextAttemptAt = instant(r.NextAttemptAt)
	}
	if r.Report != nil {
		v.Report = &reportView{
			UUID: r.Report.UUID, CreatedAt: instant(r.Report.CreatedAt), URL: r.ReportURL(),
			Iterations: r.Report.Iterations, AlertsTotal: r.Report.AlertsTotal, AlertsActive: r.Report.AlertsActive, Alerts: r.Report.Alerts,
		}
	}
	return v
}

func attemptJSON(a outbox.Attempt) attemptView {
	return attemptView{
		Run: a.Run, Number: a.Number, StartedAt: instant(a.StartedAt), EndedAt: instant(a.EndedAt),
		DurationMS: a.Duration.Milliseconds(), Outcome: a.Outcome, HTTPStatus: a.HTTPStatus, Error: a.Error,
		ErrorCode: a.ErrorCode, RequestID: a.RequestID, RetryAt: instant(a.RetryAt), Report: a.Report, Count: a.Count,
	}
}

// printJSON writes one object on a line of its own.
func (a *app) printJSON(v any) error {
	encoder := json.NewEncoder(escaped{a.out})
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
