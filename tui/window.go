package tui

import (
	"context"

	"burrow/outbox"
)

// windowReach is how many runs are held on each side of the selected one. It
// is several screens, so that a page of keys never waits for the disk, and
// small enough that reading them all takes a few milliseconds.
const windowReach = 120

// window is the part of the outbox that is in memory: neighbouring runs,
// newest first. The list draws from it however large the outbox is.
type window struct {
	runs         []*outbox.Run
	newer, older bool // there are more beyond that end
}

// goal is what a window is read around.
type goal int

const (
	goalSelected goal = iota // the run with a sequence number
	goalNewest
	goalOldest
)

// readWindow reads the runs around one of them, which may be gone by now.
func readWindow(ctx context.Context, s *outbox.Store, q outbox.Query, to goal, seq uint64) (window, error) {
	q.Before = 0
	if to == goalNewest || seq == 0 && to == goalSelected {
		return page(ctx, s, q, windowReach+1)
	}
	newest, err := page(ctx, s, q, 1)
	if err != nil || len(newest.runs) == 0 {
		return newest, err
	}
	last := newest.runs[0].Seq
	if to == goalOldest {
		if seq, err = oldest(ctx, s, q, last); err != nil {
			return window{}, err
		}
	}
	return around(ctx, s, q, seq, last)
}

// around reads downwards from a little above the run. The store's cursor goes
// from new to old only, so where to begin is a guess by sequence number, made
// wider where deleted or filtered runs leave gaps.
func around(ctx context.Context, s *outbox.Store, q outbox.Query, seq, last uint64) (window, error) {
	for reach := uint64(windowReach); ; reach *= 4 {
		q.Before = seq + reach + 1
		if q.Before > last {
			q.Before = 0
		}
		// Between Before and seq lie at most reach runs, but for q.Before == 0.
		w, err := page(ctx, s, q, int(reach)+windowReach+1)
		if err != nil {
			return w, err
		}
		above := 0
		for above < len(w.runs) && w.runs[above].Seq > seq {
			above++
		}
		w.newer = q.Before != 0
		if above < windowReach && w.newer && reach < last {
			continue // gaps: fewer than the list wants to have above
		}
		if above > windowReach {
			w.runs, w.newer = w.runs[above-windowReach:], true
		}
		return w, nil
	}
}

// page reads one page from the query's Before downwards.
func page(ctx context.Context, s *outbox.Store, q outbox.Query, limit int) (window, error) {
	q.Limit = limit
	runs, err := s.List(ctx, q)
	return window{runs: runs, older: len(runs) == limit}, err
}

// oldest finds the first run that matches by halving: the store has no cursor
// from the old end.
func oldest(ctx context.Context, s *outbox.Store, q outbox.Query, last uint64) (uint64, error) {
	low, high := uint64(1), last // the oldest one's number lies in between
	for low < high {
		middle := low + (high-low)/2
		q.Before = middle + 1
		found, err := page(ctx, s, q, 1)
		if err != nil {
			return 0, err
		}
		if len(found.runs) > 0 {
			high = found.runs[0].Seq
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// Bounds of the walk that tells how soon the next run is due: in all, and for
// one burst, since readers and writers of the outbox take turns.
const (
	surveyLimit = 2000
	surveyPage  = 250
)

// survey counts what is open. It walks from the newest run until it has seen
// as many open ones as there are, within bounds: beyond them the numbers stay
// right but the next due time may be missing.
func survey(ctx context.Context, s *outbox.Store, head window) (outlook, error) {
	counts, err := s.Counts(ctx)
	if err != nil {
		return outlook{}, err
	}
	o := newOutlook(counts)
	walked, seen := 0, 0
	for {
		for _, r := range head.runs {
			o.see(r)
			if !r.Status.Ended() || r.Status.Failed() {
				seen++
			}
		}
		walked += len(head.runs)
		if seen >= o.open() || walked >= surveyLimit || len(head.runs) > 0 && !head.older {
			return o, nil
		}
		q := outbox.Query{}
		if len(head.runs) > 0 {
			q.Before = head.runs[len(head.runs)-1].Seq
		}
		if head, err = page(ctx, s, q, surveyPage); err != nil || len(head.runs) == 0 {
			return o, err
		}
	}
}
