package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"burrow/client"
	"burrow/outbox"
	"burrow/tui"

	"github.com/spf13/cobra"
)

func (a *app) statsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stats",
		Short:   "The outbox in figures",
		Example: "  burrow stats\n  burrow stats --json",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.stats(cmd.Context()) },
	}
}

type statsView struct {
	Counts          outbox.Counts `json:"counts"`
	Bytes           int64         `json:"bytes"`
	LiveBytes       int64         `json:"live_bytes"`
	OldestPendingAt instant       `json:"oldest_pending_at,omitzero"`
	DrainEstimateS  float64       `json:"drain_estimate_s"`
	Paused          []holdView    `json:"paused,omitempty"`
}

func (a *app) stats(ctx context.Context) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	s, err := store.Stats(ctx)
	if err != nil {
		return err
	}
	holds, err := store.Holds(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(statsView{s.Counts, s.Size.File, s.Size.Live, instant(s.OldestPending), s.Drain.Seconds(), holdViews(holds)})
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, status := range outbox.Statuses() {
		fmt.Fprintf(w, "%s %s\t%d\n", tui.Sign(status), status, s.Counts[status])
	}
	fmt.Fprintf(w, "file\t%s, of which %s are in use\n", mebibytes(s.Size.File), mebibytes(s.Size.Live))
	if !s.OldestPending.IsZero() {
		fmt.Fprintf(w, "oldest pending\t%s\n", ago(s.OldestPending, time.Now()))
	}
	if s.Drain > 0 {
		fmt.Fprintf(w, "draining takes\tabout %s at the server's pace\n", span(s.Drain))
	}
	for _, h := range holds {
		fmt.Fprintf(w, "paused\t%s, since %s\n", client.Plain(h.String(), 0), ago(h.Since, time.Now()))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}
