package main

import (
	"context"
	"time"

	"burrow/outbox"

	"github.com/spf13/cobra"
)

type pruneFlags struct {
	bodies, runs string
	dry          bool
}

func (a *app) pruneCommand() *cobra.Command {
	var flags pruneFlags
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Drop acknowledged runs whose time is over",
		Long: `Drops the results of runs that were acknowledged more than 7 days ago, and the
rest of those of more than 90 days (keep-bodies and keep-runs in the
configuration). Runs that are not acknowledged are never touched. Burrow does
this by itself when it is idle. Age is counted by each server's own clock as far
as this machine's agrees, so runs of a server that has not been heard of since
stay; with --bodies or --runs this machine's clock alone counts.`,
		Example: "  burrow prune\n  burrow prune --runs 30d --dry-run",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.prune(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.bodies, "bodies", "", "drop results after so `LONG`: 12h, 7d, 2w, 0s (default keep-bodies, 7d)")
	f.StringVar(&flags.runs, "runs", "", "drop the rest after so `LONG` (default keep-runs, 90d)")
	f.BoolVar(&flags.dry, "dry-run", false, "only say what would be dropped")
	return cmd
}

func (a *app) prune(ctx context.Context, f pruneFlags) error {
	keep := a.retention()
	for _, one := range []struct {
		name, text string
		into       *time.Duration
	}{{"--bodies", f.bodies, &keep.Bodies}, {"--runs", f.runs, &keep.Runs}} {
		if one.text == "" {
			continue
		}
		d, err := parseKeep(one.text)
		if err != nil {
			return usage("%s: %w", one.name, err)
		}
		*one.into, keep.OwnClock = d, true
	}
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	done, err := store.Prune(ctx, keep, f.dry, func(p outbox.Pruned) {
		if terminal(a.err) && !f.dry {
			a.notice("%s pruned so far", counted(p.Runs+p.Bodies, "run"))
		}
	})
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(map[string]any{"runs": done.Runs, "bodies": done.Bodies, "dry_run": f.dry})
	}
	verb := "Dropped"
	if f.dry {
		verb = "Would drop"
	}
	a.notice("%s %s whole, and of %s the results alone.", verb, counted(done.Runs, "run"), counted(done.Bodies, "run"))
	if f.dry || done.Runs+done.Bodies == 0 {
		return nil
	}
	return a.compactIfAmple(ctx, store)
}

// compactIfAmple gives the room back that a prune freed, if it is worth it.
func (a *app) compactIfAmple(ctx context.Context, store *outbox.Store) error {
	if !store.Ample() {
		return nil
	}
	return a.compact(ctx, store)
}
