package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) submitCommand() *cobra.Command {
	var flags requestFlags
	cmd := &cobra.Command{
		Use:   "submit [flags] FILE...|-",
		Short: "Put results that exist already in the outbox, deliver them",
		Long: `Each FILE is one run: a harness's output, or a whole run request in JSON, which
is taken as it is. - reads standard input. What was measured is taken in above
the outbox's ceiling (max-size) too.`,
		Example: `  burrow submit --adapter go_bench bench.txt
  go test -bench . | burrow submit -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("no results: name files, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.submit(cmd.Context(), &flags, args) },
	}
	flags.register(cmd.Flags())
	return cmd
}

// submit reads and checks every file before it enqueues the first, so that bad
// input leaves nothing half done.
func (a *app) submit(ctx context.Context, f *requestFlags, names []string) error {
	wait, err := a.waitFlag(f)
	if err != nil {
		return err
	}
	if len(names) > 1 && f.idempotencyKey != "random" && f.idempotencyKey != outbox.KeyContent {
		return usage("--idempotency-key %s is one run's key: submit one file, or let burrow make the keys", f.idempotencyKey)
	}
	request, err := a.request(ctx, f)
	if err != nil {
		return err
	}
	var entries, piped []outbox.New
	var parts []*outbox.Unfinished
	for _, name := range names {
		if outbox.IsPart(name) {
			part, err := outbox.OpenPart(name)
			if err != nil {
				return err
			}
			defer part.Leave()
			entry, _, err := part.Draft.Freeze(part.Results, part.EndedAt)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			entries, parts = append(entries, entry), append(parts, part)
			continue
		}
		raw, err := a.readInput(name)
		if err != nil {
			return err
		}
		entry, summary, err := request.file(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, w := range summary.Warnings {
			a.warn("%s: %s", name, w)
		}
		entries = append(entries, entry)
		if name == "-" {
			piped = append(piped, entry)
		}
	}
	store, err := a.storeOrKeep(ctx, piped...)
	if err != nil {
		return err
	}
	runs, err := a.enqueueAll(ctx, store, entries)
	if err != nil {
		return err
	}
	for _, part := range parts {
		part.Discard()
	}
	for _, name := range names {
		if err := store.TakenUp(name); err != nil {
			a.warn("%s is in the outbox now, but could not be removed: %v", name, err)
		}
	}
	hosts, err := a.hosts(request.connection)
	if err != nil {
		return err
	}
	return a.deliver(ctx, store, hosts, f.delivery(runs, wait))
}

// file makes a run of one file.
func (r *request) file(raw []byte) (outbox.New, client.Summary, error) {
	draft := r.draft
	var err error
	if draft.ID, err = outbox.NewID(); err != nil {
		return outbox.New{}, client.Summary{}, fmt.Errorf("making the run's ID: %w", err)
	}
	text := harness.Text(raw)
	if trimmed := bytes.TrimSpace([]byte(text)); len(trimmed) > 0 && trimmed[0] == '{' {
		if client.IsRunRequest(trimmed) {
			return r.adopt(draft.ID, trimmed)
		}
		if !json.Valid(trimmed) {
			_, err := harness.ReadBMF(text) // says where it breaks
			return outbox.New{}, client.Summary{}, err
		}
	}
	draft.StartedAt = time.Now()
	return draft.Freeze([]string{text}, draft.StartedAt)
}
