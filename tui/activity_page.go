package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
)

// activityPage shows the attempts of all runs as they happen, newest first.
type activityPage struct {
	*shell

	events   []event
	loaded   bool
	trouble  string
	underway bool // a load runs, or rests after it
	stale    bool
	seen     bool // it is, or was, in sight: only then it is read
	cursor   cursor
	height   int
}

// event is an attempt with the run that it is of.
type event struct {
	outbox.Attempt
	run *outbox.Run
}

// mostEvents is how far back the activity goes.
const mostEvents = 500

// activityLoaded: the newest attempts were read.
type activityLoaded struct {
	events []event
	err    error
	lasted time.Duration
}

// activityRested: the next load may begin.
type activityRested struct{}

func newActivityPage(s *shell) *activityPage { return &activityPage{shell: s} }

func (p *activityPage) name() string    { return "Activity" }
func (p *activityPage) typing() bool    { return false }
func (p *activityPage) scopes() []scope { return p.keys.activityScopes() }

func (p *activityPage) entered() tea.Cmd {
	p.seen = true
	return p.reload()
}

func (p *activityPage) reload() tea.Cmd {
	if !p.seen {
		return nil
	}
	if p.underway {
		p.stale = true
		return nil
	}
	p.underway, p.stale = true, false
	s := p.options.Store
	return p.work.do(func(ctx context.Context) tea.Msg {
		started := time.Now()
		events, err := readEvents(ctx, s)
		return activityLoaded{events, err, time.Since(started)}
	})
}

// readEvents reads the newest attempts and their runs. Where a run is deleted
// between the two, both are read again.
func readEvents(ctx context.Context, s *outbox.Store) (events []event, err error) {
	for range 3 {
		if events, err = readEventsOnce(ctx, s); !errors.Is(err, outbox.ErrNotFound) {
			break
		}
	}
	return events, err
}

func readEventsOnce(ctx context.Context, s *outbox.Store) ([]event, error) {
	attempts, err := s.Activity(ctx, mostEvents)
	if err != nil {
		return nil, err
	}
	index := map[uuid.UUID]int{}
	var ids []uuid.UUID
	for _, a := range attempts {
		if _, known := index[a.Run]; !known {
			index[a.Run] = len(ids)
			ids = append(ids, a.Run)
		}
	}
	runs, err := s.GetAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	events := make([]event, len(attempts))
	for i, a := range attempts { // newest first
		events[len(events)-1-i] = event{a, runs[index[a.Run]]}
	}
	return events, nil
}

func (p *activityPage) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case outboxChanged:
		return p.reload()
	case activityRested:
		p.underway = false
		if p.stale {
			return p.reload()
		}
	case activityLoaded:
		if p.trouble = ""; m.err != nil {
			p.trouble, p.stale = m.err.Error(), true
			return p.work.after(retryRead, activityRested{})
		}
		p.show(m.events)
		return p.work.after(restFactor*m.lasted, activityRested{})
	}
	return nil
}

// show puts newer events in place. The cursor stays on its attempt, unless it
// is at the top, where new ones must come into sight.
func (p *activityPage) show(events []event) {
	before, line := p.selected(), p.cursor.index-p.cursor.offset
	p.events, p.loaded = events, true
	if before == nil || p.cursor.index == 0 {
		p.cursor = cursor{}
		return
	}
	for i := range events {
		if events[i].Run == before.Run && events[i].Number == before.Number {
			p.cursor = cursor{i, i - line}
			return
		}
	}
}

func (p *activityPage) selected() *event {
	if p.cursor.index < 0 || p.cursor.index >= len(p.events) {
		return nil
	}
	return &p.events[p.cursor.index]
}

func (p *activityPage) press(m tea.KeyMsg) tea.Cmd {
	if key.Matches(m, p.keys.Open) {
		return p.open()
	}
	p.cursor.index += p.rows(m, p.height, len(p.events))
	return nil
}

// open goes to the run of the selected attempt.
func (p *activityPage) open() tea.Cmd {
	e := p.selected()
	if e == nil {
		return nil
	}
	run := e.run
	return func() tea.Msg { return runWanted{run} }
}

func (p *activityPage) arrange(_, height int) tea.Cmd {
	p.height = max(height-2, 1)
	p.cursor = p.cursor.fitted(len(p.events), p.height)
	return nil
}

func (p *activityPage) counting() bool { return false }

func (p *activityPage) summary() string {
	switch {
	case !p.loaded:
		return ""
	case len(p.events) == mostEvents:
		return "the newest " + number(mostEvents) + " attempts"
	}
	return counted(len(p.events), "attempt", "attempts")
}

func (p *activityPage) hints() []hint {
	k := p.keys
	return []hint{hintOf(k.Open, "its run"), hintOf(k.Palette, "actions"), hintOf(k.Quit, "quit"), hintOf(k.Help, "help")}
}

func (p *activityPage) lines(width, height int) []string {
	return filled(p.drawn(width), width, height)
}

func (p *activityPage) drawn(width int) []string {
	t := p.theme
	switch {
	case p.trouble != "":
		return append([]string{""}, stepped(wrapped(plain(p.trouble), width-6))...)
	case !p.loaded:
		return []string{"", t.dim.Render("   reading…")}
	case len(p.events) == 0:
		lines := []string{"", "   " + t.title.Render("No attempt yet."), ""}
		return append(lines, stepped(wrapped("Each try at delivering a run comes here as it ends, with what it came to and why.", width-6))...)
	}
	c := activityColumnsFor(width)
	first := ""
	if p.tight {
		first = " " + t.dim.Render(p.summary())
	}
	lines := []string{first, t.dim.Render(c.head())}
	for i := p.cursor.offset; i < min(p.cursor.offset+p.height, len(p.events)); i++ {
		lines = append(lines, c.row(t, &p.events[i], p.now, p.cursor, i))
	}
	return lines
}

// activityColumns are the widths of the columns; 0 leaves one out.
type activityColumns struct{ at, branch, project, words int }

func activityColumnsFor(width int) activityColumns {
	c := activityColumns{at: 8}
	room := width - 2 - c.at - 2 - 15 - 2 // cursor, sign and outcome
	c.branch = min(max(room/4, 10), 28)
	room -= c.branch + 2
	if room >= 60 {
		c.project = min(room/5, 20)
		room -= c.project + 2
	}
	c.words = max(room-1, 6)
	return c
}

func (c activityColumns) head() string {
	line := "  " + left("TIME", c.at) + "  " + left("  OUTCOME", 15) + "  " + left("BRANCH", c.branch) + "  "
	if c.project > 0 {
		line += left("PROJECT", c.project) + "  "
	}
	return line + left("WHAT HAPPENED", c.words)
}

func (c activityColumns) row(t theme, e *event, now time.Time, at cursor, row int) string {
	mark, name := at.mark(t, row, true)
	ended := clock(e.EndedAt)
	if !sameDay(e.EndedAt, now) {
		ended = e.EndedAt.Local().Format("02 Jan")
	}
	line := mark + " " + t.dim.Render(left(ended, c.at)) + "  " +
		t.outcome(e.Outcome).Render(left(outcomeSign(e.Outcome)+" "+plain(string(e.Outcome)), 15)) + "  " + name.Render(left(plain(e.run.Branch), c.branch)) + "  "
	if c.project > 0 {
		line += t.dim.Render(left(plain(e.run.Project), c.project)) + "  "
	}
	return line + left(eventWords(e), c.words)
}

func eventWords(e *event) string {
	words := fmt.Sprintf("attempt %d", e.Number)
	switch {
	case e.Count > 1:
		words = fmt.Sprintf("attempts %d to %d", e.Number, e.Number+e.Count-1)
	case e.HTTPStatus != 0:
		words += fmt.Sprintf(": %d in %s", e.HTTPStatus, took(e.Duration))
	case e.Duration > 0:
		words += " after " + took(e.Duration)
	}
	if e.Error != "" {
		words += ", " + plain(e.Error)
	} else if e.Report != nil {
		words += ", report " + e.Report.String()[:8]
	}
	return words
}

func (p *activityPage) click(_, y int) tea.Cmd {
	if i := p.cursor.offset + y - 2; y >= 2 && i < len(p.events) {
		if i == p.cursor.index {
			return p.open()
		}
		p.cursor.index = i
	}
	return nil
}

func (p *activityPage) wheel(_, _, rows int) tea.Cmd {
	p.cursor.index += rows
	return nil
}
