package tui

import "strings"

// The smallest terminal that is drawn on, and where the layouts change.
const (
	leastWidth, leastHeight = 50, 12
	sideWidth               = 100 // from here on the details stand beside the list
	footerWidth             = 140 // the answer and the keys share a line
	belowWidth, belowHeight = 60, 14
)

// arrangement is where the details stand.
type arrangement int

const (
	onePage arrangement = iota // the list or the details
	below
	beside
)

// layout is how a view's room is shared out between its list and its details.
type layout struct {
	arrangement             arrangement
	body                    int // lines below the view's own first line
	listWidth, detailWidth  int
	listHeight, detailLines int
}

// layoutFor shares a view's room out: its first line is the filter's, then come
// the list, whose height counts its column heads, and the details. Details
// below a short list get the room that it does not need.
func layoutFor(width, height, rows int, reading bool) layout {
	l := layout{listWidth: width, detailWidth: width, body: max(height-1, 0)}
	l.listHeight, l.detailLines = l.body, l.body
	switch {
	case width >= sideWidth:
		l.arrangement = beside
		l.detailWidth = min(max(width*3/8, 47), 90)
		l.listWidth = width - l.detailWidth - 3
	case width >= belowWidth && height >= belowHeight:
		l.arrangement = below
		l.listHeight = min(max(l.body*2/5, 6), max(rows, 3)+1)
		if reading { // the keys are in the details: they get the room
			l.listHeight = min(6, l.listHeight)
		}
		l.detailLines = l.body - l.listHeight - 1
	}
	return l
}

// besideLines draw a list with the details beside it.
func besideLines(t theme, l layout, list, detail []string, reading bool) []string {
	lines := filled(list, l.listWidth, l.body)
	rule := t.faint.Render(" │ ")
	if reading {
		rule = t.accent.Render(" │ ")
	}
	for i, line := range filled(detail, l.detailWidth, l.body) {
		lines[i] += rule + line
	}
	return lines
}

// ruleLine stands between a list and the details below it.
func ruleLine(t theme, width int, focused bool) string {
	if focused {
		return t.accent.Render(strings.Repeat("─", width))
	}
	return t.faint.Render(strings.Repeat("─", width))
}

// tooSmall says what the terminal lacks.
func tooSmall(t theme, width, height int) []string {
	words := "burrow needs 50 columns and 12 lines; this terminal has " + number(width) + " and " + number(height) + ". q quits."
	return append([]string{t.title.Render("burrow")}, wrapped(words, width)...)
}

// emptyLines say what to do first where there is nothing to show, and what may
// be wrong with the filter.
func emptyLines(t theme, wrong error, filtered, here bool, total, width int) []string {
	if filtered || total > 0 {
		words := "No run matches. The outbox holds " + counted(total, "run", "runs") + "."
		if wrong != nil {
			words = "No run matches: " + sentence(wrong.Error()) + " The outbox holds " + counted(total, "run", "runs") + "."
		}
		switch {
		case filtered:
			words += " Esc clears the filter."
		case here:
			words = "No run of this repository is in the outbox, which holds " + counted(total, "run", "runs") + ". A shows all."
		}
		return stepped(wrapped(words, width-6))
	}
	lines := []string{"", "   " + t.title.Render("The outbox is empty.")}
	lines = append(lines, stepped(wrapped("Run a benchmark, and its results come here first, then go to the server exactly once:", width-6))...)
	lines = append(lines, "", "   "+t.accent.Render(cut("burrow run go test -run '^$' -bench . ./...", width-3)), "")
	lines = append(lines, stepped(wrapped("In another terminal will do: this list shows what happens as it happens. Or press n to run one from here.", width-6))...)
	return lines
}

// stepped puts lines a step in from the edge.
func stepped(lines []string) []string {
	for i, line := range lines {
		lines[i] = "   " + line
	}
	return lines
}
