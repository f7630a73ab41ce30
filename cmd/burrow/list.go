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
	"burrow/tui"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type listFlags struct {
	statuses        []string
	project, branch string
	since           string
	limit           int
}

func (a *app) listCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "list [QUERY]",
		Short: "List the outbox, newest first",
		Long: `Lists the runs of the outbox, newest first. QUERY holds words that any field may
hold, and terms like status:rejected, branch:main, project:demo, since:2d and
alerts:active.`,
		Example: `  burrow list
  burrow list --status pending --status rejected
  burrow list --limit 0 --json since:1w branch:main`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.list(cmd.Context(), flags, strings.Join(args, " "))
		},
	}
	flags.filters(cmd.Flags())
	cmd.Flags().IntVar(&flags.limit, "limit", 50, "at most so many `RUNS`; 0: all")
	return cmd
}

// filters are the flags that choose runs.
func (flags *listFlags) filters(f *pflag.FlagSet) {
	f.StringArrayVar(&flags.statuses, "status", nil, "only runs of this `STATUS`; repeatable")
	f.StringVar(&flags.project, "project", "", "only runs of this `PROJECT`")
	f.StringVar(&flags.branch, "branch", "", "only runs of this `BRANCH`")
	f.StringVar(&flags.since, "since", "", "only runs enqueued since: 90m, 2d, 2026-11-25")
}

// chooses tells whether a flag chooses among the runs.
func (flags *listFlags) chooses() bool {
	return len(flags.statuses) > 0 || flags.project != "" || flags.branch != "" || flags.since != ""
}

// query chooses runs by flags and by what a person typed.
func (a *app) query(f listFlags, text string) (outbox.Query, error) {
	// Only flags filter, never the environment.
	query := outbox.Query{Host: a.flags.host, Project: f.project, Branch: f.branch, Limit: f.limit}
	if f.limit < 0 {
		return query, usage("--limit %d: use 0 for all", f.limit)
	}
	if query.Host != "" && query.Host != client.Local {
		host, err := client.ParseHost(query.Host)
		if err != nil {
			return query, usage("%w", err)
		}
		query.Host = host
	}
	for _, name := range f.statuses {
		status, err := outbox.ParseStatus(name)
		if err != nil {
			return query, usage("--status: %w", err)
		}
		query.Statuses = append(query.Statuses, status)
	}
	now := time.Now()
	if f.since != "" {
		since, err := outbox.ParseSince(f.since, now)
		if err != nil {
			return query, usage("--since: %w", err)
		}
		query.Since = since
	}
	query, err := query.ParseQuery(text, now)
	if err != nil {
		return query, usage("%w", err)
	}
	return query, nil
}

func (a *app) list(ctx context.Context, f listFlags, text string) error {
	query, err := a.query(f, text)
	if err != nil {
		return err
	}
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	runs, more, damage := a.listed(ctx, store, query)
	if damage != nil && !errors.Is(damage, outbox.ErrDamaged) {
		return damage
	}
	holds, err := store.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		a.notice("Paused: %s (burrow resume goes on).", client.Plain(h.String(), 0))
	}
	if more {
		defer a.notice("These are the first %d; --limit 0 lists all.", query.Limit)
	}
	if a.flags.json {
		for _, r := range runs {
			if err := a.printJSON(runJSON(r)); err != nil {
				return err
			}
		}
		return damage
	}
	if len(runs) == 0 && damage != nil {
		return damage
	}
	if len(runs) == 0 && (text != "" || f.chooses() || a.flags.host != "") {
		if unknown := query.UnknownField(); unknown != nil {
			a.notice("No run matches: %v.", unknown)
			return nil
		}
		a.notice("No run matches.")
		return nil
	}
	if len(runs) == 0 {
		a.notice("No runs. Run one: burrow run go test -run '^$' -bench . ./...")
		return nil
	}
	return errors.Join(a.table(runs, time.Now()), damage)
}

// listed reads the runs that a query chooses, and whether there are more. Where
// no run has its words, names that have their letters in order are looked for,
// as in the UI.
func (a *app) listed(ctx context.Context, store *outbox.Store, q outbox.Query) (runs []*outbox.Run, more bool, damage error) {
	limit := q.Limit
	if limit > 0 {
		q.Limit++
	}
	runs, damage = store.List(ctx, q)
	if len(runs) == 0 && damage == nil && len(q.Words) > 0 {
		q.Alike = true
		if runs, damage = store.List(ctx, q); len(runs) > 0 {
			a.notice("No run has these words; these have names like them.")
		}
	}
	if limit > 0 && len(runs) > limit {
		return runs[:limit], true, damage
	}
	return runs, false, damage
}

func (a *app) table(runs []*outbox.Run, now time.Time) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\t  STATUS\tREASON\tHOST\tPROJECT\tBRANCH\tRESULTS\tATTEMPTS\tENQUEUED")
	for _, r := range runs {
		reason := string(r.Reason)
		if r.Status == outbox.Pending && reason != "" {
			reason = waiting(r, now)
			if behind, found := strings.CutPrefix(string(r.Reason), "behind "); found {
				reason = "behind " + behind[max(0, len(behind)-12):]
			}
		}
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", shortID(r.ID), tui.Sign(r.Status), r.Status, firstOf(reason, "-"),
			client.Plain(r.Host, 40), client.Plain(r.Project, 32), client.Plain(r.Branch, 32), held(r), r.Attempts, ago(r.EnqueuedAt, now))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}

// held says how many benchmarks a run has, and how many of its iterations a
// short report holds.
func held(r *outbox.Run) string {
	if r.Status == outbox.Incomplete && r.Report != nil {
		return fmt.Sprintf("%d of %d iterations", r.Report.Iterations, len(r.Iterations))
	}
	text := "-"
	if r.Benchmarks > 0 {
		text = fmt.Sprint(r.Benchmarks)
	}
	if n := len(r.Iterations); n > 1 {
		text += fmt.Sprintf(" × %d", n)
	}
	return text
}
