package client

import (
	"encoding/json"
	"net/http"
	"time"
)

// Sighting is what a second look at a short report saw.
type Sighting struct {
	State  SightState
	Report *Report
	// Trouble is what came instead of an answer about the report: its wait and
	// its scope hold for the next look.
	Trouble Verdict
	Date    time.Time // the server's clock, or this machine's where it has none
}

// SightState says whether the report is there and how much of it.
type SightState string

// What a look can see.
const (
	SawWhole   SightState = "whole"
	SawShort   SightState = "short"
	SawGone    SightState = "gone"    // 404: the key is free again
	SawOther   SightState = "other"   // a report that is not this run's
	SawTrouble SightState = "trouble" // no answer about it
)

// ClassifyLook says what the answer to GET of a report means.
func ClassifyLook(x Exchange, want Expectation) Sighting {
	s := Sighting{State: SawTrouble, Date: x.Date()}
	if s.Date.IsZero() {
		s.Date = x.Ended
	}
	if x.Err == nil && x.Status == http.StatusNotFound {
		if _, fromServer := apiError(x); fromServer {
			s.State = SawGone
			return s
		}
	}
	var report Report
	if x.Err != nil || x.Status != http.StatusOK || json.Unmarshal(x.Body, &report) != nil || report.UUID == [16]byte{} {
		s.Trouble = Classify(x, want)
		return s
	}
	s.Report = &report
	switch {
	case want.mismatch(&report) != "":
		s.State = SawOther
	case len(report.Iterations()) < len(want.Iterations):
		s.State = SawShort
	case want.differs(&report):
		s.State = SawOther
	default:
		s.State = SawWhole
	}
	return s
}

// Deletion is what the answer to DELETE of a report means.
type Deletion struct {
	State   DeleteState
	Trouble Verdict
}

// DeleteState says whether a report is gone.
type DeleteState string

// What a deletion can come to.
const (
	Deleted       DeleteState = "deleted"     // 204, or it was gone already
	DeleteRefused DeleteState = "refused"     // this credential may not
	DeleteUnknown DeleteState = "unknown"     // may have been carried out
	DeleteUnsent  DeleteState = "unavailable" // never reached the server
)

// ClassifyDelete says what the answer to DELETE of a report means.
func ClassifyDelete(x Exchange) Deletion {
	_, fromServer := apiError(x)
	switch {
	case x.Err == nil && x.Status == http.StatusNoContent, x.Err == nil && x.Status == http.StatusNotFound && fromServer:
		return Deletion{State: Deleted}
	}
	d := Deletion{State: DeleteUnknown, Trouble: Classify(x, Expectation{})}
	switch {
	case !x.Sent && x.Status == 0:
		d.State = DeleteUnsent
	case fromServer && x.Status >= 400 && x.Status < 500 && d.Trouble.Outcome != Throttled:
		d.State = DeleteRefused
	}
	return d
}
