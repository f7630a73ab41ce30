package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

type resubmitFlags struct {
	request                                     requestFlags
	to, project, adapter, branch, testbed, hash string
}

func (a *app) resubmitCommand() *cobra.Command {
	var flags resubmitFlags
	cmd := &cobra.Command{
		Use:   "resubmit ID...",
		Short: "Make new runs of old ones: the same results under a new key, with changes",
		Long: `Makes a new run of an old one, with changes. Where the old one may be on its
server, burrow looks first: a whole report there is not doubled, and one that
was left behind without its results is deleted where that is allowed.`,
		Example: "  burrow resubmit 7b31a9c3 --adapter go_bench\n  burrow resubmit 7b31a9c3 --to https://bencher.example.com",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("%s takes runs' IDs (see burrow list)", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.resubmit(cmd.Context(), &flags, args) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "send to this `HOST`")
	f.StringVar(&flags.project, "project", "", "change the `PROJECT`")
	f.StringVar(&flags.adapter, "adapter", "", "change the `ADAPTER`")
	f.StringVar(&flags.branch, "branch", "", "change the `BRANCH`")
	f.StringVar(&flags.testbed, "testbed", "", "change the `TESTBED`")
	f.StringVar(&flags.hash, "hash", "", "change the `HASH`")
	f.StringVar(&flags.request.wait, "wait", "", "wait so `LONG` for the acknowledgment: a duration, 0s or forever")
	f.StringVar(&flags.request.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	f.StringVar(&flags.request.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
	flags.request.format = "human"
	return cmd
}

func (a *app) resubmit(ctx context.Context, f *resubmitFlags, ids []string) error {
	wait, err := a.waitFlag(&f.request)
	if err != nil {
		return err
	}
	if f.adapter != "" {
		if _, err := harness.ParseAdapter(f.adapter); err != nil {
			return usage("%w", err)
		}
	}
	if f.hash != "" && !isHash(f.hash) {
		return usage("--hash %q: a git hash has 40 hexadecimal digits", f.hash)
	}
	connection, err := a.connect(f.request.key, f.request.token, f.project)
	if err != nil {
		return err
	}
	if f.to != "" && f.to != client.Local {
		if f.to, err = client.ParseHost(f.to); err != nil {
			return usage("--to: %w", err)
		}
	}
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	hosts, err := a.hosts(connection)
	if err != nil {
		return err
	}
	old, err := a.chosen(ctx, store, ids)
	if err != nil {
		return err
	}
	var runs []*outbox.Run
	for _, r := range old {
		run, err := a.again(ctx, store, hosts, connection, f, r)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	return a.deliver(ctx, store, connection, delivery{runs: runs, wait: wait, format: f.request.format})
}

// again makes the new run, once nothing of the old one stands in the way.
func (a *app) again(ctx context.Context, store *outbox.Store, hosts *client.Hosts, c connection, f *resubmitFlags, r *outbox.Run) (*outbox.Run, error) {
	if !r.Status.Ended() {
		return nil, fmt.Errorf("run %s is %s and may still be delivered: burrow cancel %s first", r.ID, r.Status, shortID(r.ID))
	}
	elsewhere := f.to != "" && f.to != r.Host || f.project != "" && f.project != r.Project
	if !elsewhere && (r.MayBeThere || r.ReportLeft || r.Report != nil) {
		if err := a.clearWay(ctx, store, hosts, r); err != nil {
			return nil, err
		}
	}
	body, err := store.Body(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	id, err := outbox.NewID()
	if err != nil {
		return nil, err
	}
	changed, err := f.change(body, id)
	if err != nil {
		return nil, err
	}
	entry := outbox.New{
		ID: id, Body: changed, Host: firstOf(f.to, r.Host), Credential: r.Credential, Labels: r.Labels,
		Mend: r.Mend, Settle: r.Settle, Resubmits: &r.ID,
	}
	if entry.Host == c.host && !c.credential.None() {
		entry.Credential = c.credential.Fingerprint()
	}
	run, err := a.enqueue(ctx, store, entry)
	if err == nil {
		a.notice("Run %s resubmits %s.", shortID(run.ID), shortID(r.ID))
	}
	return run, err
}

// change returns the old bytes with a new key and what was asked for; every
// other field stays.
func (f *resubmitFlags) change(body []byte, key uuid.UUID) ([]byte, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("reading the old run: %w", err)
	}
	fields["idempotency_key"] = key.String()
	for name, value := range map[string]string{"project": f.project, "branch": f.branch, "testbed": f.testbed, "hash": f.hash} {
		if value != "" {
			fields[name] = value
		}
	}
	if f.adapter != "" {
		settings, _ := fields["settings"].(map[string]any)
		if settings == nil {
			settings = map[string]any{}
		}
		settings["adapter"] = f.adapter
		fields["settings"] = settings
	}
	return json.Marshal(fields)
}

// clearWay looks for what the old run may have left on its server: a whole
// report is noted and not doubled; a short one is deleted, if that may be.
func (a *app) clearWay(ctx context.Context, store *outbox.Store, hosts *client.Hosts, r *outbox.Run) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found, err := a.find(ctx, hosts, r)
	if err != nil {
		return fmt.Errorf("run %s may be on %s already, and that can't be looked up (%w): try again once it can be reached", r.ID, r.Host, err)
	}
	for _, report := range found {
		parcel := client.Parcel{
			Host: r.Host, Fingerprint: r.Credential, Report: report.UUID, ReportProject: report.Project.UUID,
			Want: client.Expectation{Summary: r.Summary, Shared: r.Shared},
		}
		if len(report.Iterations()) >= len(r.Iterations) {
			if !r.Status.Acknowledged() {
				if err := store.Acknowledge(ctx, r.ID, outbox.RefOf(&report)); err != nil {
					return err
				}
			}
			return fmt.Errorf("run %s is on %s already, whole, as report %s: there is nothing to resubmit (another --project or --to makes a copy)", r.ID, r.Host, report.UUID)
		}
		switch deletion := hosts.Delete(ctx, parcel); deletion.State {
		case client.Deleted:
			a.notice("The report %s, which held %d of %d iterations, was deleted.", report.UUID, len(report.Iterations()), len(r.Iterations))
		case client.DeleteRefused:
			a.warn("the report %s without these results stays on %s: %s", report.UUID, r.Host, deletion.Trouble.Message)
		case client.DeleteUnknown, client.DeleteUnsent:
			return fmt.Errorf("deleting the report %s that run %s left behind: %s", report.UUID, r.ID, deletion.Trouble.Message)
		}
	}
	return nil
}

// find lists the reports on the server that are the run's: measured at the
// same seconds, of the same hash, branch and testbed.
func (a *app) find(ctx context.Context, hosts *client.Hosts, r *outbox.Run) ([]client.Report, error) {
	api, err := hosts.API(r.Host)
	if err != nil {
		return nil, err
	}
	credential, ok := hosts.Credential(r.Host, r.Credential, "")
	if !ok {
		return nil, errors.New("no credential for it at hand: give it with --key")
	}
	listed, err := api.FindReports(ctx, credential, r.Project, r.StartTime, r.EndTime)
	if err != nil {
		return nil, err
	}
	var found []client.Report
	for _, report := range listed {
		same := report.StartTime.Unix() == r.StartTime.Unix() && report.EndTime.Unix() == r.EndTime.Unix() &&
			strings.EqualFold(report.Hash(), r.Hash) && strings.EqualFold(report.Branch.Name, r.Branch) && strings.EqualFold(report.Testbed.Name, r.Testbed)
		if same {
			found = append(found, report)
		}
	}
	return found, nil
}
