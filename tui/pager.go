package tui

import "slices"

// pager shows a part of lines that are more than the screen has.
type pager struct {
	lines  []string
	offset int
	height int
}

func (p pager) filled(lines []string, height int) pager {
	p.lines, p.height = lines, height
	return p.move(0)
}

// move scrolls.
func (p pager) move(rows int) pager {
	p.offset = min(max(p.offset+rows, 0), max(len(p.lines)-p.height, 0))
	return p
}

// followed fills the pager with lines that grow: who looks at their end goes on
// to do so.
func (p pager) followed(lines []string, height int) pager {
	atEnd := p.offset >= len(p.lines)-p.height
	p = p.filled(lines, height)
	if atEnd {
		p = p.move(len(lines))
	}
	return p
}

// scrolls tells whether there is more than the screen has.
func (p pager) scrolls() bool { return len(p.lines) > p.height }

// visible is the part on the screen; the last line says that there is more.
func (p pager) visible(t theme, width int) []string {
	end := min(p.offset+p.height, len(p.lines))
	lines := p.lines[min(p.offset, end):end]
	if more := len(p.lines) - end; more > 0 && len(lines) > 1 {
		lines = append(slices.Clone(lines[:len(lines)-1]), t.dim.Render(cut(" ↓ "+counted(more+1, "more line", "more lines"), width)))
	}
	return lines
}
