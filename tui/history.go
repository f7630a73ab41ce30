package tui

import (
	"fmt"
	"strings"
	"time"

	"burrow/outbox"
)

// Widths of the timeline's columns: number, time of day, sign, outcome.
const (
	historyLead    = 3 + 2 + 8 + 2 // to the sign
	historyOutcome = 12
)

// historyLines draws a run's attempts as a timeline, oldest first: each with
// what it came to, the server's words, and the wait until the next one.
func historyLines(t theme, r *outbox.Run, attempts []outbox.Attempt, now time.Time, width int) []string {
	var lines []string
	shown := now
	for i, a := range attempts {
		if !sameDay(a.StartedAt, shown) {
			lines = append(lines, t.dim.Render("     "+a.StartedAt.Local().Format("Mon 2 Jan 2006")))
			shown = a.StartedAt
		}
		lines = append(lines, attemptLine(t, a, width))
		var next *outbox.Attempt
		if i+1 < len(attempts) {
			next = &attempts[i+1]
		}
		for _, words := range attemptWords(r, a, next) {
			lines = append(lines, indented(t.soft.Render, words, width)...)
		}
	}
	return append(lines, tipLines(t, r, attempts, now, width)...)
}

func attemptLine(t theme, a outbox.Attempt, width int) string {
	line := timeline(t, a.Number, a.StartedAt) + t.outcome(a.Outcome).Render(left(outcomeSign(a.Outcome)+" "+plain(string(a.Outcome)), 2+historyOutcome+1))
	result := "after " + took(a.Duration)
	if a.HTTPStatus != 0 {
		result = fmt.Sprintf("%d in %s", a.HTTPStatus, took(a.Duration))
	} else if a.Duration <= 0 {
		result = ""
	}
	return cut(line+result, width)
}

func timeline(t theme, n int, at time.Time) string {
	return t.dim.Render(right(fmt.Sprint(n), 3)) + "  " + clock(at) + "  "
}

// attemptWords are the lines below an attempt.
func attemptWords(r *outbox.Run, a outbox.Attempt, next *outbox.Attempt) []string {
	var words []string
	if message := plain(a.Error); message != "" {
		words = append(words, message)
	}
	if a.Count > 1 {
		words = append(words, fmt.Sprintf("%d times alike, the last at %s", a.Count, clock(a.EndedAt)))
	}
	if a.Report != nil {
		held := ""
		if r.Report != nil && r.Report.UUID == *a.Report {
			held = ", " + heldWords(r)
		}
		words = append(words, "report "+a.Report.String()[:8]+held)
	}
	if a.RequestID != "" && !a.Outcome.Acknowledged() {
		words = append(words, "request "+plain(a.RequestID))
	}
	if next != nil && next.StartedAt.After(a.EndedAt) {
		words = append(words, "waited "+took(next.StartedAt.Sub(a.EndedAt)))
	}
	return words
}

// tipLines draw what is going on now below what is over: the attempt in flight
// or the wait for the next one.
func tipLines(t theme, r *outbox.Run, attempts []outbox.Attempt, now time.Time, width int) []string {
	switch {
	case r.Status == outbox.Sending && r.Claim != nil:
		doing := "sending"
		switch r.Claim.Task {
		case outbox.TaskLook, outbox.TaskSearch:
			doing = "looking"
		case outbox.TaskDelete:
			doing = "mending"
		case outbox.TaskSend:
		}
		line := timeline(t, r.Attempts, r.Claim.StartedAt) + t.moving.Render(left(Sign(outbox.Sending)+" "+doing, 2+historyOutcome+1))
		if lasts := now.Sub(r.Claim.StartedAt); lasts >= time.Second {
			line += "for " + took(lasts.Truncate(time.Second))
		}
		return []string{cut(line, width)}
	case r.Status == outbox.Pending && !r.Reason.NeedsPerson() && r.NextAttemptAt.After(now):
		doing := "next attempt "
		if r.Reason == outbox.ReasonStoring {
			doing = "next look "
		}
		if len(attempts) == 0 {
			return []string{t.waiting.Render(cut("     no attempt yet: the first comes "+countdown(r.NextAttemptAt.Sub(now)), width))}
		}
		return indented(t.waiting.Render, doing+countdown(r.NextAttemptAt.Sub(now)), width)
	case len(attempts) == 0:
		return []string{t.dim.Render("     no attempt yet")}
	}
	return nil
}

// indented wraps words under the outcome of their attempt, or nearer to the
// edge where that leaves too little room.
func indented(style func(string) string, words string, width int) []string {
	indent := historyLead + 2
	if width-indent < 24 {
		indent = 5
	}
	lines := wrapped(words, width-indent)
	for i, line := range lines {
		lines[i] = strings.Repeat(" ", indent) + style(line)
	}
	return lines
}
