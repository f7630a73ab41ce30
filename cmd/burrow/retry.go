package main

import (
	"context"
	"errors"

	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) retryCommand() *cobra.Command {
	var request requestFlags
	all := false
	cmd := &cobra.Command{
		Use:     "retry ID...|--all",
		Short:   "Try runs again now: the same key, the same bytes, always safe",
		Example: "  burrow retry 7b31a9c3\n  burrow retry --all",
		Args: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) != all {
				return usage("%s takes runs' IDs, or --all", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.retry(cmd.Context(), &request, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "every run that is pending, incomplete or rejected")
	f.StringVar(&request.wait, "wait", "", "wait so `LONG` for the acknowledgment: a duration, 0s or forever")
	f.StringVar(&request.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	f.StringVar(&request.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
	request.format = "human"
	return cmd
}

func (a *app) retry(ctx context.Context, f *requestFlags, ids []string) error {
	wait, err := a.waitFlag(f)
	if err != nil {
		return err
	}
	_, store, hosts, err := a.open(ctx, f.key, f.token)
	if err != nil {
		return err
	}
	chosen, err := a.chosen(ctx, store, ids, outbox.Pending, outbox.Incomplete, outbox.Rejected)
	if err != nil {
		return err
	}
	var runs []*outbox.Run
	for _, r := range chosen {
		again, err := store.Retry(ctx, r.ID)
		var notNow *outbox.NotNowError
		if errors.As(err, &notNow) && len(chosen) > 1 {
			a.warn("%v", err)
			continue
		}
		if err != nil {
			return err
		}
		runs = append(runs, again)
	}
	if len(runs) == 0 {
		a.notice("Nothing to retry.")
		return nil
	}
	return a.deliver(ctx, store, hosts, delivery{runs: runs, wait: wait, format: f.format})
}

// chosen finds the runs with these IDs, or with none all of these statuses.
func (a *app) chosen(ctx context.Context, store *outbox.Store, ids []string, statuses ...outbox.Status) ([]*outbox.Run, error) {
	if len(ids) == 0 {
		return store.List(ctx, outbox.Query{Statuses: statuses})
	}
	runs := make([]*outbox.Run, 0, len(ids))
	for _, id := range ids {
		r, err := store.Find(ctx, id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}
