package main

import (
	"fmt"
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"
	"burrow/tui"
)

// sentence says in plain words where a run stands and what to do next.
func sentence(r *outbox.Run, now time.Time) string {
	id := shortID(r.ID)
	text := fmt.Sprintf("%s %s  run %s", tui.Sign(r.Status), r.Status, id)
	host, project, branch := client.Plain(r.Host, 0), client.Plain(r.Project, 0), client.Plain(r.Branch, 0)
	why := ""
	if r.Message != "" {
		why = ": " + client.Plain(r.Message, 160)
	}
	switch r.Status {
	case outbox.Sent:
		return fmt.Sprintf("%s → %s, project %s, branch %s (report %s)", text, host, project, branch, r.Report.UUID)
	case outbox.Deduplicated:
		return fmt.Sprintf("%s → %s, project %s, branch %s: the server had report %s already; one report exists%s", text, host, project, branch, r.Report.UUID, why)
	case outbox.Sending:
		return text + " is safe in the outbox; an attempt is in flight" + why
	case outbox.Pending:
		return fmt.Sprintf("%s is safe in the outbox (%s%s); %s", text, waiting(r, now), why, next(r))
	case outbox.Incomplete, outbox.Rejected, outbox.Cancelled:
		return text + why + " — " + failedNext(r)
	}
	return text
}

// failedNext says what can be done about a run that was not delivered.
func failedNext(r *outbox.Run) string {
	id := shortID(r.ID)
	switch {
	case r.ResubmittedAs != nil:
		return "it was resubmitted as " + shortID(*r.ResubmittedAs)
	case r.Status == outbox.Cancelled:
		return "burrow retry " + id + " takes that back"
	case r.Status == outbox.Incomplete:
		return fmt.Sprintf("the key is spent: burrow retry %s looks again, burrow resubmit %s sends under a new key", id, id)
	case strings.HasPrefix(r.Message, "Failed to convert results"):
		return fmt.Sprintf("burrow resubmit %s --adapter NAME sends them as what they are", id)
	}
	return fmt.Sprintf("mend it and burrow resubmit %s, or burrow retry %s", id, id)
}

// waiting says why a pending run waits, and for how long.
func waiting(r *outbox.Run, now time.Time) string {
	if r.Reason == outbox.ReasonNone {
		return "not tried yet"
	}
	if r.NextAttemptAt.IsZero() || r.Reason.NeedsPerson() {
		return string(r.Reason)
	}
	return fmt.Sprintf("%s, next attempt %s", r.Reason, in(r.NextAttemptAt, now))
}

// next says what moves a pending run on.
func next(r *outbox.Run) string {
	switch r.Reason {
	case outbox.ReasonCredential:
		return "give its credential with --key or BENCHER_API_KEY and burrow sync"
	case outbox.ReasonCredentialRefused:
		return "give another credential, or burrow retry " + shortID(r.ID)
	case outbox.ReasonPlan:
		return "mend the project's plan, then burrow retry " + shortID(r.ID)
	case outbox.ReasonDamaged:
		return "its stored bytes can't be trusted: run the benchmark again"
	case outbox.ReasonPaused:
		return "burrow resume goes on"
	case outbox.ReasonProjectMoved:
		return "give the project its name back and burrow retry " + shortID(r.ID) + ", or burrow cancel it and burrow resubmit it --project NEW"
	case outbox.ReasonDoubt:
		return "look at them, then burrow retry or burrow cancel " + shortID(r.ID)
	default:
		return "burrow sync or the UI delivers it"
	}
}

// in is a time to come, in words.
func in(at, now time.Time) string {
	if d := at.Sub(now).Round(time.Second); d > 0 {
		return "in " + span(d)
	}
	return "now"
}

// ago is a time gone by, in words.
func ago(at, now time.Time) string {
	if d := now.Sub(at).Round(time.Second); d > 0 {
		return span(d) + " ago"
	}
	return "now"
}

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
