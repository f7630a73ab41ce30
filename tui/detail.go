package tui

import (
	"time"

	"burrow/outbox"

	"github.com/google/uuid"
)

// detailView shows one run: what happened in plain words, then the facts, then
// its history. Its lines are made when what they show changes; drawing only
// cuts the part that is on the screen.
type detailView struct {
	run      *outbox.Run
	attempts []outbox.Attempt
	loaded   uuid.UUID // whose attempts these are

	pager
}

// show turns to a run; its history comes later.
func (v detailView) show(r *outbox.Run) detailView {
	if r == nil || v.run == nil || r.ID != v.run.ID {
		v.offset = 0
	}
	if r == nil || r.ID != v.loaded {
		v.attempts, v.loaded = nil, uuid.Nil
	}
	v.run = r
	return v
}

// recall takes a run's history in, unless another run is shown by now.
func (v detailView) recall(id uuid.UUID, attempts []outbox.Attempt) detailView {
	if v.run != nil && v.run.ID == id {
		v.attempts, v.loaded = attempts, id
	}
	return v
}

// made draws the lines for a size and a moment.
func (v detailView) made(t theme, width, height int, now time.Time, on bool) detailView {
	var lines []string
	if v.run != nil && width > 0 {
		lines = detailLines(t, v.run, v.attempts, v.loaded == v.run.ID, now, on, width)
	}
	v.pager = v.filled(lines, height)
	return v
}

// detailLines draws the whole of a run's details.
func detailLines(t theme, r *outbox.Run, attempts []outbox.Attempt, loaded bool, now time.Time, on bool, width int) []string {
	told := accountOf(r, now, on)
	lines := []string{cut(" "+t.bold.Render(t.status(r).Render(Sign(r.Status)+" "+told.title))+t.dim.Render("  "+subject(r)), width)}
	for _, line := range wrapped(told.what, width-4) {
		lines = append(lines, "   "+line)
	}
	for _, line := range wrapped(told.next, width-4) {
		lines = append(lines, "   "+t.accent.Render(line))
	}
	short, long := factLines(t, facts(r, now), width)
	lines = append(append(lines, ""), short...)
	lines = append(lines, "", " "+t.dim.Render("HISTORY"))
	if loaded {
		lines = append(lines, historyLines(t, r, attempts, now, width)...)
	}
	return append(append(lines, ""), long...)
}

// subject is what was measured.
func subject(r *outbox.Run) string {
	text := plain(r.Branch)
	if hash := shortHash(r.Hash); hash != "" {
		text += " @ " + hash
	}
	return text
}
