package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// namesWidth is from where on the header has all views' names.
const namesWidth = 80

// header draws the views' names, what the open one shows, and the host.
func (a *app) header() string {
	start := " " + a.theme.title.Render("burrow") + a.viewNames()
	end := a.hostEnd(a.width - ansi.StringWidth(start))
	if words := a.view().summary(); words != "" && !a.tight {
		words = "  · " + words
		if marked := a.outbox.markWords(); marked != "" && a.view() == a.outbox { // it is never left out
			end = a.hostEnd(a.width - ansi.StringWidth(start) - ansi.StringWidth("  · "+marked+" …"))
		}
		if room := a.width - ansi.StringWidth(start) - ansi.StringWidth(end); room >= min(ansi.StringWidth(words), 12) {
			start += a.theme.dim.Render(words)
		}
	}
	return between(start, end, a.width)
}

// hostEnd is the header's end: the host and whether it answers, as much as there
// is room for. Which view is open is never left out for it.
func (a *app) hostEnd(room int) string {
	for _, words := range []string{reachWords(a.theme, a.options.Host, a.reach, a.now), reachSign(a.theme, a.reach)} {
		if end := "  " + words + " "; words != "" && ansi.StringWidth(end) <= room {
			return end
		}
	}
	return ""
}

// isTight tells whether the header has all names, and so no room for what the
// open view shows.
func (a *app) isTight() bool {
	if a.width < sideWidth {
		return a.width >= namesWidth
	}
	taken := ansi.StringWidth(" burrow"+a.viewNames()+reachWords(a.theme, a.options.Host, a.reach, a.now)) + len("  ") + len(" ")
	return taken+ansi.StringWidth("  · "+a.view().summary()) > a.width
}

// viewNames are the views with their keys; a narrow screen has the open one's
// name only.
func (a *app) viewNames() string {
	if a.width < namesWidth {
		return "  " + a.theme.tab.Render(fmt.Sprintf("%d %s", a.current+1, a.view().name()))
	}
	var out strings.Builder
	for i, v := range a.views {
		ink := a.theme.dim
		if i == a.current {
			ink = a.theme.tab
		}
		out.WriteString("  " + ink.Render(fmt.Sprintf("%d %s", i+1, v.name())))
	}
	return out.String()
}

// viewAt is the view whose name stands at a column of the header, or -1.
func (a *app) viewAt(x int) int {
	if a.width < namesWidth {
		return -1
	}
	at := 1 + len("burrow")
	for i, v := range a.views {
		at += 2
		end := at + ansi.StringWidth(v.name()) + 2
		if x >= at && x < end {
			return i
		}
		at = end
	}
	return -1
}
