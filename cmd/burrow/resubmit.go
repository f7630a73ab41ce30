package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

	yes bool
}

func (a *app) resubmitCommand() *cobra.Command {
	var flags resubmitFlags
	cmd := &cobra.Command{
		Use:   "resubmit ID...",
		Short: "Make new runs of old ones: the same results under a new key, with changes",
		Long: `Makes a new run of an old one, with changes. Where the old one may be on its
server, burrow looks first: a whole report there is not doubled, and a short one
that was left behind is deleted where --mend allows it, else after asking.`,
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
	f.BoolVarP(&flags.yes, "yes", "y", false, "don't ask before a short report is deleted on the server")
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
	if f.hash != "" && !client.IsHash(f.hash) {
		return usage("--hash %q: a git hash has 40 hexadecimal digits", f.hash)
	}
	if f.to != "" && f.to != client.Local {
		if f.to, err = client.ParseHost(f.to); err != nil {
			return usage("--to: %w", err)
		}
	}
	connection, store, hosts, err := a.open(ctx, f.request.key, f.request.token)
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
	return a.deliver(ctx, store, hosts, delivery{runs: runs, wait: wait, format: f.request.format})
}

// again makes the new run, once nothing of the old one stands in the way.
func (a *app) again(ctx context.Context, store *outbox.Store, hosts *client.Hosts, c connection, f *resubmitFlags, r *outbox.Run) (*outbox.Run, error) {
	if !r.Status.Ended() {
		return nil, &outbox.NotNowError{Run: r, Why: "it may still be delivered: burrow cancel " + shortID(r.ID) + " first"}
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
	if _, err := client.Summarize(changed); err != nil { // before anything is deleted for it
		return nil, fmt.Errorf("run %s, changed like that, is no run that can be sent: %w; nothing was deleted", shortID(r.ID), err)
	}
	if !f.another(r) {
		if err := a.clearWay(ctx, store, hosts, r, f.yes); err != nil {
			return nil, err
		}
	}
	entry := outbox.New{
		ID: id, Body: changed, Host: firstOf(f.to, r.Host), Credential: r.Credential, Labels: r.Labels,
		Mend: r.Mend, Settle: r.Settle, Resubmits: &r.ID, Beside: f.another(r),
	}
	// The new host's own credential: without one the old run's stands, and the
	// new run waits for it rather than go out anonymously.
	if own := hosts.CredentialOf(entry.Host); !own.None() && (entry.Host == c.host || entry.Host != r.Host) {
		entry.Credential = own.Fingerprint()
	}
	run, err := a.enqueue(ctx, store, entry)
	if err == nil {
		a.notice("Run %s resubmits %s.", shortID(run.ID), shortID(r.ID))
	}
	return run, err
}

// another tells whether the new run is another report beside the old one's, not
// in its place: elsewhere, or of a run that was delivered as something else.
func (f *resubmitFlags) another(r *outbox.Run) bool {
	differs := func(value, old string) bool { return value != "" && value != old }
	if differs(f.to, r.Host) || differs(f.project, r.Project) {
		return true
	}
	return r.Status.Acknowledged() &&
		(differs(f.branch, r.Branch) || differs(f.testbed, r.Testbed) || differs(f.hash, r.Hash) || differs(f.adapter, r.Adapter))
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

// clearWay says what stood in the way of a second run of the same, and what
// became of it.
func (a *app) clearWay(ctx context.Context, store *outbox.Store, hosts *client.Hosts, r *outbox.Run, yes bool) error {
	look := func(agreed bool) (*outbox.Leftover, error) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		return store.ClearWay(ctx, hosts, r.ID, a.conf.mend, agreed)
	}
	left, err := look(yes)
	var stays *outbox.LeftoverError
	if errors.As(err, &stays) && terminal(a.in) && terminal(a.err) {
		if answer := a.ask(stays.Error() + ". Delete that report? [y/N] "); answer != "y" && answer != "yes" {
			return errors.New("nothing was resubmitted, and the report stays")
		}
		left, err = look(true)
	}
	switch {
	case left == nil:
	case left.Kept == "":
		a.notice("The report %s, which held %d of %d iterations, was deleted.", left.Report, left.Held, len(r.Iterations))
	default:
		a.warn("the report %s without these results stays on %s: %s", left.Report, r.Host, left.Kept)
	}
	return err
}
