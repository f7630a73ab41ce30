package outbox

import (
	"fmt"
	"slices"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// The state machine of a run: what follows from an outcome. These functions
// change the run and say what is written to its history; they read no clock
// and touch no file, so that tests can walk every path.

// defaultSettle is how long a short report must stand still before it is
// called incomplete or mended.
const defaultSettle = 60 * time.Second

// maxMends bounds how often one run's key is freed: a document that the server
// fails on each time must not circle.
const maxMends = 2

// When a short report is looked at again, from when it was first seen.
func lookTimes(settle time.Duration) []time.Duration {
	var times []time.Duration
	for _, t := range []time.Duration{2 * time.Second, 10 * time.Second, 30 * time.Second} {
		if t < settle {
			times = append(times, t)
		}
	}
	// Date has whole seconds: one more, so that the first and the last look
	// lie settle apart by the server's clock too.
	return append(times, settle+time.Second)
}

// step is the moment of a transition: the time, a draw for the jitter, and
// what the run's own settings leave open.
type step struct {
	now    time.Time
	draw   func() float64
	mend   MendPolicy
	settle time.Duration
}

func (p step) mendPolicy(r *Run) MendPolicy {
	switch {
	case r.Mend != MendDefault:
		return r.Mend
	case p.mend != MendDefault:
		return p.mend
	}
	return MendAuto
}

func (p step) settleTime(r *Run) time.Duration {
	switch {
	case r.Settle > 0:
		return r.Settle
	case p.settle > 0:
		return p.settle
	}
	return defaultSettle
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
	r.Report, r.ReportLeft, r.Short, r.Search = refOf(report), false, nil, nil
	r.Failures, r.FirstFailureAt, r.NextAttemptAt = 0, time.Time{}, time.Time{}
	r.AcknowledgedAt, r.dated = date, !date.IsZero() // the server's clock, so that a local one that jumps prunes nothing
	if !r.dated {
		r.AcknowledgedAt = p.now
	}
}

// short is what follows from an answer with a report that holds fewer
// iterations than were sent.
func (p step) short(r *Run, v client.Verdict) {
	if v.Cause == client.CauseShort { // its handler was done when it answered
		p.spent(r, v.Report, v.Message)
		return
	}
	since := v.Date
	if since.IsZero() {
		since = p.now
	}
	if v.Report.UUID == r.Vanished && p.now.Sub(r.VanishedAt) >= p.settleTime(r) {
		p.spent(r, v.Report, v.Message+"; this credential is told that there is no such report, so it can't be mended")
		return
	}
	r.Reason = ReasonStoring
	r.Short = &Short{
		Report: v.Report.UUID, Project: v.Report.Project.UUID, Held: v.Report.Iterations(),
		Since: since, SeenAt: p.now, Attempt: r.Attempts,
	}
	r.NextAttemptAt = p.now.Add(lookTimes(p.settleTime(r))[0])
}

// spent ends a run whose key is held by a report that stays short.
func (p step) spent(r *Run, report *client.Report, message string) {
	r.Status, r.Reason, r.Message = Incomplete, ReasonSpent, message
	r.NextAttemptAt, r.Short = time.Time{}, nil
	if report != nil {
		r.Report = refOf(report)
	}
}

// amendment changes the outcome of an attempt that is in the history already:
// only a later look showed what it came to.
type amendment struct {
	number  int
	outcome client.Outcome
}

// permission is whether the run's credential may delete the report.
type permission string

const (
	notAsked   permission = ""
	allowed    permission = "allowed"
	notAllowed permission = "not allowed"
)

// looked is what follows from another look at a short report.
func (p step) looked(r *Run, s client.Sighting, may permission) *amendment {
	watch := r.Short
	r.Status = Pending
	switch s.State {
	case client.SawWhole:
		outcome := client.Replayed
		if r.Search != nil {
			outcome = client.Adopted
		}
		p.acknowledge(r, outcome, s.Report, s.Date)
		return &amendment{watch.Attempt, outcome}
	case client.SawGone:
		p.gone(r, watch)
		if watch.Deleting {
			r.Mends++
			return &amendment{watch.DeleteAttempt, client.Mended}
		}
	case client.SawOther:
		r.Status, r.Reason, r.Short, r.NextAttemptAt = Rejected, ReasonKeyTaken, nil, time.Time{}
	case client.SawTrouble:
		if s.Trouble.Cause == client.CauseCredential || s.Trouble.Cause == client.CausePlan {
			p.unseen(r, s.Trouble)
			return nil
		}
		least := max(s.Trouble.Wait, 2*time.Second)
		r.Message = "looking again: " + s.Trouble.Message
		r.NextAttemptAt = p.now.Add(max(least, backoff(watch.Looks+1, p.draw())))
		watch.Looks++
	case client.SawShort:
		p.stillShort(r, s, may)
	}
	return nil
}

// gone sends again what the server says it does not hold. A server that lies
// (the credential may post, but not see) gives the same report back: so this
// backs off, and ends once that went on for as long as a report must settle.
func (p step) gone(r *Run, watch *Short) {
	if r.Vanished != watch.Report {
		r.Vanished, r.VanishedAt = watch.Report, p.now
	}
	r.Short = nil
	p.wait(r, ReasonNone, client.Verdict{})
	r.Message = "the short report is gone: sending again"
}

// unseen is what follows when the credential may not look at the report. Other
// runs of the project are not held back: posting is another right.
func (p step) unseen(r *Run, trouble client.Verdict) {
	r.Reason, r.Message, r.NextAttemptAt = ReasonCredentialRefused, "looking again: "+trouble.Message, time.Time{}
	if trouble.Cause == client.CausePlan {
		r.Reason = ReasonPlan
	}
}

func (p step) stillShort(r *Run, s client.Sighting, may permission) {
	watch, settle := r.Short, p.settleTime(r)
	held := s.Report.Iterations()
	r.Reason = ReasonStoring
	r.Message = fmt.Sprintf("the report holds %d of %d iterations", len(held), len(r.Iterations))
	if !slices.Equal(held, watch.Held) { // still being stored: watch anew
		watch.Held, watch.Since, watch.SeenAt, watch.Looks = held, s.Date, p.now, 0
		r.NextAttemptAt = p.now.Add(lookTimes(settle)[0])
		return
	}
	watch.Looks++
	if !p.settled(r, s) {
		r.NextAttemptAt = p.nextLook(watch, settle)
		return
	}
	why := p.mustStay(r, len(held))
	switch {
	case why == "" && may == notAllowed:
		why = "this credential may not delete it"
	case why == "" && may == notAsked:
		r.NextAttemptAt = p.now.Add(2 * time.Second)
		return
	}
	if why != "" {
		p.spent(r, s.Report, r.Message+"; "+why)
		return
	}
	watch.Mend, watch.Deleting = true, false
	r.NextAttemptAt = p.now
}

// settled tells whether a short report has stood still for long enough: by the
// server's clock in two looks, or, after an unanswered DELETE, by this one's.
func (p step) settled(r *Run, s client.Sighting) bool {
	if s.State != client.SawShort || !slices.Equal(s.Report.Iterations(), r.Short.Held) {
		return false
	}
	if r.Short.Deleting {
		return p.now.Sub(r.Short.SeenAt) >= defaultSettle
	}
	return s.Date.Sub(r.Short.Since) >= p.settleTime(r)
}

func (p step) nextLook(watch *Short, settle time.Duration) time.Time {
	for _, after := range lookTimes(settle) {
		if at := watch.SeenAt.Add(after); at.After(p.now) {
			return at
		}
	}
	return p.now.Add(2 * time.Second) // the server's clock runs behind this one's
}

// mustStay says why a short report must not be deleted, or "".
func (p step) mustStay(r *Run, held int) string {
	switch policy := p.mendPolicy(r); {
	case policy == MendNever:
		return "it was not to be mended (--mend never)"
	case policy == MendAuto && held > 0:
		return "a partial report is deleted only with --mend any"
	case r.Mends >= maxMends:
		return fmt.Sprintf("it was mended %d times already", r.Mends)
	}
	return ""
}

// deleted is what follows from an attempt to free the key.
func (p step) deleted(r *Run, d client.Deletion) client.Outcome {
	r.Status, r.Message = Pending, d.Trouble.Message
	switch d.State {
	case client.Deleted:
		r.Mends++
		r.Reason, r.Short, r.NextAttemptAt = ReasonNone, nil, p.now
		return client.Mended
	case client.DeleteRefused:
		p.spent(r, nil, "the server refused to delete the short report: "+d.Trouble.Message)
		return client.Refused
	case client.DeleteUnsent:
		p.wait(r, ReasonStoring, d.Trouble)
		return client.Unavailable
	case client.DeleteUnknown:
	}
	p.doubtDeletion(r)
	return client.Unknown
}

// doubtDeletion watches whether an unanswered DELETE was carried out.
func (p step) doubtDeletion(r *Run) {
	r.Short.Mend, r.Short.Deleting, r.Short.SeenAt, r.Short.Looks = false, true, p.now, 0
	r.Short.DeleteAttempt = r.Attempts
	r.Reason, r.NextAttemptAt = ReasonStoring, p.now.Add(2*time.Second)
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
