package tui

import (
	"context"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
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
		window     window
		outlook    outlook
		delivery   Delivery
		err        error
		lasted     time.Duration
	}
	// rested: the next load may begin.
	rested struct{}
	// historyLoaded: the selected run's attempts were read.
	historyLoaded struct {
		run      uuid.UUID
		attempts []outbox.Attempt
		err      error
	}
	// acted: a retry or a cancellation was done, or not.
	acted struct {
		words string
		err   error
	}
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
}

func loadOutbox(w *work, o Options, l loading) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		started := time.Now()
		m := outboxLoaded{generation: l.generation, goal: l.goal, delivery: o.Delivery()}
		m.window, m.err = readWindow(ctx, o.Store, l.query, l.goal, l.seq)
		if m.err == nil {
			m.outlook, m.err = survey(ctx, o.Store, m.window.counts)
		}
		m.lasted = time.Since(started)
		return m
	})
}

func loadHistory(w *work, s *outbox.Store, id uuid.UUID) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		attempts, err := s.History(ctx, id)
		return historyLoaded{id, attempts, err}
	})
}

func retry(w *work, s *outbox.Store, r *outbox.Run) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		_, err := s.Retry(ctx, r.ID)
		return acted{"run " + tail(r.ID) + " is due now: same bytes, same key", err}
	})
}

func cancel(w *work, s *outbox.Store, r *outbox.Run) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		_, err := s.Cancel(ctx, r.ID)
		return acted{"run " + tail(r.ID) + " is cancelled; " + keyRetry + " sends it after all", err}
	})
}

// How often the host is asked for a sign of life, and for how long.
const (
	pingInterval = 10 * time.Second
	pingTimeout  = 5 * time.Second
)

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
