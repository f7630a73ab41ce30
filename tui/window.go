package tui

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"burrow/client"
	"burrow/outbox"
)

// windowReach is how many runs at least are held on each side of the selected
// one. It is several screens, so that a page of keys never waits for the disk, and
// small enough that reading them all takes a few milliseconds.
const windowReach = 120

// window is the part of the outbox that is in memory: neighbouring runs,
// newest first. The list draws from it however large the outbox is.
type window struct {
	runs         []*outbox.Run
	newer, older bool          // there are more beyond that end
	oldestFirst  bool          // the runs stand in that order
	counts       outbox.Counts // of all runs, at the moment of the last read
	unread       string        // what is said of runs that are too damaged to be among them
}

// goal is what a window is read around.
type goal int

const (
	goalSelected goal = iota // the run with a sequence number
	goalNewest
	goalOldest
	goalRun // a certain run, which the cursor goes to
)

// readWindow reads the runs around one of them, which may be gone by now, up to
// so many on each side.
func readWindow(ctx context.Context, s *outbox.Store, q outbox.Query, to goal, seq uint64, reach int) (window, error) {
	q.Before, q.After = 0, 0
	switch {
	case to == goalOldest:
		q.OldestFirst = true
		w, err := page(ctx, s, q, reach+1)
		slices.Reverse(w.runs)
		w.newer, w.older = w.older, false
		return w, err
	case to == goalNewest || seq == 0: // nothing is selected
		return page(ctx, s, q, reach+1)
	}
	q.Before = seq + 1
	w, err := page(ctx, s, q, reach+1)
	if err != nil {
		return w, err
	}
	q.Before, q.After, q.OldestFirst = 0, seq, true
	above, err := page(ctx, s, q, reach+1)
	if w.newer = len(above.runs) > reach; w.newer {
		above.runs = above.runs[:reach]
	}
	slices.Reverse(above.runs)
	w.runs, w.counts, w.unread = append(above.runs, w.runs...), above.counts, cmp.Or(w.unread, above.unread)
	return w, err
}

// turned puts the oldest run first.
func (w window) turned() window {
	slices.Reverse(w.runs)
	w.oldestFirst = true
	return w
}

// page reads one page from the query's cursor on; older says that there may be
// more that way.
func page(ctx context.Context, s *outbox.Store, q outbox.Query, limit int) (window, error) {
	q.Limit = limit
	p, err := s.Page(ctx, q)
	w := window{runs: p.Runs, older: len(p.Runs) == limit, counts: p.Counts}
	if errors.Is(err, outbox.ErrDamaged) && !errors.Is(err, outbox.ErrDamagedFile) {
		w.unread, err = client.Plain(err.Error(), 0)+": burrow doctor --repair", nil
	}
	return w, err
}

// Bounds of the survey: in all, and for one burst, since readers and writers of
// the outbox take turns.
const (
	surveyLimit = 2000
	surveyPage  = 250
)

// survey looks at the runs that are open or failed, newest first. Beyond its
// bounds the counts stay right, and the outlook knows how many it did not see.
func survey(ctx context.Context, s *outbox.Store, counts outbox.Counts) (o outlook, err error) {
	o = newOutlook(counts)
	var going []*outbox.Run // by themselves
	defer func() { o.drain = outbox.DrainTime(going) }()
	q := outbox.Query{Statuses: []outbox.Status{outbox.Pending, outbox.Sending, outbox.Incomplete, outbox.Rejected}}
	seen := 0
	for range surveyLimit / surveyPage {
		open, err := page(ctx, s, q, surveyPage)
		if err != nil {
			return o, err
		}
		for _, r := range open.runs {
			o.see(r)
			if !r.Status.Ended() && !r.Reason.NeedsPerson() {
				going = append(going, r)
			}
		}
		if !open.older {
			return o, nil
		}
		seen += len(open.runs)
		q.Before = open.runs[len(open.runs)-1].Seq
	}
	all := 0
	for _, status := range q.Statuses {
		all += counts[status]
	}
	o.unseen = max(all-seen, 0)
	return o, nil
}
