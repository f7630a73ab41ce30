package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"burrow/client/harness"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

// measuring is set in a benchmark's environment: burrow commands inside it
// only enqueue, so that they don't disturb what is measured.
const measuring = "BURROW_MEASURING"

// benchmarkFlags are those of run that say what is run.
type benchmarkFlags struct {
	iter         uint32
	files        []string
	allowFailure bool
	shell, flag  string
	exec, dryRun bool
}

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
	flags.Uint32Var(&bench.iter, "iter", 1, "run the command so many `TIMES`")
	flags.StringArrayVar(&bench.files, "file", nil, "read the results from `FILE` once the command is done; repeatable")
	flags.BoolVar(&bench.allowFailure, "allow-failure", false, "pass over iterations that fail")
	flags.StringVar(&bench.shell, "shell", "", "the `SHELL` for a command of one word")
	flags.StringVar(&bench.flag, "flag", "", "the shell's `FLAG` before the command")
	flags.BoolVar(&bench.exec, "exec", false, "run a command of one word without a shell")
	flags.BoolVar(&bench.dryRun, "dry-run", false, "enqueue and send nothing")
	return cmd
}

func (a *app) benchmark(ctx context.Context, f *requestFlags, bench *benchmarkFlags, args []string) error {
	wait, err := a.waitFlag(f)
	if err != nil {
		return err
	}
	request, err := a.request(ctx, f)
	if err != nil {
		return err
	}
	if bench.iter == 0 {
		return usage("--iter 0: a run has one iteration at least")
	}
	if len(args) == 0 && a.env("BENCHER_CMD") != "" {
		args = []string{a.env("BENCHER_CMD")}
	}
	piped := len(args) == 0 && len(bench.files) == 0
	var store *outbox.Store
	if !piped { // before the benchmark: an outbox that can't be used costs no measurement
		if store, err = a.store(ctx); err != nil {
			return err
		}
	}
	start := time.Now()
	results, err := a.measure(ctx, bench, args)
	if err != nil {
		return err
	}
	end := time.Now()
	if f.backdate != 0 {
		start, end = time.Unix(f.backdate, 0), time.Unix(f.backdate, 0).Add(end.Sub(start))
	}
	entry, summary, err := request.freeze(results, start, end)
	if err != nil {
		return err
	}
	for _, w := range summary.Warnings {
		a.warn("%s", w)
	}
	if bench.dryRun {
		a.notice("Dry run: nothing was enqueued.")
		_, err := fmt.Fprintln(a.out, string(entry.Body))
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
	hosts, err := a.hosts(request.connection)
	if err != nil {
		return err
	}
	return a.deliver(ctx, store, hosts, delivery{runs: []*outbox.Run{run}, wait: wait, noSend: f.noSend, format: f.format})
}

// measure runs the command, so often as asked, and returns an element for each
// iteration, or for each file of each.
func (a *app) measure(ctx context.Context, bench *benchmarkFlags, args []string) ([]string, error) {
	if len(args) == 0 && len(bench.files) == 0 {
		return a.fromInput(bench.iter)
	}
	command := harness.Command{
		Argv: args, Shell: bench.shell, Flag: bench.flag, Exec: bench.exec,
		Env: []string{measuring + "=1"}, Stdin: a.in, Stdout: a.out, Stderr: a.err,
	}
	if a.flags.json || bench.dryRun {
		command.Stdout = a.err // standard output is for the result
	}
	var results []string
	for range bench.iter {
		var output harness.Output
		if len(args) > 0 {
			var err error
			output, err = harness.Run(ctx, command)
			var failed *harness.FailedError
			if errors.As(err, &failed) && failed.Code >= 0 && bench.allowFailure {
				a.warn("%v: this iteration is passed over", err)
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		elements := []string{output.Stdout}
		if len(bench.files) > 0 {
			var err error
			if elements, err = a.readFiles(bench.files); err != nil {
				return nil, err
			}
		}
		results = append(results, elements...)
	}
	if len(results) == 0 {
		return nil, errors.New("every iteration failed: there is nothing to send")
	}
	return results, nil
}

func (a *app) fromInput(iter uint32) ([]string, error) {
	if terminal(a.in) {
		return nil, usage("nothing to run: name a command, a results file with --file, or pipe the results in")
	}
	raw, err := readAll(a.in, "standard input")
	if err != nil {
		return nil, err
	}
	var results []string
	for range iter {
		results = append(results, harness.Text(raw))
	}
	return results, nil
}

func (a *app) readFiles(names []string) ([]string, error) {
	texts := make([]string, len(names))
	for i, name := range names {
		raw, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			return nil, fmt.Errorf("reading the results: %w", err)
		}
		texts[i] = harness.Text(raw)
	}
	return texts, nil
}

// maxInput bounds what is read of a results file: twice what a server takes,
// since a file in UTF-16 is twice its text.
const maxInput = 64 << 20

func readAll(r io.Reader, name string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(raw) > maxInput {
		return nil, fmt.Errorf("%s is over %d MiB: no server takes that", name, maxInput>>20)
	}
	return raw, nil
}

// forever is a wait without an end.
const forever = time.Duration(math.MaxInt64)

// waitFlag is how long the command waits for the acknowledgment; negative:
// nothing was asked, so a few seconds and no failure.
func (a *app) waitFlag(f *requestFlags) (time.Duration, error) {
	switch {
	case f.wait == "" && (a.env("CI") != "" || f.format != "human"):
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
