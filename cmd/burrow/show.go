package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show one run: request, status, report, results, history",
		Example: "  burrow show 7b31a9c3\n  burrow show --json 7b31a9c3 | jq .request",
		Args:    oneID,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.show(cmd.Context(), args[0]) },
	}
}

func oneID(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes one run's ID, or a part of it (see burrow list)", cmd.CommandPath())
	}
	return nil
}

func (a *app) show(ctx context.Context, text string) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	r, err := store.Find(ctx, text)
	if err != nil {
		return err
	}
	body, missing := store.Body(ctx, r.ID)
	if missing != nil && !errors.Is(missing, outbox.ErrPruned) && !errors.Is(missing, outbox.ErrDamaged) {
		return missing
	}
	history, err := store.History(ctx, r.ID)
	if err != nil {
		return err
	}
	if a.flags.json {
		view := runJSON(r)
		view.Request = body
		for _, attempt := range history {
			view.History = append(view.History, attemptJSON(attempt))
		}
		return a.printJSON(view)
	}
	if err := a.facts(r); err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\nResults")
	if missing != nil {
		fmt.Fprintf(a.out, "They are not here: %s.\n", client.Plain(missing.Error(), 0))
		if r.Report != nil {
			fmt.Fprintf(a.out, "burrow report %s shows what the server holds.\n", r.Report.UUID)
		}
	} else if err := a.printResults(r, nil, body); err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\nHistory")
	return a.timeline(history, false)
}

func (a *app) facts(r *outbox.Run) error {
	fmt.Fprintf(a.out, "%s\n\n", sentence(r, time.Now()))
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fact := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, client.Plain(text, 0))
		}
	}
	fact("ID", r.ID.String())
	fact("Key", r.Key.String())
	fact("Status", string(r.Status))
	fact("Reason", string(r.Reason))
	fact("Host", r.Host)
	fact("Project", r.Project)
	fact("Branch", r.Branch)
	fact("Start point", r.StartPoint)
	fact("Hash", r.Hash)
	fact("Testbed", r.Testbed)
	fact("Adapter", r.Adapter)
	fact("Credential", firstOf(r.Credential, "none (anonymous)"))
	for k, v := range r.Labels {
		fact("Label", k+"="+v)
	}
	fact("Measured", stamp(r.StartTime)+" to "+stamp(r.EndTime))
	fact("Enqueued", stamp(r.EnqueuedAt))
	fact("Size", strings.Join([]string{counted(r.Bytes, "byte"), counted(len(r.Iterations), "iteration"), counted(r.Benchmarks, "benchmark")}, ", "))
	if r.Report != nil {
		fact("Report", r.Report.UUID.String())
		fact("", r.ReportURL())
		fact("Created", stamp(r.Report.CreatedAt))
		fact("Acknowledged", stamp(r.AcknowledgedAt))
		if r.Report.AlertsTotal > 0 {
			fact("Alerts", fmt.Sprintf("%d, %d active", r.Report.AlertsTotal, r.Report.AlertsActive))
		}
		for _, alert := range r.Report.Alerts {
			fact("", alert.String())
		}
	}
	if r.ReportLeft {
		fact("Left behind", "a report without these results, under the key")
	}
	if r.Resubmits != nil {
		fact("Resubmits", r.Resubmits.String())
	}
	if r.ResubmittedAs != nil {
		fact("Resubmitted as", r.ResubmittedAs.String())
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the run: %w", err)
	}
	return nil
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05 MST")
}
