package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "cancel ID...",
		Short:   "Withdraw pending runs; retry takes it back",
		Example: "  burrow cancel 7b31a9c3",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("%s takes runs' IDs (see burrow list)", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.cancel(cmd.Context(), args) },
	}
}

func (a *app) cancel(ctx context.Context, ids []string) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	runs, err := a.chosen(ctx, store, ids)
	if err != nil {
		return err
	}
	for _, r := range runs {
		cancelled, err := store.Cancel(ctx, r.ID)
		if err != nil {
			return err
		}
		if a.flags.json {
			if err := a.printJSON(runJSON(cancelled)); err != nil {
				return err
			}
			continue
		}
		a.notice("%s", sentence(cancelled, time.Now()))
		switch {
		case cancelled.MayBeThere && cancelled.Attempts == 0:
			a.notice("It was exported: another machine may have sent it to %s; cancelling does not take that back.", cancelled.Host)
		case cancelled.MayBeThere:
			a.notice("An earlier attempt may have left its report on %s; cancelling does not take that back.", cancelled.Host)
		}
	}
	return nil
}
