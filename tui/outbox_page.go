package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// outboxPage is the view of the runs: a list, and one run's details.
type outboxPage struct {
	*shell

	layout   layout
	focus    focus
	list     runList
	detail   detailView
	filter   filterView
	marks    marks
	marking  bool // runs are being read to be marked
	markings int  // how often that began
	here     bool // only this repository's runs
	// oldestFirst is how the list is sorted.
	oldestFirst bool
	outlook     outlook
	holds       []outbox.Hold // what a person paused

	reading reading
	changes <-chan struct{}
}

// focus is where the moving keys go.
type focus int

const (
	focusList focus = iota
	focusDetail
)

func newOutboxPage(s *shell) *outboxPage {
	return &outboxPage{
		shell: s, filter: newFilterView(), outlook: newOutlook(nil), marks: marks{},
		here: s.options.Repository != "", detail: newDetailView(s.keys.names()),
	}
}

func (p *outboxPage) name() string { return "Outbox" }

func (p *outboxPage) typing() bool { return p.filter.typing }

func (p *outboxPage) entered() tea.Cmd { return nil }

// base is what the list shows without a filter.
func (p *outboxPage) base() outbox.Query {
	q := p.options.Query
	q.Statuses, q.Words = slices.Clip(q.Statuses), slices.Clip(q.Words)
	if p.here {
		q.Repository = p.options.Repository
	}
	return q
}

// take takes in what commands bring.
func (p *outboxPage) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case watching:
		p.changes = m.changes
		return tea.Batch(waitForChange(p.work, p.changes), p.reload(goalSelected))
	case outboxChanged:
		p.reading.surveyed = false
		return tea.Batch(waitForChange(p.work, p.changes), p.reload(goalSelected))
	case outboxLoaded:
		return p.show(m)
	case surveyed:
		return p.answer(m)
	case rested:
		p.reading.underway = false
		if p.reading.stale {
			return p.reload(goalSelected)
		}
	case detailsLoaded:
		return p.recalled(m)
	case acted:
		return p.did(m)
	case undone:
		if m.err != nil {
			return tea.Batch(p.fail(m.err), p.reload(goalSelected))
		}
		return tea.Batch(p.say(m.words, false), p.reload(goalSelected))
	case runWanted:
		return p.goTo(m.run)
	case listedRead:
		return p.mark(m)
	case chosenRead:
		return p.goOn(m)
	case holdsFound:
		return p.chooseHold(m)
	case problemFound:
		return p.goToProblem(m)
	}
	return nil
}

// reading is how far the reading of the outbox is. One load runs at a time: a
// burst of changes becomes one more.
type reading struct {
	underway   bool // a load runs, or rests after it
	stale      bool // something changed since it began
	goal       goal // of the next load
	seq        uint64
	generation int  // a load for an older filter is dropped
	loaded     bool // something was read at all
	brief      bool // the next load is the first for a filter: a screen of it will do
	details    bool // details are being read
	lasted     time.Duration
	answered   bool // the answer to "am I done?" is known
	surveyed   bool // the answer to "am I done?" is as new as the file: a filter changes none of it
	trouble    string
}

// restFactor bounds the share of time that is spent reading: after a load the
// next one waits for so many times as long as it took. It matters where a
// filter has to walk through a large outbox.
const restFactor = 3

// retryRead is how soon an outbox that can't be read is tried again.
const retryRead = time.Second

func (p *outboxPage) reload(to goal) tea.Cmd {
	if to != goalSelected {
		p.reading.goal = to
	}
	if p.reading.underway {
		p.reading.stale = true
		return nil
	}
	query, _ := p.filter.query(p.base())
	l := loading{generation: p.reading.generation, query: query, goal: p.reading.goal, reach: p.list.reach(), oldestFirst: p.oldestFirst}
	if p.reading.brief {
		l.reach = max(p.list.height, 20)
	}
	switch run := p.list.selected(); {
	case p.reading.goal == goalRun:
		l.seq = p.reading.seq
	case run != nil:
		l.seq = run.Seq
	case p.reading.goal == goalSelected: // nothing is: the list begins where it begins
		l.goal, _ = p.ends()
	}
	p.reading.underway, p.reading.stale, p.reading.goal, p.reading.brief = true, false, goalSelected, false
	return loadOutbox(p.work, p.options, l)
}

// show takes in what was read.
func (p *outboxPage) show(m outboxLoaded) tea.Cmd {
	p.delivery = m.delivery
	switch {
	case m.generation != p.reading.generation:
		p.reading.underway = false
		return p.reload(goalSelected)
	case m.err != nil:
		p.reading.trouble, p.reading.stale, p.reading.surveyed = client.Plain(m.err.Error(), 0), true, false
		return p.work.after(retryRead, rested{})
	}
	first, before := !p.reading.loaded, p.outlook.counts
	p.reading.trouble, p.reading.loaded = "", true
	p.holds = m.holds
	p.outlook.counts = m.window.counts // the survey's are older
	bell := p.ring(before, first)
	if p.here && first && len(m.window.runs) == 0 && p.outlook.total() > 0 {
		p.here = false // this repository has none yet: show what there is
		return tea.Batch(bell, p.work.after(0, rested{}), p.refilter(goalNewest))
	}
	if query, _ := p.filter.query(p.base()); len(m.window.runs) == 0 && p.filter.set() && !p.filter.alike && len(query.Words) > 0 && query.UnknownField() == nil {
		p.filter.alike = true
		first, _ := p.ends()
		return tea.Batch(bell, p.work.after(0, rested{}), p.refilter(first))
	}
	p.marks.renew(m.window.runs)
	p.list = p.list.show(m.window, m.goal, m.seq)
	p.detail = p.detail.show(p.list.selected())
	if p.reading.surveyed {
		return tea.Batch(bell, p.work.after(restFactor*m.lasted, rested{}), p.recall())
	}
	p.reading.surveyed, p.reading.lasted = true, m.lasted
	return tea.Batch(bell, surveyOutbox(p.work, p.options.Store, m.window.counts, m.holds), p.recall())
}

// answer takes the answer to "am I done?" in.
func (p *outboxPage) answer(m surveyed) tea.Cmd {
	rest := p.work.after(restFactor*(p.reading.lasted+m.lasted), rested{})
	if m.err != nil {
		p.reading.trouble, p.reading.stale, p.reading.surveyed = client.Plain(m.err.Error(), 0), true, false
		return p.work.after(retryRead, rested{})
	}
	counts := p.outlook.counts // of the newest load
	p.outlook, p.reading.answered = m.outlook, true
	p.outlook.counts = counts
	return rest
}

// ring rings the terminal's bell for a run that was rejected, where the
// configuration asks for it.
func (p *outboxPage) ring(before outbox.Counts, first bool) tea.Cmd {
	if !p.options.Bell || first || p.outlook.counts[outbox.Rejected] <= before[outbox.Rejected] {
		return nil
	}
	return p.write("\a")
}

// recall reads what the details of the run that is shown need.
func (p *outboxPage) recall() tea.Cmd {
	if p.detail.run == nil || p.reading.details || p.detail.stands() {
		return nil
	}
	p.reading.details = true
	return loadDetails(p.work, p.options, p.detail.wants())
}

// recalled takes details in; where another run or tab is shown by now, that
// one's are read next.
func (p *outboxPage) recalled(m detailsLoaded) tea.Cmd {
	p.reading.details = false
	var told tea.Cmd
	if m.err != nil && !errors.Is(m.err, outbox.ErrNotFound) && !errors.Is(m.err, context.Canceled) {
		told = p.fail(m.err)
	} else {
		p.detail = p.detail.recall(m)
	}
	if p.detail.run != nil && !p.detail.has(m.need) {
		return tea.Batch(told, p.recall())
	}
	return told
}

// arrange shares the room out, and asks for what the view lacks: the details
// of the run that is shown, rows beyond the window.
func (p *outboxPage) arrange(width, height int) tea.Cmd {
	var commands []tea.Cmd
	p.layout = layoutFor(width, height, len(p.list.runs), p.focus == focusDetail)
	if p.list.selected() == nil {
		p.focus = focusList
	}
	p.list = p.list.sized(p.layout.listHeight - 1)
	if run := p.list.selected(); run != p.detail.run {
		p.detail = p.detail.show(run)
		commands = append(commands, p.recall())
	}
	p.detail = p.detail.made(p.theme, p.layout.detailWidth, p.layout.detailLines, p.now, p.delivery.On)
	if p.list.wantsMore() && !p.reading.underway && p.reading.trouble == "" {
		commands = append(commands, p.reload(goalSelected))
	}
	return tea.Batch(commands...)
}

// counting tells whether anything on the screen changes with the second.
func (p *outboxPage) counting() bool {
	if p.outlook.next.After(p.now) || p.outlook.counts[outbox.Sending] > 0 {
		return true
	}
	for i := p.list.offset; i < min(p.list.offset+p.list.height, len(p.list.runs)); i++ {
		r := p.list.runs[i]
		if p.now.Sub(r.EnqueuedAt) < time.Minute || r.Status == outbox.Pending && r.NextAttemptAt.After(p.now) {
			return true
		}
	}
	return false
}

func (p *outboxPage) summary() string {
	marked, counts := p.markWords(), p.countWords()
	if marked != "" {
		return marked + " · " + counts
	}
	return counts
}

func (p *outboxPage) markWords() string {
	if len(p.marks) == 0 {
		return ""
	}
	return number(len(p.marks)) + " marked"
}

// countWords say how many runs there are, and how many of them are listed where
// the window has them all: nobody counts them for it.
func (p *outboxPage) countWords() string {
	if !p.reading.loaded {
		return ""
	}
	total := counted(p.outlook.total(), "run", "runs")
	words, whole := total, !p.list.newer && !p.list.older
	_, filtered := p.filter.query(p.options.Query)
	switch {
	case (filtered || p.here) && whole:
		words = number(len(p.list.runs)) + " of " + total
	case filtered:
		words = "filtered, of " + total
	}
	if p.here && !filtered {
		words += ", this repository's"
		if !whole {
			words += " shown"
		}
	}
	if p.oldestFirst {
		words += ", oldest first"
	}
	return words
}

func (p *outboxPage) lines(width, height int) []string {
	marked, summary := "", ""
	if p.tight {
		marked, summary = p.markWords(), p.countWords()
	}
	lines := p.linesBelow(left(p.filter.line(p.theme, marked, summary, width), width), width, height)
	for i, why := range p.filter.whyLines(p.theme, lines[0], width) {
		if 1+i < len(lines) {
			lines[1+i] = why
		}
	}
	return lines
}

// linesBelow are the view's lines below its first one, and that one.
func (p *outboxPage) linesBelow(first string, width, height int) []string {
	if p.reading.loaded && len(p.list.runs) > 0 && p.layout.arrangement == beside {
		return append([]string{first}, besideLines(p.theme, p.layout, p.rowsDrawn(p.layout.listWidth, p.focus == focusList), p.detail.visible(p.theme, p.layout.detailWidth), p.focus == focusDetail)...)
	}
	return append([]string{first}, filled(p.body(width), width, height-1)...)
}

func (p *outboxPage) body(width int) []string {
	switch {
	case !p.reading.loaded:
		return nil // for the milliseconds until the first page is there
	case len(p.list.runs) == 0:
		query, _ := p.filter.query(p.base())
		return emptyLines(p.theme, query.UnknownField(), p.filter.set(), p.here, p.outlook.total(), width)
	}
	if p.layout.arrangement == below {
		return p.bodyBelow(width)
	}
	if p.focus == focusDetail {
		return p.detail.visible(p.theme, width)
	}
	return p.rowsDrawn(width, true)
}

func (p *outboxPage) rowsDrawn(width int, focused bool) []string {
	return p.list.lines(p.theme, width, p.now, focused, p.marks)
}

func (p *outboxPage) bodyBelow(width int) []string {
	l := p.layout
	lines := p.rowsDrawn(width, p.focus == focusList)
	for len(lines) < l.listHeight {
		lines = append(lines, "")
	}
	lines = append(lines, ruleLine(p.theme, width, p.focus == focusDetail))
	return append(lines, p.detail.visible(p.theme, width)...)
}
