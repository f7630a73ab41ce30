package main

import (
	"context"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

// pauseCommands hold delivery back for every process, and let it go on. Only
// flags choose what, never the environment: a variable must not narrow a pause.
func (a *app) pauseCommands() []*cobra.Command {
	var paused, resumed string
	pause := &cobra.Command{
		Use:   "pause",
		Short: "Hold delivery back, for every process: of everything, a host, a project",
		Long: `Holds delivery back until burrow resume, for every process of this outbox.
Attempts in flight end by themselves; runs are still accepted.`,
		Example: "  burrow pause\n  burrow pause --host https://bencher.example.com --project demo",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.pause(cmd.Context(), paused)
		},
	}
	resume := &cobra.Command{
		Use:     "resume",
		Short:   "Go on with delivery that was paused",
		Example: "  burrow resume\n  burrow resume --project demo",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.resume(cmd.Context(), resumed)
		},
	}
	pause.Flags().StringVar(&paused, "project", "", "only this `PROJECT`")
	resume.Flags().StringVar(&resumed, "project", "", "only holds of this `PROJECT`")
	return []*cobra.Command{pause, resume}
}

// namedHost is the host of the --host flag, in the form that runs bear, or "".
func (a *app) namedHost() (string, error) {
	if a.flags.host == "" || a.flags.host == client.Local {
		return a.flags.host, nil
	}
	host, err := client.ParseHost(a.flags.host)
	if err != nil {
		return "", usage("%w", err)
	}
	return host, nil
}

func (a *app) pause(ctx context.Context, project string) error {
	host, err := a.namedHost()
	if err != nil {
		return err
	}
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	if _, err := store.Pause(ctx, host, project); err != nil {
		return err
	}
	holds, err := store.Holds(ctx)
	if err != nil {
		return err
	}
	return a.tellHolds(holds, "Paused: %s (%s).")
}

func (a *app) resume(ctx context.Context, project string) error {
	host, err := a.namedHost()
	if err != nil {
		return err
	}
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	lifted, err := store.Resume(ctx, host, project)
	if err != nil {
		return err
	}
	left, err := store.Holds(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.flags.json:
	case len(lifted) == 0 && len(left) > 0:
		a.notice("That is not paused by itself; these are: burrow resume lifts all of them.")
		return a.tellHolds(left, "Paused: %s (%s).")
	case len(lifted) == 0:
		a.notice("Nothing was paused.")
		return nil
	}
	return a.tellHolds(lifted, "Goes on: %s, paused %s.")
}

// holdView is a hold as JSON.
type holdView struct {
	Host    string  `json:"host"`    // "": every host
	Project string  `json:"project"` // "": every project
	Since   instant `json:"since"`
}

func holdViews(holds []outbox.Hold) (views []holdView) {
	for _, h := range holds {
		views = append(views, holdView{h.Host, h.Project, instant(h.Since)})
	}
	return views
}

// tellHolds prints each hold, in these words: what it holds, since when.
func (a *app) tellHolds(holds []outbox.Hold, words string) error {
	for i, h := range holds {
		if a.flags.json {
			if err := a.printJSON(holdViews(holds)[i]); err != nil {
				return err
			}
			continue
		}
		a.notice(words, client.Plain(h.String(), 0), ago(h.Since, time.Now()))
	}
	return nil
}
