package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"burrow/client/harness"

	"github.com/spf13/pflag"
)

// measuring is set in a benchmark's environment: burrow commands inside it
// only enqueue, so that they don't disturb what is measured.
const measuring = "BURROW_MEASURING"

// maxFiles is how many files a run may name: bencher's own bound.
const maxFiles = 255

// benchmarkFlags are those of run that say what is run.
type benchmarkFlags struct {
	iter         uint32
	files, sizes []string
	buildTime    bool
	allowFailure bool
	shell, flag  string
	exec, dryRun bool
	keep         bool // one iteration too, while a person decides on it
}

func (b *benchmarkFlags) register(flags *pflag.FlagSet) {
	flags.Uint32Var(&b.iter, "iter", 1, "run the command so many `TIMES`")
	flags.StringArrayVar(&b.files, "file", nil, "read the results from `FILE` once the command is done; repeatable")
	flags.StringArrayVar(&b.sizes, "file-size", nil, "measure the size of `FILE` once the command is done; repeatable")
	flags.BoolVar(&b.buildTime, "build-time", false, "measure how long the command takes")
	flags.BoolVar(&b.allowFailure, "allow-failure", false, "pass over iterations that fail")
	flags.StringVar(&b.shell, "shell", "", "the `SHELL` for a command of one word")
	flags.StringVar(&b.flag, "flag", "", "the shell's `FLAG` before the command")
	flags.BoolVar(&b.exec, "exec", false, "run a command of one word without a shell")
	flags.BoolVar(&b.dryRun, "dry-run", false, "enqueue and send nothing: print the request")
}

// own tells whether the results are burrow's own measurements, in Bencher
// Metric Format, and not what a harness prints.
func (b *benchmarkFlags) own() bool { return b.buildTime || len(b.sizes) > 0 }

// piped tells whether the results come from standard input.
func (b *benchmarkFlags) piped(args []string) bool {
	return len(args) == 0 && len(b.files) == 0 && len(b.sizes) == 0
}

func (b *benchmarkFlags) check(args []string) error {
	switch {
	case b.iter == 0:
		return usage("--iter 0: a run has one iteration at least")
	case len(b.files) > 0 && b.own():
		return usage("--file gives a harness's results, --build-time and --file-size burrow's own: use one of them")
	case b.buildTime && len(args) == 0:
		return usage("--build-time needs a command to time")
	case b.exec && len(args) == 0:
		return usage("--exec needs a command to run")
	case len(b.files) > maxFiles || len(b.sizes) > maxFiles:
		return usage("more than %d files: split the run", maxFiles)
	case b.exec && (b.shell != "" || b.flag != ""):
		return usage("--exec runs the command without a shell: leave out --shell and --flag")
	}
	names := map[string]string{}
	for _, path := range b.sizes {
		name := filepath.Base(path)
		if other, twice := names[name]; twice {
			return usage("--file-size %s and %s have one name, which would be one benchmark: measure one of them, or a copy", other, path)
		}
		names[name] = path
	}
	return nil
}

// measure runs the command, so often as asked, and returns an element for each
// iteration, or for each file of each. Each finished iteration is handed to
// keep first.
func (a *app) measure(ctx context.Context, bench *benchmarkFlags, args []string, keep func([]string) error) ([]string, error) {
	if bench.piped(args) {
		return a.fromInput(bench.iter)
	}
	command := harness.Command{
		Argv: args, Shell: bench.shell, Flag: bench.flag, Exec: bench.exec,
		Env: []string{measuring + "=1"}, Apart: a.apart, Stdin: a.in, Stdout: a.out, Stderr: a.err,
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
				return results, err
			}
		}
		elements, err := a.elements(bench, command, output)
		if err != nil {
			return results, err
		}
		if err := keep(elements); err != nil {
			return results, err
		}
		results = append(results, elements...)
	}
	if len(results) == 0 {
		return nil, errors.New("every iteration failed: there is nothing to send")
	}
	return results, nil
}

// elements are the results of one iteration.
func (a *app) elements(bench *benchmarkFlags, command harness.Command, output harness.Output) ([]string, error) {
	switch {
	case len(bench.files) > 0:
		return a.readFiles(bench.files)
	case bench.own():
		element, err := ownMeasurements(bench, command, output.Took)
		return []string{element}, err
	}
	return []string{output.Stdout}, nil
}

// ownMeasurements is Bencher Metric Format of the time that the command took,
// in seconds, and of files' sizes in bytes. bencher rounds the time to 10 ms,
// by the wall clock; this one is monotonic, to the microsecond.
func ownMeasurements(bench *benchmarkFlags, command harness.Command, took time.Duration) (string, error) {
	type measures map[string]harness.Metric
	document := map[string]measures{}
	for _, path := range bench.sizes {
		info, err := os.Stat(path)
		if err != nil {
			return "", fmt.Errorf("measuring a file's size: %w", err)
		}
		document[filepath.Base(path)] = measures{"file-size": {Value: float64(info.Size())}}
	}
	if bench.buildTime {
		name := command.Line()
		if document[name] == nil {
			document[name] = measures{}
		}
		document[name]["build-time"] = harness.Metric{Value: float64(took.Microseconds()) / 1e6}
	}
	text, err := json.Marshal(document)
	return string(text), err
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
		raw, err := readFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the results: %w", err)
		}
		texts[i] = harness.Text(raw)
	}
	return texts, nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, name)
}

func readAll(r io.Reader, name string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, harness.MaxOutput+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(raw) > harness.MaxOutput {
		return nil, fmt.Errorf("%s is over %d MiB: no server takes that", name, harness.MaxOutput>>20)
	}
	return raw, nil
}
