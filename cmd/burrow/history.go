package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func (a *app) historyCommand() *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:     "history [ID]",
		Short:   "Show the attempts of one run, or of all, newest last",
		Example: "  burrow history 7b31a9c3\n  burrow history --follow --json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return oneID(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.history(cmd.Context(), args, follow)
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "go on as attempts happen")
	return cmd
}

func (a *app) history(ctx context.Context, args []string, follow bool) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	all := 0
	load := func(ctx context.Context) ([]outbox.Attempt, error) { return store.Activity(ctx, all) }
	if len(args) == 1 {
		r, err := store.Find(ctx, args[0])
		if err != nil {
			return err
		}
		load = func(ctx context.Context) ([]outbox.Attempt, error) { return store.History(ctx, r.ID) }
	}
	changes := store.Watch(ctx)
	seen := map[string]bool{}
	for {
		attempts, err := load(ctx)
		if err != nil {
			return unlessStopped(ctx, err)
		}
		var fresh []outbox.Attempt
		for _, attempt := range attempts {
			// An attempt can be amended: its outcome is part of what was seen.
			key := fmt.Sprint(attempt.Run, attempt.Number, attempt.Outcome, attempt.Count)
			if !seen[key] {
				fresh, seen[key] = append(fresh, attempt), true
			}
		}
		if err := a.printAttempts(fresh, len(args) == 0); err != nil || !follow {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		}
	}
}

// unlessStopped drops the error of a command that was told to stop.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *app) printAttempts(attempts []outbox.Attempt, all bool) error {
	if !a.flags.json {
		return a.timeline(attempts, all)
	}
	for _, attempt := range attempts {
		if err := a.printJSON(attemptJSON(attempt)); err != nil {
			return err
		}
	}
	return nil
}

// timeline prints attempts a line each, with the run's ID where they are of
// several.
func (a *app) timeline(attempts []outbox.Attempt, all bool) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, t := range attempts {
		if all {
			fmt.Fprintf(w, "%s\t", shortID(t.Run))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", t.Number, t.StartedAt.Local().Format("2006-01-02 15:04:05"), t.Outcome, answer(t), detail(t))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

func answer(t outbox.Attempt) string {
	took := t.Duration.Round(time.Millisecond)
	if t.HTTPStatus == 0 {
		return took.String()
	}
	return fmt.Sprintf("%d in %s", t.HTTPStatus, took)
}

func detail(t outbox.Attempt) string {
	text := client.Plain(t.Error, 200)
	if t.Report != nil && *t.Report != uuid.Nil {
		text = firstOf(text, "report "+t.Report.String())
	}
	if t.Count > 1 {
		text += fmt.Sprintf(" (%d times, last %s)", t.Count, t.EndedAt.Local().Format("15:04:05"))
	}
	if !t.RetryAt.IsZero() {
		text += fmt.Sprintf("; then waited until %s", t.RetryAt.Local().Format("15:04:05.0"))
	}
	return text
}
