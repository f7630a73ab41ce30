package tui

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
)

// marks are the runs that the next action is about, by ID, so that they outlive
// windows and filters, each as it stood when it was last seen.
type marks map[uuid.UUID]*outbox.Run

func (m marks) toggle(r *outbox.Run) {
	switch {
	case r == nil:
	case m[r.ID] != nil:
		delete(m, r.ID)
	default:
		m[r.ID] = r
	}
}

// nearest is the sequence number of the marked run that is nearest to one, or
// that one's own where no other is marked.
func (m marks) nearest(seq uint64) uint64 {
	near, least := seq, uint64(math.MaxUint64)
	for _, r := range m {
		if distance := max(r.Seq, seq) - min(r.Seq, seq); distance > 0 && distance < least {
			near, least = r.Seq, distance
		}
	}
	return near
}

// add marks runs.
func (m marks) add(runs []*outbox.Run) {
	for _, r := range runs {
		m[r.ID] = r
	}
}

// renew takes newer states of marked runs in.
func (m marks) renew(runs []*outbox.Run) {
	for _, r := range runs {
		if m[r.ID] != nil {
			m[r.ID] = r
		}
	}
}

// mostMarked bounds how many runs one key marks: each is held in memory, and an
// action goes through them one by one.
const mostMarked = 10_000

// listedRead: runs that are to be marked were read.
type listedRead struct {
	number int // of the marking: an older one is dropped
	runs   []*outbox.Run
	more   bool // there are more than one key marks
	err    error
}

// markRange marks what is listed between the selected run and the nearest
// marked one, or the selected run alone where none is marked.
func (p *outboxPage) markRange() tea.Cmd {
	run := p.list.selected()
	if run == nil {
		return nil
	}
	near := p.marks.nearest(run.Seq)
	first, last := min(near, run.Seq), max(near, run.Seq)
	if p.list.holds(first) && p.list.holds(last) {
		for _, r := range p.list.runs {
			if r.Seq >= first && r.Seq <= last {
				p.marks[r.ID] = r
			}
		}
		return nil
	}
	return p.markListed(first, last)
}

// markAll marks all that are listed.
func (p *outboxPage) markAll() tea.Cmd {
	if !p.list.newer && !p.list.older {
		p.marks.add(p.list.runs)
		return nil
	}
	return p.markListed(1, math.MaxUint64-1)
}

// markListed reads the listed runs between two sequence numbers, for the list
// has only a part of them, and marks them.
func (p *outboxPage) markListed(first, last uint64) tea.Cmd {
	query, _ := p.filter.query(p.base())
	query.After, query.Before = first-1, last+1
	p.marking, p.markings = true, p.markings+1
	s, m := p.options.Store, listedRead{number: p.markings}
	return p.work.do(func(ctx context.Context) tea.Msg {
		for len(m.runs) < mostMarked {
			listed, err := page(ctx, s, query, surveyPage)
			if err != nil {
				m.err = err
				return m
			}
			m.runs = append(m.runs, listed.runs...)
			if !listed.older {
				return m
			}
			query.Before = listed.runs[len(listed.runs)-1].Seq
		}
		m.more = true
		return m
	})
}

// mark marks the runs that were read for it.
func (p *outboxPage) mark(m listedRead) tea.Cmd {
	if m.number != p.markings {
		return nil
	}
	p.marking = false
	if m.err != nil {
		return p.fail(m.err)
	}
	p.marks.add(m.runs)
	if m.more {
		return p.say("the newest "+number(len(m.runs))+" runs are marked: one key marks no more", true)
	}
	return nil
}

// unmark takes all marks away, those that are being set too.
func (p *outboxPage) unmark() {
	clear(p.marks)
	p.marking, p.markings = false, p.markings+1
}

// chosenRead: the marked runs were read as they stand now.
type chosenRead struct {
	runs []*outbox.Run
	then func([]*outbox.Run) tea.Cmd
	err  error
}

// withChosen does something with the marked runs, oldest first, or with the
// selected one where none is marked. Those that are out of sight are read anew:
// what was seen of them may be long past.
func (p *outboxPage) withChosen(then func([]*outbox.Run) tea.Cmd) tea.Cmd {
	run := p.list.selected()
	switch {
	case p.marking:
		return p.say("the runs are still being marked: press it again in a moment", true)
	case len(p.marks) == 0 && run == nil:
		return p.say("no run is selected", true)
	case len(p.marks) == 0:
		return then([]*outbox.Run{run})
	}
	var chosen []*outbox.Run
	for _, r := range p.list.runs {
		if p.marks[r.ID] != nil {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == len(p.marks) {
		return then(bySeq(chosen))
	}
	s, ids := p.options.Store, slices.Collect(maps.Keys(p.marks))
	return p.work.do(func(ctx context.Context) tea.Msg {
		runs, err := s.List(ctx, outbox.Query{IDs: ids, OldestFirst: true})
		if errors.Is(err, outbox.ErrDamaged) {
			err = nil // it is told of by itself
		}
		return chosenRead{runs, then, err}
	})
}

func bySeq(runs []*outbox.Run) []*outbox.Run {
	slices.SortFunc(runs, func(a, b *outbox.Run) int { return cmp.Compare(a.Seq, b.Seq) })
	return runs
}

// goOn goes on with the marked runs; the marks of those that are gone by now
// go.
func (p *outboxPage) goOn(m chosenRead) tea.Cmd {
	switch {
	case m.err != nil:
		return p.fail(m.err)
	case p.engaged():
		return nil
	}
	there := marks{}
	there.add(m.runs)
	maps.DeleteFunc(p.marks, func(id uuid.UUID, _ *outbox.Run) bool { return there[id] == nil })
	p.marks.renew(m.runs)
	if len(m.runs) == 0 {
		return p.say("the marked runs are gone by now", true)
	}
	return m.then(m.runs)
}

// hiddenWords say how many of the runs that an action is about a filter keeps
// out of sight.
func (p *outboxPage) hiddenWords(runs []*outbox.Run) string {
	query, _ := p.filter.query(p.base())
	hidden := 0
	for _, r := range runs {
		if !query.Matches(r) {
			hidden++
		}
	}
	switch {
	case hidden == 0:
		return ""
	case len(runs) == 1:
		return ", not listed now,"
	case hidden == len(runs):
		return ", none of them listed now,"
	}
	return ", " + number(hidden) + " of them not listed now,"
}
