package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"burrow/client"
	"burrow/outbox"
)

// enqueue accepts a run, or keeps it where the outbox can't take it: a
// measured run is never thrown away.
func (a *app) enqueue(ctx context.Context, store *outbox.Store, n outbox.New) (*outbox.Run, error) {
	run, added, err := store.Enqueue(context.WithoutCancel(ctx), n)
	return a.accepted(store, outbox.Accepted{New: n, Run: run, Added: added, Err: err})
}

// accepted says what is worth saying of a run that was accepted, and keeps one
// that was not.
func (a *app) accepted(store *outbox.Store, one outbox.Accepted) (*outbox.Run, error) {
	var conflict *outbox.KeyConflictError
	switch {
	case one.Err == nil && !one.Added && one.Run.Digest != digestOf(one.New):
		path, kept := store.SetAside(one.New)
		if kept != nil {
			return nil, kept
		}
		// Quiet silences what is nice to know, not where results went.
		fmt.Fprintf(a.err, "burrow: run %s bears this key with other results: it stands, and the new results are kept in %s (burrow submit sends them under a key of their own)\n", one.Run.ID, path)
		return one.Run, nil
	case one.Err == nil && !one.Added:
		a.notice("Run %s bears this key with the same results: nothing was added.", one.Run.ID)
		return one.Run, nil
	case one.Err == nil:
		return one.Run, nil
	case errors.As(one.Err, &conflict):
		path, kept := store.SetAside(one.New)
		if kept != nil {
			return nil, a.keep(store.Path(), one.New, one.Err)
		}
		return nil, fmt.Errorf("%w; the results are kept in %s", one.Err, path)
	}
	return nil, a.keep(store.Path(), one.New, one.Err)
}

// enqueueAll is enqueue for many runs, in few commits, with a line on a
// terminal that says how far it is. Those that can't be accepted are each kept;
// the first one's error is returned once all are safe.
func (a *app) enqueueAll(ctx context.Context, store *outbox.Store, all []outbox.New) (runs []*outbox.Run, err error) {
	if len(all) == 1 {
		run, err := a.enqueue(ctx, store, all[0])
		return []*outbox.Run{run}, err
	}
	told, shown := 0, terminal(a.err) && !a.flags.quiet && !a.flags.json
	take := func(one outbox.Accepted) {
		told++
		run, refused := a.accepted(store, one)
		if err == nil {
			err = refused
		}
		if run != nil {
			runs = append(runs, run)
		}
		if shown && told%100 == 0 {
			fmt.Fprintf(a.err, "\r\x1b[K%d of %d runs are in the outbox", told, len(all))
		}
	}
	broken := store.EnqueueAll(context.WithoutCancel(ctx), func(yield func(outbox.New, error) bool) {
		for _, n := range all {
			if !yield(n, nil) {
				return
			}
		}
	}, take)
	if shown {
		fmt.Fprint(a.err, "\r\x1b[K")
	}
	if broken != nil {
		for _, n := range all[told:] {
			take(outbox.Accepted{New: n, Err: broken})
		}
	}
	return runs, err
}

// storeOrKeep opens the outbox; where that fails, results that were piped in,
// and so stand nowhere else, are kept.
func (a *app) storeOrKeep(ctx context.Context, piped ...outbox.New) (*outbox.Store, error) {
	store, err := a.store(ctx)
	if err == nil || len(piped) == 0 {
		return store, err
	}
	path, unknown := a.outboxPath()
	if unknown != nil {
		path = ""
	}
	for _, n := range piped {
		err = a.keep(path, n, err)
	}
	return nil, err
}

// keep saves a measured run that did not get into the outbox for that reason,
// and says where it is.
func (a *app) keep(outboxPath string, n outbox.New, reason error) error {
	if errors.Is(reason, outbox.ErrNotAnOutbox) {
		outboxPath = "" // nothing is put beside a stranger's file
	}
	path, adopted, err := outbox.Keep(outboxPath, n)
	switch {
	case err != nil:
		_, _ = a.out.Write(append(n.Body, '\n'))
		return fmt.Errorf("%w; no place to keep the run either (%w): it stands on standard output, submit it from there", reason, err)
	case adopted:
		return &exitError{code: exitOK, err: fmt.Errorf("%w; the run is safe in %s and is taken into the outbox by the next burrow command", reason, path)}
	}
	return fmt.Errorf("%w; the run is kept in %s: once the outbox can be written, burrow submit --host %s %s", reason, path, n.Host, path)
}

func digestOf(n outbox.New) string {
	summary, err := client.Summarize(n.Body)
	if err != nil {
		return ""
	}
	return summary.Digest
}

// readInput reads a file, or standard input for "-".
func (a *app) readInput(name string) ([]byte, error) {
	if name == "-" {
		return readAll(a.in, "standard input")
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the results: %w", err)
	}
	defer file.Close()
	return readAll(file, name)
}
