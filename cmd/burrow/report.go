package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

type reportFlags struct {
	browseFlags
	format string
}

func (a *app) reportCommand() *cobra.Command {
	var flags reportFlags
	cmd := &cobra.Command{
		Use:   "report UUID|RUN",
		Short: "Show one report: results, changes against the baseline, boundaries, alerts",
		Long: `Shows a report that a server holds: by its own UUID, with its project; or by the ID
of the run that made it, or a part of that, which tells the rest. The Markdown is
fit for a comment on a pull request. With no network it comes from the cache,
marked with its age.`,
		Example: `  burrow report 7b31a9c3
  burrow report --project demo 01a2111b-50fd-7004-83c6-f8dafface769
  burrow report --format markdown 7b31a9c3 | gh pr comment --body-file -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s takes one report's UUID (see burrow reports) or one run's ID (see burrow list)", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.showReport(cmd.Context(), flags, args[0]) },
	}
	flags.register(cmd.Flags())
	cmd.Flags().StringVar(&flags.format, "format", "human", "`FORMAT`: human, json, html or markdown")
	return cmd
}

func (a *app) showReport(ctx context.Context, f reportFlags, text string) error {
	if known := []string{"human", "json", "html", "markdown"}; !slices.Contains(known, f.format) {
		return usage("--format %q: use human, json, html or markdown", f.format)
	}
	report, b, err := a.findReport(ctx, f.browseFlags, text)
	if err != nil {
		return err
	}
	b.tellAge()
	switch {
	case f.format == "json", a.flags.json:
		return a.printJSON(report)
	case f.format == "html":
		return writeReportHTML(a.out, report)
	case f.format == "markdown":
		return writeReportMarkdown(a.out, report)
	}
	return writeReportHuman(a.out, report)
}

// findReport reads the report that a run's ID or a report's own UUID names.
func (a *app) findReport(ctx context.Context, f browseFlags, text string) (*client.Report, *browsing, error) {
	run, err := a.runNamed(ctx, f, text)
	if err != nil {
		return nil, nil, err
	}
	if run != nil {
		return a.reportOf(ctx, f, run)
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %q, and it is no report's UUID (see burrow list, burrow reports)", outbox.ErrNotFound, text)
	}
	b, err := a.browse(f)
	if err != nil {
		return nil, nil, err
	}
	project, err := b.project(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	report, source, err := b.Report(ctx, project, id)
	b.from(source)
	return report, b, err
}

// runNamed is the run of that ID or, where no project is named, the one whose
// report bears that UUID; nil where the outbox has none. An outbox that can't
// be read is no trouble for a report's UUID.
func (a *app) runNamed(ctx context.Context, f browseFlags, text string) (*outbox.Run, error) {
	id, err := uuid.Parse(text)
	whole := err == nil
	store, err := a.store(ctx)
	if err != nil {
		if whole {
			a.log.Warn("the outbox can't be read", "error", err)
			return nil, nil
		}
		return nil, err
	}
	run, err := store.Find(ctx, text)
	if !errors.Is(err, outbox.ErrNotFound) {
		return run, err
	}
	if !whole || a.projectOf(f) != "" {
		return nil, nil
	}
	runs, err := store.List(ctx, outbox.Query{})
	if i := slices.IndexFunc(runs, func(r *outbox.Run) bool { return r.Report != nil && r.Report.UUID == id }); i >= 0 {
		return runs[i], err
	}
	return nil, err
}

// reportOf reads the report of a run from the run's own host.
func (a *app) reportOf(ctx context.Context, f browseFlags, run *outbox.Run) (*client.Report, *browsing, error) {
	id := shortID(run.ID)
	if run.Report == nil {
		return nil, nil, fmt.Errorf("run %s is %s and has no report yet: burrow show %s shows its results", id, run.Status, id)
	}
	c, err := a.connect(f.key, f.token, "")
	if err != nil {
		return nil, nil, err
	}
	hosts, err := a.hosts(c)
	if err != nil {
		return nil, nil, err
	}
	// Who may read it: the credential that it was sent with, else any of the
	// host's. A reader without one sees what is public.
	credential, ok := hosts.Credential(run.Host, run.Credential, "")
	if !ok || credential.None() {
		credential = hosts.CredentialOf(run.Host)
	}
	b, err := a.browseHost(hosts, run.Host, credential)
	if err != nil {
		return nil, nil, err
	}
	report, source, err := b.Report(ctx, run.Report.Project.String(), run.Report.UUID)
	b.from(source)
	if unreachable := (*client.UnreachableError)(nil); errors.As(err, &unreachable) {
		err = fmt.Errorf("%w, and the report is not in the cache: burrow show %s shows what was sent", err, id)
	}
	return report, b, err
}
