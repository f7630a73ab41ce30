package tui

import (
	"strings"
	"time"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// The smallest terminal that is drawn on, and where the layouts change.
const (
	leastWidth, leastHeight = 50, 12
	sideWidth               = 100 // from here on the details stand beside the list
	footerWidth             = 140 // the answer and the keys share a line
	belowWidth, belowHeight = 60, 18
)

// arrangement is where the details stand.
type arrangement int

const (
	onePage arrangement = iota // the list or the details
	below
	beside
)

// layout is how the screen is shared out.
type layout struct {
	arrangement             arrangement
	body                    int // lines between header and footer
	footer                  int
	listWidth, detailWidth  int
	listHeight, detailLines int
}

// layoutFor shares a screen out. Details below a short list get the room that
// it does not need. The list's height counts its column heads.
func layoutFor(width, height, runs int, reading bool) layout {
	l := layout{footer: 2, listWidth: width, detailWidth: width}
	if width >= footerWidth {
		l.footer = 1
	}
	l.body = height - 2 - l.footer
	l.listHeight, l.detailLines = l.body, l.body
	switch {
	case width >= sideWidth:
		l.arrangement = beside
		l.detailWidth = min(max(width*3/8, 47), 90)
		l.listWidth = width - l.detailWidth - 3
	case width >= belowWidth && height >= belowHeight:
		l.arrangement = below
		l.listHeight = min(max(l.body*2/5, 6), max(runs, 3)+1)
		if reading { // the keys are in the details: they get the room
			l.listHeight = min(6, l.listHeight)
		}
		l.detailLines = l.body - l.listHeight - 1
	}
	return l
}

// arrange shares the screen out, and asks for what the views lack: the history
// of the run that is shown, rows beyond the window, the next tick.
func (a *app) arrange() tea.Cmd {
	var commands []tea.Cmd
	a.layout = layoutFor(a.width, a.height, len(a.list.runs), a.focus == focusDetail)
	if a.list.selected() == nil {
		a.focus = focusList
	}
	a.list = a.list.sized(a.layout.listHeight - 1)
	if run := a.list.selected(); run != a.detail.run {
		a.detail = a.detail.show(run)
		commands = append(commands, a.recall())
	}
	a.detail = a.detail.made(a.theme, a.layout.detailWidth, a.layout.detailLines, a.now, a.delivery.On)
	if a.helping {
		a.help = a.help.filled(helpLines(a.theme, a.keys, a.width), a.layout.body)
	}
	if a.list.wantsMore() && !a.reading.underway && a.reading.trouble == "" {
		commands = append(commands, a.reload(goalSelected))
	}
	if !a.ticking && a.counting() {
		a.ticking = true
		commands = append(commands, a.work.after(time.Second, ticked{}))
	}
	return tea.Batch(commands...)
}

// counting tells whether anything on the screen changes with the second.
func (a *app) counting() bool {
	if a.outlook.next.After(a.now) || a.outlook.counts[outbox.Sending] > 0 || a.reach.asked && !a.reach.up && a.now.Sub(a.reach.since) < time.Minute {
		return true
	}
	for i := a.list.offset; i < min(a.list.offset+a.list.height, len(a.list.runs)); i++ {
		r := a.list.runs[i]
		if a.now.Sub(r.EnqueuedAt) < time.Minute || r.Status == outbox.Pending && r.NextAttemptAt.After(a.now) {
			return true
		}
	}
	return false
}

// View draws the frame: exactly as many lines as the screen has, each exactly
// as wide.
func (a *app) View() string {
	if a.width == 0 {
		return ""
	}
	var lines []string
	if a.width < leastWidth || a.height < leastHeight {
		lines = tooSmall(a.theme, a.width, a.height)
	} else {
		lines = append(lines, a.header(), a.filter.line(a.theme, a.width))
		lines = append(lines, filled(a.body(), a.width, a.layout.body)...)
		lines = append(lines, a.footer()...)
	}
	frame := strings.Join(filled(lines, a.width, a.height), "\n")
	if !a.theme.unicode {
		return ascii(frame)
	}
	return frame
}

func (a *app) header() string {
	runs := ""
	if a.reading.loaded {
		runs = " · " + counted(a.outlook.total(), "run", "runs")
		if _, filtered := a.filter.query(a.options.Query); filtered {
			runs += ", filtered"
		}
	}
	title := " " + a.theme.title.Render("burrow")
	if a.width >= belowWidth {
		title += "  Outbox"
	}
	title += a.theme.dim.Render(runs)
	return between(title, "  "+reachWords(a.theme, a.options.Host, a.reach, a.now)+" ", a.width)
}

func (a *app) body() []string {
	switch {
	case a.helping:
		return a.help.visible(a.theme, a.width)
	case !a.reading.loaded:
		return nil // for the milliseconds until the first page is there
	case len(a.list.runs) == 0:
		return emptyLines(a.theme, a.filter.set(), a.outlook.total(), a.width)
	}
	switch a.layout.arrangement {
	case beside:
		return a.bodyBeside()
	case below:
		return a.bodyBelow()
	case onePage:
	}
	if a.focus == focusDetail {
		return a.detail.visible(a.theme, a.width)
	}
	return a.list.lines(a.theme, a.width, a.now, true)
}

func (a *app) bodyBeside() []string {
	l := a.layout
	lines := filled(a.list.lines(a.theme, l.listWidth, a.now, a.focus == focusList), l.listWidth, l.body)
	rule := a.theme.faint.Render(" │ ")
	if a.focus == focusDetail {
		rule = a.theme.accent.Render(" │ ")
	}
	for i, line := range filled(a.detail.visible(a.theme, l.detailWidth), l.detailWidth, l.body) {
		lines[i] += rule + line
	}
	return lines
}

func (a *app) bodyBelow() []string {
	l := a.layout
	lines := filled(a.list.lines(a.theme, a.width, a.now, a.focus == focusList), a.width, l.listHeight)
	rule := a.theme.faint
	if a.focus == focusDetail {
		rule = a.theme.accent
	}
	lines = append(lines, rule.Render(strings.Repeat("─", a.width)))
	return append(lines, a.detail.visible(a.theme, a.width)...)
}

// tooSmall says what the terminal lacks.
func tooSmall(t theme, width, height int) []string {
	words := "burrow needs 50 columns and 12 lines; this terminal has " + number(width) + " and " + number(height) + ". q quits."
	return append([]string{t.title.Render("burrow")}, wrapped(words, width)...)
}

// emptyLines say what to do first where there is nothing to show.
func emptyLines(t theme, filtered bool, total, width int) []string {
	if filtered || total > 0 {
		words := "No run matches. The outbox holds " + counted(total, "run", "runs") + "."
		if filtered {
			words += " Esc clears the filter."
		}
		return indentedBy(wrapped(words, width-6), "   ")
	}
	lines := []string{"", "   " + t.title.Render("The outbox is empty.")}
	lines = append(lines, indentedBy(wrapped("Run a benchmark, and its results come here first, then go to the server exactly once:", width-6), "   ")...)
	lines = append(lines, "", "   "+t.accent.Render(cut("burrow run go test -run '^$' -bench . ./...", width-3)), "")
	lines = append(lines, indentedBy(wrapped("In another terminal will do: this list shows what happens as it happens.", width-6), "   ")...)
	return lines
}

func indentedBy(lines []string, indent string) []string {
	for i, line := range lines {
		lines[i] = indent + line
	}
	return lines
}
