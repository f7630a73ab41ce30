package tui

import tea "github.com/charmbracelet/bubbletea"

// wheelRows is how far one notch of the wheel goes.
const wheelRows = 3

// mouseMoved takes the mouse to what lies under it. Questions and overlays are
// for keys.
func (a *app) mouseMoved(m tea.MouseMsg) tea.Cmd {
	if m.Action != tea.MouseActionPress || a.menu != nil || a.form != nil || a.picker != nil {
		return nil
	}
	rows := 0
	switch m.Button {
	case tea.MouseButtonWheelUp:
		rows = -wheelRows
	case tea.MouseButtonWheelDown:
		rows = wheelRows
	case tea.MouseButtonLeft:
	default:
		return nil
	}
	x, y := m.X, m.Y-headerLines
	switch {
	case a.helping && rows != 0:
		a.help = a.help.move(rows)
	case a.helping:
		a.helping = false
	case y < 0 && rows == 0:
		if i := a.viewAt(x); i >= 0 {
			return a.turn(i)
		}
	case y < 0 || y >= a.room.body:
	case rows != 0:
		return a.view().wheel(x, y, rows)
	default:
		return a.view().click(x, y)
	}
	return nil
}

// toggleMouse gives the mouse to burrow, or back to the terminal, which selects
// text with it.
func (a *app) toggleMouse() tea.Cmd {
	a.mouse = !a.mouse
	if a.mouse {
		return tea.Batch(tea.EnableMouseCellMotion, a.say("the mouse is burrow's; "+a.keys.Mouse.Help().Key+" gives it back", false))
	}
	return tea.Batch(tea.DisableMouse, a.say("the mouse is the terminal's: it selects text", false))
}

// over tells which part of a view lies at a cell of its room: the list with its
// row there, or the details with their line.
func (l layout) over(x, y int, focus focus) (part focus, line int) {
	y-- // the view's own first line
	switch {
	case l.arrangement == beside && x >= l.listWidth:
		return focusDetail, y
	case l.arrangement == below && y >= l.listHeight:
		return focusDetail, y - l.listHeight - 1
	case l.arrangement == onePage && focus == focusDetail:
		return focusDetail, y
	}
	return focusList, y - 1 // below the column heads
}

func (p *outboxPage) click(x, y int) tea.Cmd {
	if len(p.list.runs) == 0 {
		return nil
	}
	part, line := p.layout.over(x, y, p.focus)
	p.focus = part
	if part == focusList {
		if i := p.list.offset + line; line >= 0 && line < p.list.height && i < len(p.list.runs) {
			p.list = p.list.move(i - p.list.index)
		}
		return nil
	}
	left := 0
	if p.layout.arrangement == beside {
		left = p.layout.listWidth + 3
	}
	if at := p.detail.offset + line; line >= 0 && at < len(p.detail.lines) && at == p.detail.tabsAt {
		if to := tabAt(x - left); to >= 0 {
			return p.turnTab(to)
		}
	}
	return nil
}

func (p *outboxPage) wheel(x, y, rows int) tea.Cmd {
	if part, _ := p.layout.over(x, y, p.focus); part == focusDetail {
		p.detail.pager = p.detail.move(rows)
		return nil
	}
	p.list = p.list.move(rows)
	return nil
}
