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
is taken as it is. - reads standard input.`,
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
	request, err := a.request(ctx, f)
	if err != nil {
		return err
	}
	var entries, piped []outbox.New
	for _, name := range names {
		raw, err := a.readInput(name)
		if err != nil {
			return err
		}
		entry, summary, err := request.file(raw, f.backdate)
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
	var runs []*outbox.Run
	for _, entry := range entries {
		run, err := a.enqueue(ctx, store, entry)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	hosts, err := a.hosts(request.connection)
	if err != nil {
		return err
	}
	return a.deliver(ctx, store, hosts, delivery{runs: runs, wait: wait, noSend: f.noSend, format: f.format})
}

// file makes a run of one file.
func (r *request) file(raw []byte, backdate int64) (outbox.New, client.Summary, error) {
	text := harness.Text(raw)
	if trimmed := bytes.TrimSpace([]byte(text)); len(trimmed) > 0 && trimmed[0] == '{' {
		if client.IsRunRequest(trimmed) {
			return r.adopt(trimmed)
		}
		if !json.Valid(trimmed) {
			_, err := harness.ReadBMF(text) // says where it breaks
			return outbox.New{}, client.Summary{}, err
		}
	}
	at := time.Now()
	if backdate != 0 {
		at = time.Unix(backdate, 0)
	}
	return r.freeze([]string{text}, at, at)
}
