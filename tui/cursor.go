package tui

// cursor is the chosen row of a list that is whole in memory, and the first one
// on the screen.
type cursor struct{ index, offset int }

// fitted keeps the cursor within so many rows and on a screen of so many lines.
func (c cursor) fitted(rows, height int) cursor {
	height = max(height, 1)
	c.index = min(max(c.index, 0), max(rows-1, 0))
	c.offset = min(max(c.offset, c.index-height+1, 0), c.index)
	c.offset = min(c.offset, max(rows-height, 0))
	return c
}

// mark draws the cursor before a row, and with which ink the row's name stands.
// It is a thin one while the keys go elsewhere.
func (c cursor) mark(t theme, row int, focused bool) (string, ink) {
	switch {
	case row != c.index:
		return " ", t.soft
	case focused:
		return t.accent.Render("▌"), t.title
	}
	return t.dim.Render("▏"), t.title
}
