package outbox

import (
	"fmt"
	"slices"
	"time"

	"burrow/client"
)

// The state machine of a run: what follows from an outcome. These functions
// change the run and say what is written to its history; they read no clock
// and touch no file, so that tests can walk every path.

// What follows from a report that holds less than was sent: it is watched until
// it is whole, gone, or surely short; then the run ends with a spent key, or the
// report is deleted to free it.

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
		return "--mend never forbids that"
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
