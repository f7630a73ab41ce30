package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"
)

// keptParts are the iterations of a benchmark that are on the disk while it
// goes on.
type keptParts struct {
	app  *app
	part *outbox.Part // nil: they can't be kept, or need not be
}

// keepParts begins to keep them. One iteration is not worth it, and a disk that
// can't take them must not stop a benchmark.
func (a *app) keepParts(store *outbox.Store, request *request, bench *benchmarkFlags) *keptParts {
	k := &keptParts{app: a}
	if store == nil || bench.iter < 2 && !bench.keep {
		return k
	}
	part, err := outbox.BeginPart(store.Path(), request.draft)
	if err != nil {
		a.warn("%v", err)
		return k
	}
	k.part = part
	return k
}

func (k *keptParts) add(elements []string) error {
	if k.part == nil {
		return nil
	}
	if err := k.part.Add(elements, time.Now()); err != nil {
		k.app.warn("iterations are no longer kept as they finish: %v", err)
		k.discard()
	}
	return nil
}

func (k *keptParts) discard() {
	if k.part != nil {
		k.part.Discard()
		k.part = nil
	}
}

// interrupted decides what becomes of the iterations that were finished before
// the benchmark was stopped or failed: a person is asked, else they stay.
func (k *keptParts) interrupted(ctx context.Context, results []string, cause error) ([]string, error) {
	if len(results) == 0 {
		k.discard()
		return nil, cause
	}
	if ctx.Err() != nil && terminal(k.app.in) && terminal(k.app.err) {
		switch k.app.ask(fmt.Sprintf("%s finished before you stopped. Put them in the outbox? [Y/n/later] ", counted(len(results), "result"))) {
		case "", "y", "yes":
			return results, nil
		case "n", "no":
			k.discard()
			return nil, cause
		}
	}
	if k.part == nil {
		return nil, cause
	}
	path := k.part.Path()
	k.part.Leave()
	return nil, fmt.Errorf("%w; %s finished before: burrow submit %s sends them", cause, counted(len(results), "result"), path)
}

// ask puts a question on the terminal and returns the answer in lower case; a
// second Ctrl-C is the answer "later".
func (a *app) ask(question string) string {
	fmt.Fprint(a.err, client.Harmless(question))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	defer signal.Stop(stop)
	answer := make(chan string, 1)
	go func() { // ends with the process: a terminal's read can't be taken back
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if err != nil {
			line = "later"
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case text := <-answer:
		return text
	case <-stop:
		fmt.Fprintln(a.err)
		return "later"
	}
}

// leftBehind tells the person of benchmarks that were cut short, and on a
// terminal asks what to do with what they measured.
func (a *app) leftBehind(ctx context.Context, store *outbox.Store) {
	for _, u := range outbox.LeftBehind(store.Path()) {
		what := fmt.Sprintf("a benchmark was cut short at %s: %s of %q are kept",
			u.EndedAt.Local().Format(time.DateTime), counted(u.Iterations, "iteration"), u.Draft.Command)
		if u.Damaged {
			what += ", and what follows them is damaged"
		}
		if !terminal(a.in) || !terminal(a.err) || a.flags.quiet || a.flags.json {
			a.warn("%s: burrow submit %s sends them, removing the file drops them", what, u.Path())
			u.Leave()
			continue
		}
		switch a.ask(strings.ToUpper(what[:1]) + what[1:] + ". Put them in the outbox? [y/N/drop] ") {
		case "y", "yes":
			if err := a.takeUp(ctx, store, u); err != nil {
				a.warn("%v", err)
				u.Leave()
			}
		case "drop":
			u.Discard()
		default:
			u.Leave()
		}
	}
}

// takeUp enqueues what a benchmark that was cut short had measured.
func (a *app) takeUp(ctx context.Context, store *outbox.Store, u *outbox.Unfinished) error {
	entry, _, err := u.Draft.Freeze(u.Results, u.EndedAt)
	if err != nil {
		return err
	}
	run, err := a.enqueue(ctx, store, entry)
	if err != nil {
		return err
	}
	u.Discard()
	a.notice("Run %s holds them.", shortID(run.ID))
	return nil
}

// counted is a number of things: "1 result", "3 results".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
