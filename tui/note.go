package tui

import (
	"fmt"
	"strings"
	"time"

	"burrow/outbox"
)

// note says in a few cells why a run is where it is, beside its status. What
// needs a person begins with "!".
func note(r *outbox.Run, now time.Time) string {
	switch r.Status {
	case outbox.Pending:
		return pendingNote(r, now)
	case outbox.Sending:
		switch {
		case r.Claim != nil && r.Claim.Task == outbox.TaskLook:
			return "looking again"
		case r.Claim != nil && r.Claim.Task == outbox.TaskDelete:
			return "mending"
		}
		return fmt.Sprintf("attempt %d", r.Attempts)
	case outbox.Sent, outbox.Deduplicated:
		if r.Report != nil && r.Report.AlertsActive > 0 {
			return counted(r.Report.AlertsActive, "alert", "alerts")
		}
	case outbox.Incomplete:
		switch {
		case r.ResubmittedAs != nil:
			return "resubmitted"
		case r.Report != nil:
			return fmt.Sprintf("! %d of %d", r.Report.Iterations, len(r.Iterations))
		}
		return "! key spent"
	case outbox.Rejected:
		switch {
		case r.ResubmittedAs != nil:
			return "resubmitted"
		case r.Reason == outbox.ReasonKeyTaken:
			return "! key taken"
		case wrongAdapter(r):
			return "! adapter"
		}
		return "! refused"
	case outbox.Cancelled:
	}
	return ""
}

func pendingNote(r *outbox.Run, now time.Time) string {
	if who, behind := strings.CutPrefix(string(r.Reason), "behind "); behind {
		return "behind " + who[max(len(who)-7, 0):]
	}
	if r.Reason.NeedsPerson() {
		return "! " + plain(string(shortReason(r.Reason)))
	}
	if !r.NextAttemptAt.After(now) {
		return "due"
	}
	then := countdown(r.NextAttemptAt.Sub(now))
	switch r.Reason {
	case outbox.ReasonThrottled, outbox.ReasonStoring, outbox.ReasonProxy:
		return string(r.Reason) + " " + strings.TrimPrefix(then, "in ")
	default:
		return then
	}
}

// shortReason leaves out what the details tell.
func shortReason(r outbox.Reason) outbox.Reason {
	switch r {
	case outbox.ReasonCredentialRefused:
		return outbox.ReasonCredential
	case outbox.ReasonProjectMoved:
		return "moved"
	default:
		return r
	}
}
