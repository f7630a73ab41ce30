package outbox

import (
	"fmt"
	"strings"
	"time"

	"burrow/client"
)

// A server without idempotency keys would make a second report of a run that
// an attempt of unknown outcome brought there. So its report is looked for
// first: a minute after the attempt, and once more.
const (
	searchWait  = 60 * time.Second // from the attempt's end to the first look
	searchAgain = 30 * time.Second // to the second
	searchTimes = 2                // without a match before the run is sent again
)

// searches tells whether the run's report is to be looked for before the run
// may be sent.
func (r *Run) searches() bool {
	return r.Search != nil && r.Search.Misses < searchTimes && r.Short == nil
}

// search begins the watch: the server turned out to know no keys, so the
// attempt that was claimed is not made.
func (p step) search(r *Run, last *Attempt) {
	r.Attempts-- // nothing was sent: the number is the next attempt's
	r.Status, r.Reason, r.Search = Pending, ReasonLooking, &Search{}
	r.Message = "the server knows no idempotency keys: looking for the report before the run is sent again"
	r.NextAttemptAt = p.now
	if last != nil {
		if at := last.EndedAt.Add(searchWait); at.After(p.now) && at.Sub(p.now) <= searchWait {
			r.NextAttemptAt = at
		}
	}
}

// searched is what follows from a look for the report. The reports found are
// no other run's.
func (p step) searched(r *Run, s client.Search, date time.Time) *amendment {
	r.Status, r.Reason = Pending, ReasonLooking
	switch {
	case !s.Asked:
		if s.Trouble.Cause == client.CauseCredential || s.Trouble.Cause == client.CausePlan {
			p.unseen(r, s.Trouble)
			return nil
		}
		r.Search.Errors++
		r.Message = s.Trouble.Message
		r.NextAttemptAt = p.now.Add(max(s.Trouble.Wait, 2*time.Second, backoff(r.Search.Errors, p.draw())))
	case len(s.Found) == 0:
		r.Search.Misses++
		r.Search.Errors = 0
		r.Message, r.NextAttemptAt = "the report was not found", p.now.Add(searchAgain)
		if !r.searches() {
			r.Reason, r.Message, r.NextAttemptAt = ReasonNone, "the report was not found: sending again", p.now
		}
	case len(s.Found) > 1:
		r.Reason, r.NextAttemptAt = ReasonDoubt, time.Time{}
		r.Message = doubtful(s.Found)
	case len(s.Found[0].Iterations()) < len(r.Iterations):
		p.short(r, client.Verdict{
			Report: &s.Found[0], Cause: client.CauseStoring, Date: date,
			Message: fmt.Sprintf("the report holds %d of %d iterations", len(s.Found[0].Iterations()), len(r.Iterations)),
		})
	default:
		p.acknowledge(r, client.Adopted, &s.Found[0], date)
		return &amendment{r.Attempts, client.Adopted}
	}
	return nil
}

func doubtful(found []client.Report) string {
	var ids []string
	for _, report := range found[:min(3, len(found))] {
		ids = append(ids, report.UUID.String())
	}
	return fmt.Sprintf("%d reports on the server can be this run's (%s): delete those that are too many, then burrow retry", len(found), strings.Join(ids, ", "))
}
