package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// app is what the commands share: flags, configuration, streams.
type app struct {
	stdio
	env   func(string) string
	flags globalFlags
	conf  config
	log   *slog.Logger
	done  []func()

	apart bool // commands that it runs have no terminal: the UI has it

	stored func() *client.StoredCredentials // read once
	plain  sync.Once                        // the warning about plain HTTP
}

type globalFlags struct {
	outbox, config, host, color, logFile, logLevel string
	json, quiet, insecureHost                      bool
}

// run executes one command line and returns its exit status.
func run(ctx context.Context, args []string, std stdio, env func(string) string) int {
	a := &app{stdio: std, env: env, log: slog.New(slog.DiscardHandler)}
	root := a.command()
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.ExecuteContext(ctx)
	for _, done := range a.done {
		done()
	}
	return a.report(err)
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "burrow",
		Short: "Benchmark runs reach Bencher exactly once, whole",
		Long: `burrow runs benchmarks, keeps their results in a durable outbox and delivers
them to a Bencher server exactly once, however often the machine, the network
or the server fails in between. Without a command it opens the terminal UI.`,
		Example: `  burrow run go test -run '^$' -bench . ./...
  burrow list
  burrow sync`,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		Args:                       noCommand,
		PersistentPreRunE:          func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
		RunE:                       func(cmd *cobra.Command, _ []string) error { return a.openUI(cmd.Context()) },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.flags.outbox, "outbox", "", "the outbox `FILE` (BURROW_OUTBOX)")
	flags.StringVar(&a.flags.config, "config", "", "the configuration `FILE` (BURROW_CONFIG)")
	flags.StringVar(&a.flags.host, "host", "", "the server's `URL`, or local for the built-in one (BENCHER_HOST)")
	flags.BoolVar(&a.flags.insecureHost, "insecure-host", false, "don't check the certificate of the HTTPS host")
	flags.BoolVar(&a.flags.json, "json", false, "print JSON: an object a line for lists, one object else")
	flags.BoolVarP(&a.flags.quiet, "quiet", "q", false, "no notices on stderr")
	flags.StringVar(&a.flags.color, "color", "auto", "`WHEN` to colour: auto, always or never")
	flags.StringVar(&a.flags.logFile, "log-file", "", "append a log to `FILE`")
	flags.StringVar(&a.flags.logLevel, "log-level", "", "`LEVEL` of the log: debug, info (default), warn or error")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w: see %s --help", plainFlagError(err), cmd.CommandPath())
	})
	root.AddCommand(
		a.runCommand(), a.submitCommand(), a.listCommand(), a.showCommand(), a.historyCommand(), a.syncCommand(),
		a.retryCommand(), a.cancelCommand(), a.resubmitCommand(), a.serveCommand(), a.demoCommand(),
		a.configCommand(), a.versionCommand(), a.uiCommand(), a.authCommand(),
		a.reportsCommand(), a.reportCommand(), a.perfCommand(), a.verifyCommand(),
		a.exportCommand(), a.importCommand(), a.deleteCommand(), a.pruneCommand(), a.compactCommand(), a.statsCommand(), a.doctorCommand(),
	)
	root.AddCommand(a.pauseCommands()...)
	return root
}

// plainFlagError says what a flag takes, in place of what Go's parsers say.
func plainFlagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	takes := map[string]string{"duration": "a duration like 30s or 2m", "int": "a whole number", "int64": "a whole number", "uint32": "a whole number from 0", "bool": "true or false"}[invalid.GetFlag().Value.Type()]
	if takes == "" {
		return err
	}
	return fmt.Errorf("--%s %q: it takes %s", invalid.GetFlag().Name, invalid.GetValue(), takes)
}

// noCommand turns an unknown command into a usage error with a suggestion.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %s?)", near[0])
	}
	return usage("unknown command %q%s: see burrow --help", args[0], hint)
}

// prepare reads the configuration before any command.
func (a *app) prepare(cmd *cobra.Command) error {
	switch a.flags.color {
	case "auto", "always", "never":
	default:
		return usage("--color %q: use auto, always or never", a.flags.color)
	}
	conf, err := loadConfig(firstOf(a.flags.config, a.env("BURROW_CONFIG")))
	if err != nil {
		return err
	}
	a.conf = conf
	a.stored = sync.OnceValue(func() *client.StoredCredentials { return a.loadCredentials(cmd.Context()) })
	return a.openLog()
}

// store opens the outbox.
func (a *app) store(ctx context.Context) (*outbox.Store, error) {
	path, err := a.outboxPath()
	if err != nil {
		return nil, err
	}
	store, err := outbox.Open(ctx, path)
	if errors.Is(err, outbox.ErrNotAnOutbox) && a.ownPath() {
		store, err = a.setAside(ctx, path, err)
	}
	if err != nil {
		return nil, err
	}
	for _, notice := range store.Notices {
		a.warn("%s", notice)
	}
	return store, nil
}

// setAside moves away what stands at burrow's own place and is no outbox; a
// file that a person named is left as it is.
func (a *app) setAside(ctx context.Context, path string, why error) (*outbox.Store, error) {
	aside := path + ".not-an-outbox-" + time.Now().UTC().Format("20060102T150405Z")
	if err := os.Rename(path, aside); err != nil {
		return nil, fmt.Errorf("%w (it could not be set aside: %w)", why, err)
	}
	a.warn("what stood at %s was no outbox: it is kept as %s, and a new outbox begins", path, aside)
	return outbox.Open(ctx, path)
}

func (a *app) agent() string { return "burrow/" + version }

// hosts returns the deliverer with the credentials at hand. The credential of
// a flag or a variable belongs to the host given with it, else to the default.
func (a *app) hosts(c connection) (*client.Hosts, error) {
	transport, err := a.localTransport()
	if err != nil {
		return nil, err
	}
	credentials := client.NewCredentials(c.host, c.given...).WithStored(a.stored())
	for _, trouble := range a.stored().Troubles() {
		a.warn("%v", trouble)
	}
	hosts := client.NewHosts(a.agent(), credentials, transport)
	hosts.Dial(c.host, c.dialing)
	a.done = append(a.done, hosts.Close)
	return hosts, nil
}

// open finds the host and the credential, and opens the outbox and the way to
// servers, for a command that acts on runs that are there.
func (a *app) open(ctx context.Context, key, token string) (c connection, store *outbox.Store, hosts *client.Hosts, err error) {
	if c, err = a.connect(key, token, ""); err != nil {
		return c, nil, nil, err
	}
	if store, err = a.store(ctx); err != nil {
		return c, nil, nil, err
	}
	hosts, err = a.hosts(c)
	return c, store, hosts, err
}

func (a *app) policy() outbox.Policy {
	return outbox.Policy{Mend: a.conf.mend, Settle: a.conf.settle}
}

// quiet is the lock that keeps senders from disturbing a benchmark: in the
// user's runtime folder, so that it spans every outbox.
func (a *app) quiet() *outbox.Quiet {
	folder := a.env("XDG_RUNTIME_DIR")
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		folder = filepath.Join(os.TempDir(), fmt.Sprintf("burrow-%d", os.Getuid()))
	}
	return outbox.NewQuiet(filepath.Join(folder, "burrow"))
}

// notice tells the person something on stderr.
func (a *app) notice(format string, args ...any) {
	if !a.flags.quiet {
		fmt.Fprintf(a.err, format+"\n", fitToTell(args)...)
	}
}

// fitToTell makes the texts among the arguments of a sentence fit for a terminal:
// names of benchmarks, branches and files are in them, and servers' words. Only
// the sentence itself breaks lines.
func fitToTell(args []any) []any {
	clean := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case error:
			clean[i] = client.Harmless(v.Error())
		case string:
			clean[i] = client.Harmless(v)
		case harness.Warning:
			clean[i] = client.Harmless(string(v))
		default:
			clean[i] = arg
		}
	}
	return clean
}

// warn is a notice that stands out.
func (a *app) warn(format string, args ...any) { a.notice("burrow: "+format, args...) }

// terminal tells whether a stream is a person's terminal.
func terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(file.Fd())
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

var errNoTerminal = errors.New("the terminal UI needs a terminal: use burrow list, show, history and sync in scripts")
