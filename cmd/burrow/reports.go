package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

type reportsFlags struct {
	browseFlags
	branch, testbed, since string
	limit, page            int
}

func (a *app) reportsCommand() *cobra.Command {
	var flags reportsFlags
	cmd := &cobra.Command{
		Use:   "reports",
		Short: "List the reports that a server holds, newest first",
		Long: `Lists a project's reports by the time of measurement, newest first. What was read
before can be read again with no network: it comes from the cache, marked with
its age.`,
		Example: `  burrow reports --project demo
  burrow reports --project demo --branch main --since 2w --limit 0
  burrow reports --project demo --page 2 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.reports(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	flags.register(f)
	f.StringVar(&flags.branch, "branch", "", "only reports of this `BRANCH`")
	f.StringVar(&flags.testbed, "testbed", "", "only reports of this `TESTBED`")
	f.StringVar(&flags.since, "since", "", "only reports measured since: 90m, 2d, 2026-11-25")
	f.IntVar(&flags.limit, "limit", 20, "at most so many `REPORTS`; 0: all")
	f.IntVar(&flags.page, "page", 1, "the `PAGE` of so many")
	return cmd
}

func (a *app) reports(ctx context.Context, f reportsFlags) error {
	switch {
	case f.limit < 0:
		return usage("--limit %d: use 0 for all", f.limit)
	case f.page < 1:
		return usage("--page %d: pages are counted from 1", f.page)
	case f.page > 1 && (f.limit == 0 || f.limit > client.MaxPerPage):
		return usage("--page goes with a --limit of at most %d", client.MaxPerPage)
	}
	now, since := time.Now(), time.Time{}
	if f.since != "" {
		var err error
		if since, err = outbox.ParseSince(f.since, now); err != nil {
			return usage("--since: %w", err)
		}
	}
	b, err := a.browse(f.browseFlags)
	if err != nil {
		return err
	}
	project, err := b.project(ctx, f.browseFlags)
	if err != nil {
		return err
	}
	reports, total, err := b.reports(ctx, project, f, since)
	if err != nil {
		return err
	}
	b.tellAge()
	if a.flags.json {
		for _, r := range reports {
			if err := a.printJSON(r); err != nil {
				return err
			}
		}
		return nil
	}
	if len(reports) == 0 {
		a.notice("No reports.")
		return nil
	}
	if err := a.reportsTable(reports, now); err != nil {
		return err
	}
	before := (f.page - 1) * f.limit
	if shown := before + len(reports); f.limit > 0 && total > shown && len(reports) >= f.limit {
		a.notice("%d to %d of %d reports; --page %d shows the next.", before+1, shown, total, f.page+1)
	}
	return nil
}

// reports reads what the flags ask for, and how many reports there are. The
// list is in order of time, so what was measured before since is its end: the
// server is not asked for that, and the cache knows the same pages for any
// since.
func (b *browsing) reports(ctx context.Context, project string, f reportsFlags, since time.Time) (reports []client.Report, total int, err error) {
	filter := client.ReportFilter{Branch: f.branch, Testbed: f.testbed}
	read := func(ctx context.Context, p client.Paging) (client.Page[client.Report], error) {
		p.Number += f.page - 1
		page, err := b.Reports(ctx, project, filter, p)
		total = page.Total
		return page, err
	}
	for r, err := range client.Each(ctx, f.limit, read, b.from) {
		if err != nil {
			return nil, 0, err
		}
		if r.StartTime.Before(since) {
			return reports, len(reports), nil
		}
		if reports = append(reports, r); len(reports) == f.limit {
			break
		}
	}
	return reports, total, nil
}

func (a *app) reportsTable(reports []client.Report, now time.Time) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "MEASURED\tBRANCH\tVERSION\tTESTBED\tBENCHMARKS\tALERTS\tREPORT")
	for _, r := range reports {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", ago(r.StartTime, now), shown(r.Branch.Name, 32),
			versionOf(r.Branch.Head.Version), shown(r.Testbed.Name, 32), benchmarksOf(&r), alertsOf(&r), r.UUID)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}

// shown is a server's text in a cell; one of nothing but controls is a dash.
func shown(text string, limit int) string { return firstOf(client.Plain(text, limit), "-") }

// benchmarksOf counts a report's benchmarks, and its iterations if several.
func benchmarksOf(r *client.Report) string {
	held := r.Iterations()
	switch {
	case r.Counts == nil && r.Results == nil:
		return "?" // a server before 0.6.9 does not count
	case len(held) == 0:
		return "0"
	case len(held) == 1:
		return fmt.Sprint(held[0])
	}
	return fmt.Sprintf("%d × %d", slices.Max(held), len(held))
}

func alertsOf(r *client.Report) string {
	switch alerts := r.AlertCounts(); {
	case alerts.Total == 0:
		return "-"
	case alerts.Active == alerts.Total:
		return fmt.Sprint(alerts.Total)
	default:
		return fmt.Sprintf("%d (%d active)", alerts.Total, alerts.Active)
	}
}
