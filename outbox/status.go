package outbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Status is where a run stands.
type Status string

// The statuses of a run.
const (
	Pending      Status = "pending"      // waits for its first or next attempt
	Sending      Status = "sending"      // an attempt is in flight
	Sent         Status = "sent"         // acknowledged: this run's attempt created the report
	Deduplicated Status = "deduplicated" // acknowledged: the report was there already
	Incomplete   Status = "incomplete"   // the server holds a report for the key, but not these results
	Rejected     Status = "rejected"     // the server refused these bytes for good
	Cancelled    Status = "cancelled"    // a person withdrew it
)

// Statuses lists every status, in the order of a run's life.
func Statuses() []Status {
	return []Status{Pending, Sending, Sent, Deduplicated, Incomplete, Rejected, Cancelled}
}

// ParseStatus returns the status of that name.
func ParseStatus(name string) (Status, error) {
	if s := Status(strings.ToLower(name)); slices.Contains(Statuses(), s) {
		return s, nil
	}
	return "", fmt.Errorf("unknown status %q: use one of %s", name, joined(Statuses()))
}

// Ended tells whether no sender will touch the run again by itself.
func (s Status) Ended() bool { return s != Pending && s != Sending }

// Acknowledged tells whether the server is proven to hold the report.
func (s Status) Acknowledged() bool { return s == Sent || s == Deduplicated }

// Failed tells whether the run ended without its results on the server.
func (s Status) Failed() bool { return s == Incomplete || s == Rejected }

// Reason says why a run is where it is: one of the words below, or "behind"
// with the ID of the run that it waits for.
type Reason string

// The reasons of pending runs, and of those that ended badly.
const (
	ReasonNone              Reason = ""
	ReasonBackoff           Reason = "backoff"            // the next attempt has a time
	ReasonThrottled         Reason = "throttled"          // the server asked to wait
	ReasonStoring           Reason = "storing"            // the report is short: look again
	ReasonLooking           Reason = "looking"            // for its report, on a server without keys
	ReasonProxy             Reason = "proxy"              // something in between answered
	ReasonPaused            Reason = "paused"             // a person paused delivery
	ReasonCredential        Reason = "credential"         // for a sender that has one
	ReasonCredentialRefused Reason = "credential refused" // for another one, or a retry
	ReasonPlan              Reason = "plan"               // the server wants a plan or a licence
	ReasonProjectMoved      Reason = "project moved"      // its name leads nowhere, or to another project
	ReasonDoubt             Reason = "doubt"              // several reports may be its own
	ReasonDamaged           Reason = "damaged"            // its body no longer matches its hash
	ReasonKeyTaken          Reason = "key taken"          // rejected: the key's report is of another run
	ReasonRefused           Reason = "refused"            // rejected: the server said no
	ReasonSpent             Reason = "key spent"          // incomplete: the key's report is short, for good
)

// Behind is the reason of a run that waits for an older one of its lane.
func Behind(id uuid.UUID) Reason { return Reason("behind " + id.String()) }

// NeedsPerson tells whether a pending run with this reason moves on only when
// a person does something.
func (r Reason) NeedsPerson() bool {
	switch r {
	case ReasonCredential, ReasonCredentialRefused, ReasonPlan, ReasonProjectMoved, ReasonDoubt, ReasonDamaged, ReasonPaused:
		return true
	default:
		return false
	}
}

// MendPolicy says whether a spent key may be freed by deleting the report that
// holds it.
type MendPolicy string

// The mend policies.
const (
	MendDefault MendPolicy = ""      // the sender's
	MendAuto    MendPolicy = "auto"  // empty reports only
	MendAny     MendPolicy = "any"   // partial ones too
	MendNever   MendPolicy = "never" // leave them
)

// ParseMend returns the policy of that name.
func ParseMend(name string) (MendPolicy, error) {
	policies := []MendPolicy{MendAuto, MendAny, MendNever}
	if p := MendPolicy(strings.ToLower(name)); slices.Contains(policies, p) {
		return p, nil
	}
	return "", fmt.Errorf("unknown mend policy %q: use one of %s", name, joined(policies))
}

func joined[S ~string](values []S) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}
