package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Expectation is what a report must show to prove that it is this run's,
// whole: a 201 alone proves nothing (bencher-api.md, section 8.1).
type Expectation struct {
	Summary
	// Shared says that other submissions may bear the same key: it was given,
	// or made of the content.
	Shared bool
	// Fresh says that no earlier attempt of this run can have reached the
	// server and that nobody else has its key. Only then is a short report
	// surely this attempt's own, whatever Date a proxy writes.
	Fresh bool
	// Keyless says that the server knows no keys: what it answers with, this
	// attempt made.
	Keyless bool
	// ProjectUUID is the project's own name for itself, where it is known: the
	// slug may have changed since.
	ProjectUUID uuid.UUID
}

// mismatch says why the report is of another run, or "".
func (e Expectation) mismatch(r *Report) string {
	if e.ProjectUUID != uuid.Nil {
		if e.ProjectUUID != r.Project.UUID {
			return fmt.Sprintf("project %s (%s), not %s", Plain(r.Project.Slug, 64), r.Project.UUID, e.ProjectUUID)
		}
	} else if e.ProjectNamed && !strings.EqualFold(e.Project, r.Project.Slug) && !strings.EqualFold(e.Project, r.Project.UUID.String()) {
		return fmt.Sprintf("project %s, not %s", Plain(r.Project.Slug, 64), e.Project)
	}
	if e.Hash != "" && !strings.EqualFold(e.Hash, r.Hash()) {
		return fmt.Sprintf("hash %s, not %s", Plain(r.Hash(), 40), e.Hash)
	}
	if !e.Shared {
		if !sameSecond(e.StartTime, r.StartTime) || !sameSecond(e.EndTime, r.EndTime) {
			return fmt.Sprintf("measured from %s to %s", r.StartTime.UTC().Format(time.RFC3339), r.EndTime.UTC().Format(time.RFC3339))
		}
		return ""
	}
	switch {
	case !names(e.Branch, r.Branch.Name, r.Branch.Slug, r.Branch.UUID.String()):
		return fmt.Sprintf("branch %s, not %s", Plain(r.Branch.Name, 64), e.Branch)
	case !names(e.Testbed, r.Testbed.Name, r.Testbed.Slug, r.Testbed.UUID.String()):
		return fmt.Sprintf("testbed %s, not %s", Plain(r.Testbed.Name, 64), e.Testbed)
	case !sameAdapter(e.Adapter, r.Adapter):
		return fmt.Sprintf("adapter %s, not %s", Plain(r.Adapter, 64), e.Adapter)
	}
	return ""
}

// differs tells, for a shared key, a whole report whose iterations hold other
// numbers of benchmarks than were sent.
func (e Expectation) differs(r *Report) bool {
	if !e.Shared {
		return false
	}
	held := r.Iterations()
	if len(held) != len(e.Iterations) {
		return true
	}
	for i, sent := range e.Iterations {
		if sent != 0 && sent != held[i] {
			return true
		}
	}
	return false
}

// OfAnother tells, for a shared key, the report of another submission that bore
// it: it was measured at another time.
func (e Expectation) OfAnother(r *Report) bool {
	return e.Shared && !(sameSecond(e.StartTime, r.StartTime) && sameSecond(e.EndTime, r.EndTime))
}

// madeBefore tells a replayed report from one that this attempt made. Nothing
// in the answer says so; but the report's UUIDv7 holds the server's
// milliseconds, and Date less the attempt's duration is an instant on the same
// clock that is never later than the attempt's start. So there is no margin:
// Date is floored, and a retry after an unknown outcome waits 2 s at least.
func (e Expectation) madeBefore(r *Report, x Exchange) bool {
	if e.Fresh || e.Keyless {
		return false
	}
	if e.OfAnother(r) {
		return true
	}
	date := x.Date()
	if date.IsZero() || r.UUID.Version() != 7 {
		return true // can't be told: there was an earlier attempt, so look again rather than call it ours
	}
	made := time.UnixMilli(int64(r.UUID[0])<<40 | int64(r.UUID[1])<<32 | int64(r.UUID[2])<<24 | int64(r.UUID[3])<<16 | int64(r.UUID[4])<<8 | int64(r.UUID[5]))
	return made.Add(time.Millisecond).Before(date.Add(-x.Took))
}

// sameSecond compares as the server stores: fractions dropped.
func sameSecond(sent, stored time.Time) bool { return sent.Unix() == stored.Unix() }

// names tells whether what was sent is one of a thing's names.
func names(sent string, known ...string) bool {
	for _, k := range known {
		if strings.EqualFold(sent, k) {
			return true
		}
	}
	return false
}

// sameAdapter knows that the server echoes language-level adapters as magic.
func sameAdapter(sent, echoed string) bool {
	switch sent {
	case "rust", "cpp", "go", "java", "c_sharp", "js", "python", "ruby", "shell", "dart":
		sent = "magic"
	}
	return sent == echoed
}
