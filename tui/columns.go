package tui

import (
	"strings"
	"time"

	"burrow/outbox"

	"github.com/charmbracelet/x/ansi"
)

// columns are the widths of a list's columns; 0 leaves one out. Without a
// status column the note takes its place where there is one.
type columns struct {
	status, note, branch, project, hash, testbed, results, age int
}

const gap = 2 // cells between columns

// columnsFor lays columns out in a width: the status and why come first, the
// branch and the project share what is left, and wide terminals show more.
func columnsFor(width int) columns {
	c := columns{status: 12, note: 14, age: 6}
	if width < 64 {
		c.status, c.note = 0, 15
	}
	room := width - 3 - c.note - gap - gap - c.age - 1 // cursor, sign and space; a cell at the right edge
	if c.status > 0 {
		room -= c.status + 1
	}
	take := func(column int) int {
		room -= column + gap
		return column
	}
	if room >= 28 {
		c.results = take(5)
	}
	if room >= 70 {
		c.hash = take(8)
		c.testbed = take(min(room/4, 20))
	}
	if room >= 20 {
		c.project = take(min(max((room-gap)/3, 7), 28))
	}
	c.branch = max(room, 4)
	return c
}

func (c columns) join(cursor, sign, status, note, branch, project, hash, testbed, results, age string) string {
	var line strings.Builder
	line.WriteString(cursor + sign + " ")
	if c.status > 0 {
		line.WriteString(status + " ")
	}
	line.WriteString(note + "  " + branch)
	for _, column := range []struct {
		width int
		text  string
	}{{c.project, project}, {c.hash, hash}, {c.testbed, testbed}, {c.results, results}, {c.age, age}} {
		if column.width > 0 {
			line.WriteString("  " + column.text)
		}
	}
	return line.String()
}

func (c columns) head() string {
	note := ""
	if c.status == 0 {
		note = "STATUS"
	}
	return c.join(" ", " ", left("STATUS", c.status), left(note, c.note), left("BRANCH", c.branch), left("PROJECT", c.project),
		left("HASH", c.hash), left("TESTBED", c.testbed), right("BENCH", c.results), right("AGE", c.age))
}

// rowState is what is special about a row.
type rowState struct{ selected, focused, marked bool }

// row draws one run. The cursor is a bar, so that it is seen without colour
// too; it is a thin one while the keys go to the details. A marked row has a
// plus.
func (c columns) row(t theme, r *outbox.Run, now time.Time, is rowState) string {
	cursor, name := " ", t.soft
	switch {
	case is.selected && is.focused && is.marked:
		cursor, name = t.accent.Render("▶"), t.title
	case is.marked:
		cursor, name = t.accent.Render("+"), t.title
	case is.selected && is.focused:
		cursor, name = t.accent.Render("▌"), t.title
	case is.selected:
		cursor, name = t.dim.Render("▏"), t.title
	}
	state, why := t.status(r), note(r, now)
	whyStyle := t.dim
	if strings.HasPrefix(why, "!") || r.Status == outbox.Sending || r.Status == outbox.Pending {
		whyStyle = state
	}
	if r.Status.Acknowledged() && why != "" { // alerts
		whyStyle = t.warn
	}
	if c.status == 0 && why == "" {
		why, whyStyle = string(r.Status), state
	}
	results := "–"
	if r.Benchmarks > 0 {
		results = number(r.Benchmarks)
	}
	return c.join(cursor, state.Render(Sign(r.Status)), state.Render(left(string(r.Status), c.status)),
		whyStyle.Render(left(why, c.note)), name.Render(left(plain(r.Branch), c.branch)),
		t.dim.Render(left(plain(r.Project), c.project)), t.dim.Render(left(shortHash(r.Hash), c.hash)),
		t.dim.Render(left(plain(r.Testbed), c.testbed)), t.soft.Render(right(results, c.results)),
		t.dim.Render(right(ageWords(now.Sub(r.EnqueuedAt)), c.age)))
}

func shortHash(hash string) string {
	return ansi.Truncate(plain(hash), 8, "")
}
