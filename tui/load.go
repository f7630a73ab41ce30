package tui

import (
	"context"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// Messages of commands that read the outbox or act on it.
type (
	// watching: the outbox is watched from now on.
	watching struct{ changes <-chan struct{} }
	// outboxChanged: this process or another one wrote to it.
	outboxChanged struct{}
	// outboxLoaded: the list and the answer to "am I done?" were read.
	outboxLoaded struct {
		generation int
		goal       goal
		seq        uint64
		window     window
		holds      []outbox.Hold
		delivery   Delivery
		err        error
		lasted     time.Duration
	}
	// surveyed: the answer to "am I done?" was read.
	surveyed struct {
		outlook outlook
		err     error
		lasted  time.Duration
	}
	// rested: the next load may begin.
	rested struct{}
	// hostAnswered: the host was asked for a sign of life, or nobody asks.
	hostAnswered struct {
		generation int
		asked      bool
		version    string
		latency    time.Duration
		err        error
	}
	// pulsed: it is time to ask the host again.
	pulsed struct{ generation int }
	// deliveryTold: the state of the sender beside the UI was asked for.
	deliveryTold struct{ delivery Delivery }
	// ticked: a second went by for what counts down.
	ticked struct{}
)

func watch(w *work, s *outbox.Store) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg { return watching{s.Watch(ctx)} })
}

// waitForChange waits for the next message of the store's watch.
func waitForChange(w *work, changes <-chan struct{}) tea.Cmd {
	return w.do(func(context.Context) tea.Msg {
		if _, open := <-changes; !open {
			return nil
		}
		return outboxChanged{}
	})
}

// loading says what a load reads.
type loading struct {
	generation int
	query      outbox.Query
	goal       goal
	seq        uint64
	reach      int

	oldestFirst bool // how the list stands
}

func loadOutbox(w *work, o Options, l loading) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		started := time.Now()
		m := outboxLoaded{generation: l.generation, goal: l.goal, seq: l.seq, delivery: o.Delivery()}
		m.window, m.err = readWindow(ctx, o.Store, l.query, l.goal, l.seq, l.reach)
		if l.oldestFirst {
			m.window = m.window.turned()
		}
		if m.err == nil {
			m.holds, m.err = o.Store.Holds(ctx)
		}
		m.lasted = time.Since(started)
		return m
	})
}

// surveyOutbox reads the answer to "am I done?", which looks at more runs than
// the screen shows: the list does not wait for it.
func surveyOutbox(w *work, s *outbox.Store, counts outbox.Counts, holds []outbox.Hold) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		started := time.Now()
		look, err := survey(ctx, s, counts)
		if err == nil && holdsAll(holds) {
			look = look.allHeld()
		}
		return surveyed{look, err, time.Since(started)}
	})
}

// loadDetails reads what a tab of a run's details is made of.
func loadDetails(w *work, o Options, n need) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		m := detailsLoaded{need: n}
		switch n.tab {
		case tabOverview, tabHistory:
			m.attempts, m.err = o.Store.History(ctx, n.run.ID)
		case tabResults:
			m.results, m.unread, m.err = readResults(ctx, o.Store, n.run)
		case tabRequest:
			if !n.run.BodyPruned {
				m.body, m.err = o.Store.Body(ctx, n.run.ID)
			}
		case tabReport:
			ctx, done := context.WithTimeout(ctx, serverTimeout)
			defer done()
			report, source, err := readReport(ctx, o, n.run)
			if m.source = source; err != nil {
				m.source.Why = err
			} else {
				m.report = report
			}
		case tabCount:
		}
		return m
	})
}

// serverTimeout bounds a question to a server.
const serverTimeout = 20 * time.Second

// How often the host is asked for a sign of life, and for how long.
const (
	pingInterval = 10 * time.Second
	pingTimeout  = 5 * time.Second
)

// askDelivery looks at the sender beside the UI and at the locks that make it
// wait.
func askDelivery(w *work, o Options) tea.Cmd {
	return w.do(func(context.Context) tea.Msg { return deliveryTold{o.Delivery()} })
}

func askHost(w *work, o Options, generation int) tea.Cmd {
	if o.Ping == nil || o.Host == "" {
		return func() tea.Msg { return hostAnswered{generation: generation} }
	}
	return w.do(func(ctx context.Context) tea.Msg {
		ctx, done := context.WithTimeout(ctx, pingTimeout)
		defer done()
		started := time.Now()
		version, err := o.Ping(ctx, o.Host)
		return hostAnswered{generation, true, client.Plain(version, 20), time.Since(started), err}
	})
}
