package tui

import (
	"time"

	"burrow/outbox"

	"github.com/google/uuid"
)

// runList is the list of runs. The selected run is kept by its ID: rows
// that come and go around it move the list, never the choice.
type runList struct {
	window
	index  int // of the selected run in the window
	offset int // of the first row on the screen
	height int // rows on the screen
}

// selected returns the run under the cursor, or nil.
func (v runList) selected() *outbox.Run {
	if v.index < 0 || v.index >= len(v.runs) {
		return nil
	}
	return v.runs[v.index]
}

// show puts a window that was read anew in place of the old one. The selected
// run stays on its line of the screen, unless the list is at its top: there
// new rows must come into sight.
func (v runList) show(w window, to goal, seq uint64) runList {
	before, line, atTop := v.selected(), v.index-v.offset, v.offset == 0 && !v.newer && !w.oldestFirst
	v.window = w
	switch {
	case to == goalRun:
		v.index = nearest(w, uuid.Nil, seq)
		v.offset = v.index - max(v.height, 1)/2
		return v.scrolled()
	case before == nil || (to == goalNewest) != w.oldestFirst && to != goalSelected:
		v.index, v.offset = 0, 0 // what it goes to stands first
		return v.scrolled()
	case to == goalNewest, to == goalOldest:
		v.index = max(len(w.runs)-1, 0)
		return v.scrolled()
	}
	v.index = nearest(w, before.ID, before.Seq)
	v.offset = v.index - line
	if atTop && !w.newer {
		v.offset = 0
	}
	return v.scrolled()
}

// nearest finds the run with that ID, else the first one that stands after its
// place, else the last.
func nearest(w window, id uuid.UUID, seq uint64) int {
	for i, r := range w.runs {
		if r.ID == id || !w.oldestFirst && r.Seq <= seq || w.oldestFirst && r.Seq >= seq {
			return i
		}
	}
	return max(len(w.runs)-1, 0)
}

// move moves the cursor by so many rows.
func (v runList) move(rows int) runList {
	v.index += rows
	return v.scrolled()
}

func (v runList) sized(height int) runList {
	v.height = height
	return v.scrolled()
}

// scrolled keeps the cursor within the window and on the screen.
func (v runList) scrolled() runList {
	v.index = min(max(v.index, 0), max(len(v.runs)-1, 0))
	height := max(v.height, 1)
	v.offset = min(max(v.offset, v.index-height+1, 0), v.index)
	v.offset = min(v.offset, max(len(v.runs)-height, 0))
	return v
}

// holds tells whether a sequence number lies among those of the window.
func (v runList) holds(seq uint64) bool {
	if len(v.runs) == 0 {
		return false
	}
	a, b := v.runs[0].Seq, v.runs[len(v.runs)-1].Seq
	return seq >= min(a, b) && seq <= max(a, b)
}

// reach is how many runs are held on each side of the selected one: enough for
// a very tall screen too.
func (v runList) reach() int { return max(windowReach, 3*v.height) }

// wantsMore tells whether the cursor is so near to an end of the window that
// the next part should be read.
func (v runList) wantsMore() bool {
	near := min(2*max(v.height, 1), v.reach()/2)
	above, below := v.beyond()
	return above && v.index < near || below && v.index >= len(v.runs)-near
}

// beyond tells whether there is more above the window, and below it.
func (v runList) beyond() (above, below bool) {
	if v.oldestFirst {
		return v.older, v.newer
	}
	return v.newer, v.older
}

// lines draws the column heads and the rows that are on the screen.
func (v runList) lines(t theme, width int, now time.Time, focused bool, marked marks) []string {
	columns := columnsFor(width)
	lines := []string{t.dim.Render(columns.head())}
	for i := v.offset; i < min(v.offset+v.height, len(v.runs)); i++ {
		lines = append(lines, columns.row(t, v.runs[i], now, rowState{selected: i == v.index, focused: focused, marked: marked[v.runs[i].ID] != nil}))
	}
	return lines
}
