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
	var conflict *outbox.KeyConflictError
	switch {
	case err == nil && !added && run.Digest != digestOf(n):
		path, kept := store.SetAside(n)
		if kept != nil {
			return nil, kept
		}
		a.warn("run %s bears this key with other results: it stands, and the new results are kept in %s", run.ID, path)
		return run, nil
	case err == nil && !added:
		a.notice("Run %s bears this key with the same results: nothing was added.", run.ID)
		return run, nil
	case err == nil:
		return run, nil
	case errors.As(err, &conflict):
		path, kept := store.SetAside(n)
		if kept != nil {
			return nil, a.keep(store.Path(), n, err)
		}
		return nil, fmt.Errorf("%w; the results are kept in %s", err, path)
	}
	return nil, a.keep(store.Path(), n, err)
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
