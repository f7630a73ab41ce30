package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	var request requestFlags
	var bench benchmarkFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [COMMAND [ARG...]]",
		Short: "Run a benchmark, keep its results in the outbox, deliver them",
		Long: `Runs a benchmark, puts its results in the outbox and delivers them.

Everything from the first word that is no flag belongs to the command. One word
is given to a shell. With no command and no --file the results come from
standard input. The run is on the disk before anything is sent: with no network
it waits in the outbox, and burrow sync delivers it later.`,
		Example: `  burrow run go test -run '^$' -bench . ./...
  burrow run --project demo --adapter json --file results.json
  burrow run --iter 3 --fold min 'make bench'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.benchmark(cmd.Context(), &request, &bench, args)
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	request.register(flags)
	bench.register(flags)
	return cmd
}

func (a *app) benchmark(ctx context.Context, f *requestFlags, bench *benchmarkFlags, args []string) error {
	if len(args) == 0 && a.env("BENCHER_CMD") != "" {
		args = []string{a.env("BENCHER_CMD")}
	}
	if err := bench.check(args); err != nil {
		return err
	}
	wait, err := a.waitFlag(f)
	if err != nil {
		return err
	}
	request, err := a.request(ctx, f)
	if err != nil {
		return err
	}
	if err := request.fit(f, bench); err != nil {
		return err
	}
	request.draft.Command = strings.Join(args, " ")
	if bench.dryRun {
		return a.dryRun(ctx, request, bench, args)
	}
	var store *outbox.Store
	piped := bench.piped(args)
	if !piped { // before the benchmark: an outbox that can't be used costs no measurement
		if store, err = a.store(ctx); err != nil {
			return err
		}
		if err := store.Room(ctx, a.conf.maxSize); err != nil {
			return err
		}
		if err := store.CheckKey(ctx, request.draft); err != nil {
			return err
		}
		a.leftBehind(ctx, store)
	}
	entry, done, err := a.measured(ctx, store, request, bench, args)
	if err != nil {
		return err
	}
	if piped { // that benchmark has run already
		if store, err = a.storeOrKeep(ctx, entry); err != nil {
			return err
		}
	}
	run, err := a.enqueue(ctx, store, entry)
	if err != nil {
		return err
	}
	done()
	hosts, err := a.hosts(request.connection)
	if err != nil {
		return err
	}
	return a.deliver(ctx, store, hosts, f.delivery([]*outbox.Run{run}, wait))
}

// dryRun measures and prints the request.
func (a *app) dryRun(ctx context.Context, request *request, bench *benchmarkFlags, args []string) error {
	entry, _, err := a.measured(ctx, nil, request, bench, args)
	if err != nil {
		return err
	}
	a.notice("Dry run: nothing was enqueued.")
	_, err = fmt.Fprintln(a.out, string(entry.Body))
	return err
}

// measured runs the benchmark and freezes its results. Without an outbox yet,
// iterations are not kept as they finish. The returned function is called once
// the run is safe elsewhere.
func (a *app) measured(ctx context.Context, store *outbox.Store, request *request, bench *benchmarkFlags, args []string) (outbox.New, func(), error) {
	quiet, err := a.quiet().Measure(ctx)
	if err != nil {
		a.warn("%v; other burrow processes may send while this benchmark runs", err)
		quiet = func() {}
	}
	defer quiet()
	gathering, err := client.NewGathering(request.draft.Request.Settings)
	if err != nil {
		return outbox.New{}, nil, err
	}
	request.draft.StartedAt = time.Now()
	kept := a.keepParts(store, request, bench)
	results, err := a.measure(ctx, bench, args, func(elements []string) error {
		for _, element := range elements {
			if _, err := gathering.Add(element); err != nil {
				return err // now, not after the last iteration: those before it stay
			}
		}
		return kept.add(elements)
	})
	end := time.Now()
	quiet()
	if err != nil {
		if results, err = kept.interrupted(ctx, results, err); err != nil {
			return outbox.New{}, nil, err
		}
	}
	entry, summary, err := request.draft.Freeze(results, end)
	if err != nil {
		kept.discard()
		return outbox.New{}, nil, err
	}
	for _, w := range summary.Warnings {
		a.warn("%s", w)
	}
	return entry, kept.discard, nil
}

// forever is a wait without an end.
const forever = time.Duration(math.MaxInt64)

// waitFlag is how long the command waits for the acknowledgment; negative:
// nothing was asked, so a few seconds and no failure.
func (a *app) waitFlag(f *requestFlags) (time.Duration, error) {
	switch {
	case f.wait == "" && (a.env("CI") != "" || f.format != "human" || f.errorOnAlert):
		return 15 * time.Minute, nil // a CI machine takes its outbox with it
	case f.wait == "":
		return -1, nil
	case f.wait == "forever":
		return forever, nil
	}
	wait, err := time.ParseDuration(f.wait)
	if err != nil || wait < 0 {
		return 0, usage("--wait %q: use a duration like 30s or 5m, 0s, or forever", f.wait)
	}
	return wait, nil
}
