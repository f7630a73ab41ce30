package tui

import (
	"context"
	"errors"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// app is the root model: it routes messages to the views and lays them out.
type app struct {
	options Options
	work    *work
	theme   theme
	keys    keyMap

	width, height int
	now           time.Time // of the last message: drawing reads no clock
	layout        layout
	focus         focus

	list     outboxView
	detail   detailView
	filter   filterView
	helping  bool
	help     pager
	asking   *outbox.Run // the run that the question "cancel it?" is about
	notice   notice
	outlook  outlook
	reach    reach
	delivery Delivery

	reading reading
	changes <-chan struct{}
	pings   int  // generation of the question to the host
	ticking bool // a tick is on its way
}

// focus is where the moving keys go.
type focus int

const (
	focusList focus = iota
	focusDetail
)

// notice is one line about what was done; the next key clears it.
type notice struct {
	words string
	bad   bool
}

func newApp(o Options, w *work, t theme) *app {
	return &app{options: o, work: w, theme: t, keys: newKeyMap(), now: o.Now(), filter: newFilterView(), outlook: newOutlook(nil)}
}

// Init begins to watch, and to read only then, so that no change falls in
// between.
func (a *app) Init() tea.Cmd {
	return tea.Batch(watch(a.work, a.options.Store), askHost(a.work, a.options, a.pings))
}

// Update takes a message in, then lays everything out anew.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	a.now = a.options.Now()
	command := a.route(msg)
	return a, tea.Batch(command, a.arrange())
}

func (a *app) route(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = m.Width, m.Height
	case tea.KeyMsg:
		return a.pressAll(m)
	case watching:
		a.changes = m.changes
		return tea.Batch(waitForChange(a.work, a.changes), a.reload(goalSelected))
	case outboxChanged:
		return tea.Batch(waitForChange(a.work, a.changes), a.reload(goalSelected))
	case outboxLoaded:
		return a.take(m)
	case rested:
		a.reading.underway = false
		if a.reading.stale {
			return a.reload(goalSelected)
		}
	case historyLoaded:
		return a.remember(m)
	case acted:
		a.notice = noticeOf(m)
		return a.reload(goalSelected)
	case hostAnswered:
		if m.generation == a.pings {
			a.reach = a.reach.heard(m, a.now)
			return a.work.after(pingInterval, pulsed{a.pings})
		}
	case pulsed:
		if m.generation == a.pings {
			a.delivery = a.options.Delivery()
			return askHost(a.work, a.options, a.pings)
		}
	case ticked:
		a.ticking = false
	}
	return nil
}

// reading is how far the reading of the outbox is. One load runs at a time: a
// burst of changes becomes one more.
type reading struct {
	underway   bool // a load runs, or rests after it
	stale      bool // something changed since it began
	goal       goal // of the next load
	generation int  // a load for an older filter is dropped
	loaded     bool // something was read at all
	history    bool // a history is being read
	trouble    string
}

// restFactor bounds the share of time that is spent reading: after a load the
// next one waits for so many times as long as it took. It matters where a
// filter has to walk through a large outbox.
const restFactor = 3

// retryRead is how soon an outbox that can't be read is tried again.
const retryRead = time.Second

func (a *app) reload(to goal) tea.Cmd {
	if to != goalSelected {
		a.reading.goal = to
	}
	if a.reading.underway {
		a.reading.stale = true
		return nil
	}
	query, _ := a.filter.query(a.options.Query)
	l := loading{generation: a.reading.generation, query: query, goal: a.reading.goal}
	if run := a.list.selected(); run != nil {
		l.seq = run.Seq
	}
	a.reading.underway, a.reading.stale, a.reading.goal = true, false, goalSelected
	return loadOutbox(a.work, a.options, l)
}

// take takes in what was read.
func (a *app) take(m outboxLoaded) tea.Cmd {
	a.delivery = m.delivery
	switch {
	case m.generation != a.reading.generation:
		a.reading.underway = false
		return a.reload(goalSelected)
	case m.err != nil:
		a.reading.trouble, a.reading.stale = client.Plain(m.err.Error(), 0), true
		return a.work.after(retryRead, rested{})
	}
	a.reading.trouble, a.reading.loaded = "", true
	a.outlook = m.outlook
	a.list = a.list.show(m.window, m.goal)
	a.detail = a.detail.show(a.list.selected())
	return tea.Batch(a.work.after(restFactor*m.lasted, rested{}), a.recall())
}

// recall reads the history of the run that is shown.
func (a *app) recall() tea.Cmd {
	if a.detail.run == nil || a.reading.history {
		return nil
	}
	a.reading.history = true
	return loadHistory(a.work, a.options.Store, a.detail.run.ID)
}

// remember takes a history in; where another run is shown by now, that one's
// is read next.
func (a *app) remember(m historyLoaded) tea.Cmd {
	a.reading.history = false
	if m.err != nil && !errors.Is(m.err, outbox.ErrNotFound) && !errors.Is(m.err, context.Canceled) {
		a.notice = notice{plain(m.err.Error()), true}
		return nil
	}
	a.detail = a.detail.recall(m.run, m.attempts)
	if a.detail.run != nil && a.detail.run.ID != m.run {
		return a.recall()
	}
	return nil
}

func noticeOf(m acted) notice {
	var notNow *outbox.NotNowError
	switch {
	case errors.As(m.err, &notNow):
		return notice{"run " + tail(notNow.Run.ID) + ": " + plain(notNow.Why), true}
	case m.err != nil:
		return notice{plain(m.err.Error()), true}
	}
	return notice{words: m.words}
}
