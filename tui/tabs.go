package tui

import (
	"strings"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/uuid"
)

// tab is a part of a run's details.
type tab int

const (
	tabOverview tab = iota
	tabHistory
	tabResults
	tabRequest
	tabReport
	tabCount
)

func (t tab) String() string {
	return [...]string{"Overview", "History", "Results", "Request", "Report"}[t]
}

// tabLine draws the tabs' names, the open one marked; where they don't fit,
// the open one with its neighbours' directions.
func tabLine(t theme, open tab, width int) string {
	var names []string
	for one := range tabCount {
		if one == open {
			names = append(names, t.tab.Render(one.String()))
		} else {
			names = append(names, t.dim.Render(one.String()))
		}
	}
	if line := " " + strings.Join(names, "  "); ansi.StringWidth(line) <= width {
		return line
	}
	return cut(" "+t.dim.Render("[ ")+t.tab.Render(open.String())+t.dim.Render(" ]"), width)
}

// tabAt is the tab whose name stands at a column of the line, or -1.
func tabAt(x int) tab {
	at := 1
	for one := range tabCount {
		end := at + len(one.String())
		if x >= at && x < end {
			return one
		}
		at = end + 2
	}
	return -1
}

// need is what a tab of a run's details is made of.
type need struct {
	run *outbox.Run
	tab tab
}

func (n need) id() uuid.UUID {
	if n.run == nil {
		return uuid.Nil
	}
	return n.run.ID
}

// detailsLoaded: what a tab needs was read.
type detailsLoaded struct {
	need     need
	attempts []outbox.Attempt
	results  []resultRow
	unread   string // why there are no results to show
	body     []byte
	report   *client.Report
	source   client.Source
	err      error
}
