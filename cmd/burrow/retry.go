package main

import (
	"context"
	"errors"
	"fmt"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) retryCommand() *cobra.Command {
	var request requestFlags
	all, claim := false, false
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
			return a.retry(cmd.Context(), &request, claim, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "every run that is pending, incomplete or rejected")
	f.BoolVar(&claim, "claim", false, "send anonymous runs that were refused with the credential at hand; it claims their organization")
	f.StringVar(&request.wait, "wait", "", "wait so `LONG` for the acknowledgment: a duration, 0s or forever")
	f.StringVar(&request.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	f.StringVar(&request.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
	request.format = "human"
	return cmd
}

func (a *app) retry(ctx context.Context, f *requestFlags, claim bool, ids []string) error {
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
		again, err := a.tryAgain(ctx, store, hosts, r, claim)
		var notNow *outbox.NotNowError
		if errors.As(err, &notNow) && len(ids) != 1 {
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

// tryAgain makes a run due. An anonymous one that was refused can go with a
// credential instead, if the person wants what that means.
func (a *app) tryAgain(ctx context.Context, store *outbox.Store, hosts *client.Hosts, r *outbox.Run, claim bool) (*outbox.Run, error) {
	credential := hosts.CredentialOf(r.Host)
	if r.Credential != "" || credential.None() || r.Reason != outbox.ReasonCredentialRefused {
		return store.Retry(ctx, r.ID)
	}
	if !claim && terminal(a.in) && terminal(a.err) {
		answer := a.ask(fmt.Sprintf("Run %s was enqueued without a credential. Send it with %s, which claims the organization of project %s? [y/N] ",
			shortID(r.ID), credential, client.Plain(r.Project, 64)))
		claim = answer == "y" || answer == "yes"
	}
	if !claim {
		a.notice("Run %s goes without a credential again (--claim sends it with %s).", shortID(r.ID), credential)
		return store.Retry(ctx, r.ID)
	}
	return store.RetryAs(ctx, r.ID, credential.Fingerprint())
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
