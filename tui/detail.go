package tui

import (
	"time"

	"burrow/outbox"

	"github.com/google/uuid"
)

// detailView shows one run: what happened in plain words, then the open tab.
// Its lines are made when what they show changes; drawing only cuts the part
// that is on the screen.
type detailView struct {
	run    *outbox.Run
	tab    tab
	loaded [tabCount]*detailsLoaded // of the run that is shown
	folded bool                     // long values of the request are
	keys   keyNames
	stand  madeFor
	still  stillMade
	tabsAt int // the line that the tabs' names stand on

	pager
}

// madeFor is what the lines were made for.
type madeFor struct {
	run           *outbox.Run
	tab           tab
	loaded        *detailsLoaded
	width, second int64
	on, folded    bool
}

// stillMade is an open tab in which no time passes, with what it was made for: a
// large request takes tenths of a second to draw.
type stillMade struct {
	loaded *detailsLoaded
	tab    tab
	width  int
	folded bool
	lines  []string
}

func newDetailView(k keyNames) detailView { return detailView{folded: true, keys: k} }

// show turns to a run; what its tabs need comes later.
func (v detailView) show(r *outbox.Run) detailView {
	if r == nil || v.run == nil || r.ID != v.run.ID {
		v.offset = 0
		v.loaded = [tabCount]*detailsLoaded{}
	}
	v.run = r
	return v
}

// turned opens another tab.
func (v detailView) turned(to tab) detailView {
	v.tab, v.offset = (to+tabCount)%tabCount, 0
	return v
}

// wants is what the open tab is made of.
func (v detailView) wants() need { return need{v.run, v.tab} }

// has tells whether what was asked for is what is shown.
func (v detailView) has(n need) bool { return n.id() == v.run.ID && n.tab == v.tab }

// stands tells whether what the open tab is made of was read and can't have
// changed since: frozen bytes never do, a report only where the run has another.
func (v detailView) stands() bool {
	loaded := v.loaded[v.tab]
	if loaded == nil || v.tab == tabOverview || v.tab == tabHistory {
		return false
	}
	return v.tab != tabReport || reportOf(loaded.need.run) == reportOf(v.run)
}

func reportOf(r *outbox.Run) uuid.UUID {
	if r.Report == nil {
		return uuid.Nil
	}
	return r.Report.UUID
}

// forgotten is for reading everything again.
func (v detailView) forgotten() detailView {
	v.loaded = [tabCount]*detailsLoaded{}
	return v
}

// recall takes in what a tab needs, unless another run is shown by now.
func (v detailView) recall(m detailsLoaded) detailView {
	if v.run == nil || v.run.ID != m.need.id() {
		return v
	}
	v.loaded[m.need.tab] = &m
	if m.need.tab == tabOverview || m.need.tab == tabHistory { // they read the same
		v.loaded[tabOverview], v.loaded[tabHistory] = &m, &m
	}
	return v
}

// made draws the lines for a size and a moment, unless they stand.
func (v detailView) made(t theme, width, height int, now time.Time, on bool) detailView {
	is := madeFor{v.run, v.tab, v.loaded[v.tab], int64(width), now.Unix(), on, v.folded}
	if is != v.stand {
		v.stand, v.lines = is, nil
		if v.run != nil && width > 0 {
			v.still = v.stilled(t, width)
			v.lines, v.tabsAt = detailLines(t, v, now, on, width)
		}
	}
	v.pager = v.filled(v.lines, height)
	return v
}

// stilled draws the open tab where no time passes in it, unless it stands.
func (v detailView) stilled(t theme, width int) stillMade {
	loaded := v.loaded[v.tab]
	is := stillMade{loaded: loaded, tab: v.tab, width: width, folded: v.folded}
	if loaded == nil || v.tab != tabResults && v.tab != tabRequest {
		return stillMade{}
	}
	if s := v.still; s.loaded == is.loaded && s.tab == is.tab && s.width == is.width && s.folded == is.folded {
		return s
	}
	if v.tab == tabResults {
		is.lines = resultLines(t, loaded, width)
	} else {
		is.lines = requestLines(t, loaded.body, v.folded, v.keys.fold, width)
	}
	return is
}

// detailLines draws the whole of a run's details.
func detailLines(t theme, v detailView, now time.Time, on bool, width int) (lines []string, tabsAt int) {
	r := v.run
	told := accountOf(v.keys, r, now, on)
	lines = []string{cut(" "+t.bold.Render(t.status(r).Render(Sign(r.Status)+" "+told.title))+t.dim.Render("  "+subject(r)), width)}
	if v.tab == tabOverview || v.tab == tabHistory {
		for _, line := range wrapped(told.what, width-4) {
			lines = append(lines, "   "+line)
		}
		for _, line := range wrapped(told.next, width-4) {
			lines = append(lines, "   "+t.accent.Render(line))
		}
	}
	lines = append(lines, "", tabLine(t, v.tab, width), "")
	return append(lines, tabLines(t, v, now, width)...), len(lines) - 2
}

// tabLines draw the open tab.
func tabLines(t theme, v detailView, now time.Time, width int) []string {
	loaded := v.loaded[v.tab]
	switch {
	case v.tab == tabOverview:
		return overviewLines(t, v.keys, v.run, loaded, now, width)
	case loaded == nil:
		return []string{t.dim.Render("   reading…")}
	}
	switch v.tab {
	case tabHistory:
		return historyLines(t, v.run, loaded.attempts, now, width)
	case tabResults, tabRequest:
		return v.still.lines
	case tabReport:
		return reportTabLines(t, v.run, loaded, now, width)
	case tabOverview, tabCount:
	}
	return nil
}

// mostRecent is how many attempts the overview has.
const mostRecent = 6

func overviewLines(t theme, k keyNames, r *outbox.Run, loaded *detailsLoaded, now time.Time, width int) []string {
	short, long := factLines(t, facts(r, now), width)
	lines := append(short, "", " "+t.dim.Render("HISTORY"))
	if loaded != nil {
		attempts := loaded.attempts
		if earlier := len(attempts) - mostRecent; earlier > 1 {
			attempts = attempts[earlier:]
			lines = append(lines, "   "+t.dim.Render(cut(counted(earlier, "earlier line", "earlier lines")+": "+k.nextTab+" opens the whole history", width-3)))
		}
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
