package main

import (
	"context"
	"errors"
	"fmt"

	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) deleteCommand() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:   "delete ID...",
		Short: "Remove runs from the outbox for good, with their results and history",
		Long: `Removes runs from the outbox for good. What a server holds stays there. It asks
before it removes results that no server is known to hold.`,
		Example: "  burrow delete 7b31a9c3\n  burrow delete --yes 7b31a9c3",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("%s takes runs' IDs (see burrow list)", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.delete(cmd.Context(), args, yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return cmd
}

func (a *app) delete(ctx context.Context, ids []string, yes bool) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	runs, err := a.chosen(ctx, store, ids)
	if err != nil {
		return err
	}
	only := 0
	for _, r := range runs {
		if !r.Status.Acknowledged() {
			only++
		}
	}
	if only > 0 {
		agreed, err := a.agree(yes, fmt.Sprintf("%s not known to be on a server: the results would be gone. Delete?", isAre(only, "run")))
		if err != nil || !agreed {
			return err
		}
	}
	for _, r := range runs {
		if err := store.Delete(ctx, r.ID); err != nil {
			return err
		}
		if a.flags.json {
			if err := a.printJSON(map[string]any{"id": r.ID, "deleted": true}); err != nil {
				return err
			}
			continue
		}
		kept := ""
		if r.Status.Acknowledged() {
			kept = fmt.Sprintf(" (report %s stays on %s)", r.Report.UUID, r.Host)
		}
		a.notice("Run %s is deleted%s.", shortID(r.ID), kept)
	}
	return nil
}

func isAre(n int, thing string) string {
	if n == 1 {
		return counted(n, thing) + " is"
	}
	return counted(n, thing) + " are"
}

// agree asks before what can't be undone. Where nobody can answer it is an
// error that names --yes.
func (a *app) agree(yes bool, question string) (bool, error) {
	if yes {
		return true, nil
	}
	if !terminal(a.in) || !terminal(a.err) {
		return false, errors.New(question + " Add --yes where nobody can answer")
	}
	answer := a.ask(question + " [y/N] ")
	return answer == "y" || answer == "yes", nil
}

// retention is how long acknowledged runs are kept here.
func (a *app) retention() outbox.Retention {
	return outbox.Retention{Bodies: a.conf.keepBodies, Runs: a.conf.keepRuns}
}
