package outbox

import (
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// The state machine of a run: what follows from an outcome. These functions
// change the run and say what is written to its history; they read no clock
// and touch no file, so that tests can walk every path.

// step is the moment of a transition: the time, a draw for the jitter, and
// what the run's own settings leave open.
type step struct {
	now    time.Time
	draw   func() float64
	mend   MendPolicy
	settle time.Duration
}

// sent is what follows from an attempt's verdict.
func (p step) sent(r *Run, v client.Verdict) {
	r.Status, r.Reason, r.Message = Pending, ReasonNone, v.Message
	r.NextAttemptAt, r.Search = time.Time{}, nil
	if v.Outcome.MayBeThere() || v.HTTPStatus != 0 { // who answers may have passed it on first
		r.MayBeThere = true
	}
	switch v.Outcome {
	case client.Created, client.Replayed, client.Adopted:
		p.acknowledge(r, v.Outcome, v.Report, v.Date)
	case client.Incomplete:
		p.short(r, v)
	case client.Refused:
		r.Status, r.Reason = Rejected, ReasonRefused
		if v.Cause == client.CauseKeyTaken {
			r.Reason = ReasonKeyTaken
		}
		r.ReportLeft = r.ReportLeft || v.ReportLeft
	case client.Unauthorized:
		if v.Cause == client.CausePlan {
			r.Reason = ReasonPlan
			return
		}
		r.Reason, r.NextAttemptAt = ReasonCredentialRefused, p.now
	case client.Throttled:
		p.wait(r, ReasonThrottled, v)
	case client.Unavailable, client.Unknown:
		if v.Cause == client.CauseMoved {
			r.Reason = ReasonProjectMoved
			return
		}
		reason := ReasonBackoff
		if v.Cause == client.CauseProxy {
			reason = ReasonProxy
		}
		p.wait(r, reason, v)
	case client.Mended: // no answer to a run request means that
	}
}

func (p step) wait(r *Run, reason Reason, v client.Verdict) {
	r.Failures++
	if r.FirstFailureAt.IsZero() {
		r.FirstFailureAt = p.now
	}
	least := v.Wait + time.Duration(p.draw()*float64(v.Spread))
	r.Reason, r.NextAttemptAt = reason, p.now.Add(max(least, backoff(r.Failures, p.draw())))
}

func (p step) acknowledge(r *Run, outcome client.Outcome, report *client.Report, date time.Time) {
	r.Status, r.Reason, r.Message = Deduplicated, ReasonNone, ""
	if outcome == client.Created {
		r.Status = Sent
	}
	if r.expectation().OfAnother(report) {
		r.Message = "another submission with its key came first: the report holds what was measured at " + report.StartTime.UTC().Format(time.RFC3339)
	}
	r.Report, r.ReportLeft, r.Short, r.Search = refOf(report), false, nil, nil
	r.Failures, r.FirstFailureAt, r.NextAttemptAt = 0, time.Time{}, time.Time{}
	r.AcknowledgedAt, r.dated = date, !date.IsZero() // the server's clock, so that a local one that jumps prunes nothing
	if !r.dated {
		r.AcknowledgedAt = p.now
	}
}

// died is what follows when the process that held the claim is dead: the
// attempt may have reached the server. It is told whether an attempt was under
// way that the history must keep.
func (p step) died(r *Run) (attempted bool) {
	task := r.Claim.Task
	r.Claim, r.Status = nil, Pending
	switch task {
	case TaskLook:
		r.Reason, r.NextAttemptAt = ReasonStoring, p.now
		return false
	case TaskDelete:
		p.doubtDeletion(r)
		return true
	case TaskSearch:
		r.Reason, r.NextAttemptAt = ReasonLooking, p.now
		return false
	case TaskSend:
	}
	p.sent(r, client.Verdict{Outcome: client.Unknown, Wait: 2 * time.Second, Spread: time.Second, Message: diedMessage})
	return true
}

const diedMessage = "burrow was ended while this attempt was under way"

const (
	yieldFailures = 10
	yieldSpan     = 10 * time.Minute
)

// yields tells whether a run that keeps failing lets younger ones of its lane
// pass: ten failures over ten minutes, while its host answers others.
func (r *Run) yields(now time.Time, hostAnswered time.Time) bool {
	return r.Failures >= yieldFailures && now.Sub(r.FirstFailureAt) >= yieldSpan && hostAnswered.After(r.FirstFailureAt)
}

// withdrawable says why a run can't be cancelled, or "".
func (r *Run) withdrawable() string {
	switch r.Status {
	case Pending:
		return ""
	case Sending:
		return "an attempt is in flight: wait for its outcome, then cancel"
	case Sent, Deduplicated:
		return "the server holds it already"
	case Incomplete, Rejected, Cancelled:
		return "it is at its end already (" + string(r.Status) + ")"
	}
	return "unknown status"
}

// again makes a run due, as a person asked: the same bytes and the same key, so
// this is always safe. What an attempt of unknown outcome needs is still
// waited.
func (p step) again(r *Run, last *Attempt) {
	r.Status, r.Reason, r.Message = Pending, ReasonNone, ""
	r.Failures, r.FirstFailureAt, r.NextAttemptAt = 0, time.Time{}, soonest(last, p.now)
	r.Refused, r.Mends, r.Vanished = "", 0, uuid.Nil
	if r.Search != nil {
		r.Search = &Search{}
		r.Reason = ReasonLooking
	}
	if r.Short != nil {
		r.Reason = ReasonStoring
	}
}

// soonest is when a run may be sent again after its last attempt: two seconds
// after one that may have reached the server, so that the one second of doubt
// in created against replayed is covered.
func soonest(last *Attempt, now time.Time) time.Time {
	if last != nil && (last.Outcome.MayBeThere() || last.HTTPStatus != 0) {
		if at := last.EndedAt.Add(2 * time.Second); at.After(now) && at.Sub(now) <= 2*time.Second {
			return at
		}
	}
	return now
}
