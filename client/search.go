package client

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Search is what a server without idempotency keys holds that can be a run's
// report.
type Search struct {
	// Found are the reports that fit in all that can be compared; fewer
	// iterations than were sent are no difference: the rest may be coming.
	Found   []Report
	Asked   bool      // false: Trouble came instead of an answer
	Trouble Verdict   // its wait and scope hold for the next search
	Date    time.Time // the server's clock, or zero
}

// Search looks for a run's report among those of its project that were
// measured in the same seconds: on a server without keys that is the only proof
// that an attempt of unknown outcome arrived.
func (h *Hosts) Search(ctx context.Context, p Parcel) Search {
	api, credential, err := h.reach(p)
	if err != nil {
		return Search{Trouble: unreached(err)}
	}
	x := api.ListReports(ctx, credential, p.Want.Project, p.Want.StartTime, p.Want.EndTime)
	if _, fromServer := apiError(x); x.Err == nil && x.Status == http.StatusNotFound && fromServer {
		return Search{Asked: true, Date: x.Date()} // no project yet: no report
	}
	var listed []Report
	if x.Err != nil || x.Status != http.StatusOK || json.Unmarshal(x.Body, &listed) != nil {
		return Search{Trouble: notCleared(x, "looking for the report").Trouble}
	}
	found := Search{Asked: true, Date: x.Date()}
	for _, report := range listed {
		if !p.Want.fits(&report) {
			continue
		}
		if report.Counts == nil { // before 0.6.9 a list has no counts
			x := api.GetReport(ctx, credential, report.Project.UUID.String(), report.UUID)
			if x.Err != nil || x.Status != http.StatusOK || json.Unmarshal(x.Body, &report) != nil {
				return Search{Trouble: notCleared(x, "looking at a report").Trouble}
			}
		}
		if p.Want.holdsNoMore(&report) {
			found.Found = append(found.Found, report)
		}
	}
	return found
}

// fits compares what a list says of a report: hash, times, branch, testbed and
// adapter.
func (e Expectation) fits(r *Report) bool {
	e.Shared = false // compare the times
	return e.mismatch(r) == "" && names(e.Branch, r.Branch.Name, r.Branch.Slug, r.Branch.UUID.String()) &&
		names(e.Testbed, r.Testbed.Name, r.Testbed.Slug, r.Testbed.UUID.String()) && sameAdapter(e.Adapter, r.Adapter)
}

// holdsNoMore tells whether a report can be this run's, whole or still being
// stored: its iterations are the first ones that were sent.
func (e Expectation) holdsNoMore(r *Report) bool {
	held := r.Iterations()
	if len(held) > len(e.Iterations) {
		return false
	}
	return slices.EqualFunc(held, e.Iterations[:len(held)], func(has, sent int) bool { return sent == 0 || has == sent })
}
