package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// Clearance says whether a run that an earlier attempt may have brought to the
// server already can be sent there again without doubling it.
type Clearance struct {
	State ClearanceState
	// Trouble is what the run's attempt comes to where it may not be sent:
	// nothing of the run left this machine.
	Trouble Verdict
}

// ClearanceState is the answer in a word.
type ClearanceState string

// What a clearance can say.
const (
	ClearToSend  ClearanceState = "clear"
	ProjectMoved ClearanceState = "project moved" // its name leads nowhere, or to another project
	WithoutKeys  ClearanceState = "without keys"  // the server knows no idempotency keys
	NotCleared   ClearanceState = "not cleared"   // the server could not be asked
)

// Clear asks the parcel's server for what makes a second POST safe: that the
// project's name still leads to the project of earlier acknowledgments (a
// renamed one would be made anew, and the report doubled: bencher-api.md,
// section 8.4), and that it knows idempotency keys at all.
func (h *Hosts) Clear(ctx context.Context, p Parcel) Clearance {
	api, credential, err := h.reach(p)
	if err != nil {
		return Clearance{State: NotCleared, Trouble: unreached(err)}
	}
	if p.KnownProject != uuid.Nil && p.Want.Project != "" {
		c := classifyProject(api.GetProject(ctx, credential, p.Want.Project), p.Want.Project, p.KnownProject)
		if c.State != ClearToSend {
			return c
		}
	}
	return classifyVersion(api.GetVersion(ctx))
}

// classifyProject says what the answer to GET of a project means for a run
// whose project had that UUID.
func classifyProject(x Exchange, name string, known uuid.UUID) Clearance {
	var project Project
	_, fromServer := apiError(x)
	switch {
	case x.Err == nil && x.Status == http.StatusOK && json.Unmarshal(x.Body, &project) == nil && project.UUID != uuid.Nil:
		if project.UUID == known {
			return Clearance{State: ClearToSend}
		}
		return moved(x, fmt.Sprintf("project %s is another project now (%s, was %s)", Plain(name, 64), project.UUID, known))
	case x.Err == nil && x.Status == http.StatusNotFound && fromServer:
		return moved(x, fmt.Sprintf("there is no project %s any more: it was renamed, deleted or hidden (it was %s)", Plain(name, 64), known))
	}
	return notCleared(x, "asking for project "+Plain(name, 64))
}

func moved(x Exchange, message string) Clearance {
	return Clearance{State: ProjectMoved, Trouble: Verdict{
		Outcome: Unavailable, Cause: CauseMoved, Scope: ScopeRun, Date: x.Date(), HTTPStatus: x.Status, Message: message,
	}}
}

// classifyVersion reads whether a server knows idempotency keys.
func classifyVersion(x Exchange) Clearance {
	var answer struct {
		Version string `json:"version"`
	}
	if x.Err != nil || x.Status != http.StatusOK || json.Unmarshal(x.Body, &answer) != nil || answer.Version == "" {
		return notCleared(x, "asking for the server's version")
	}
	if !knowsKeys(answer.Version) {
		return Clearance{State: WithoutKeys}
	}
	return Clearance{State: ClearToSend}
}

// notCleared is the verdict on a question without an answer. The run itself
// was not sent, so nothing of it can have arrived.
func notCleared(x Exchange, question string) Clearance {
	v := Classify(x, Expectation{})
	switch v.Outcome {
	case Throttled, Unauthorized, Unavailable:
	default:
		v.Outcome = Unavailable
		if v.Cause == CauseKeyTaken || v.Cause == CauseConflict {
			v.Cause = CauseNone
		}
	}
	v.ReportLeft, v.Report = false, nil
	v.Message = Plain(question+": "+v.Message, messageLimit)
	return Clearance{State: NotCleared, Trouble: v}
}

// knowsKeys tells whether a server of that version takes idempotency keys:
// since 0.6.1 (bencher-api.md, section 7). A version that can't be read is
// taken for a later one.
func knowsKeys(version string) bool {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n < 3 {
		return true
	}
	switch {
	case major != 0:
		return major > 0
	case minor != 6:
		return minor > 6
	}
	return patch >= 1
}

// unreached is the verdict on a call that could not even be begun.
func unreached(err error) Verdict {
	return Verdict{Outcome: Unavailable, Scope: ScopeHost, Message: Plain(err.Error(), messageLimit)}
}
