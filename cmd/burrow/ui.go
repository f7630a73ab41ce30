package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"burrow/client"
	"burrow/outbox"
	"burrow/tui"

	"github.com/adrg/xdg"
	"github.com/cli/browser"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func (a *app) uiCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "tui",
		Short:   "The terminal UI, which also delivers (burrow alone does the same)",
		Example: "  burrow",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.openUI(cmd.Context()) },
	}
}

func (a *app) openUI(ctx context.Context) error {
	if a.conf.uiTrouble != nil {
		return a.conf.uiTrouble
	}
	if !terminal(a.in) || !terminal(a.out) {
		return usage("%w", errNoTerminal)
	}
	connection, store, hosts, err := a.open(ctx, "", "")
	if err != nil {
		return err
	}
	if err := store.Hasten(ctx, nil); err != nil {
		return err
	}
	return a.withSender(ctx, store, hosts, connection)
}

// withSender shows the UI with a sender beside it, which rests while the UI is
// suspended: another process may deliver then.
func (a *app) withSender(ctx context.Context, store *outbox.Store, hosts *client.Hosts, c connection) error {
	notices := make(chan string, 1) // a sender mends the outbox once
	sender := &resting{ctx: ctx, sender: &outbox.Sender{
		Store: store, Deliverer: hosts, Policy: a.policy(), Log: a.log, Retention: a.retention(), Measuring: a.quiet().Measuring,
		Told: func(words string) {
			select {
			case notices <- words:
			default:
			}
		},
	}}
	sender.wake()
	options := a.uiOptions(store, hosts, c)
	options.Notices = notices
	options.Suspend, options.Resume = func() { _ = sender.rest() }, sender.wake
	options.Delivery = func() tui.Delivery {
		if err := sender.trouble(); err != nil {
			return tui.Delivery{Why: err.Error()}
		}
		return tui.Delivery{On: true, Quiet: a.quiet().Measuring()}
	}
	err := a.keptReport(tui.Run(ctx, options))
	if sent := sender.rest(); err == nil {
		err = sent
	}
	return err
}

// keptReport writes a broken UI's stack to the log, and to a file that the
// error names.
func (a *app) keptReport(err error) error {
	var broken *tui.PanicError
	if !errors.As(err, &broken) {
		return err
	}
	a.log.Error("the terminal UI broke", "panic", fmt.Sprint(broken.Value), "stack", string(broken.Stack))
	file, failed := os.CreateTemp("", "burrow-crash-*.txt")
	if failed != nil {
		return err
	}
	_, failed = fmt.Fprintf(file, "burrow %s\n%v\n\n%s", version, broken.Value, broken.Stack)
	if errors.Join(failed, file.Close()) != nil {
		return err
	}
	return fmt.Errorf("%w; the outbox is safe, and burrow list and sync work on; what happened is in %s", err, file.Name())
}

// uiOptions give the UI what the command line does, in the command line's way.
func (a *app) uiOptions(store *outbox.Store, hosts *client.Hosts, c connection) tui.Options {
	ui := a.conf.UI
	o := tui.Options{
		Store: store, Host: c.host, Ping: hosts.Ping, NoColor: a.flags.color == "never", Input: a.in, Output: a.out,
		Project: firstOf(a.env("BENCHER_PROJECT"), a.conf.Project),
		Branch:  firstOf(a.env("BENCHER_BRANCH"), a.conf.Branch),
		Testbed: firstOf(a.env("BENCHER_TESTBED"), a.conf.Testbed),
		Keys:    ui.Keys, Colours: ui.Colors, Bell: ui.Bell, Mouse: ui.Mouse == nil || *ui.Mouse,
		OpenURL: openURL,
		RunJSON: func(r *outbox.Run) ([]byte, error) { return json.MarshalIndent(runJSON(r), "", "  ") },
	}
	if about, err := client.RunContext(context.Background(), "."); err == nil {
		o.Repository = client.RepositoryOf(about)
		o.Branch = firstOf(o.Branch, about[client.ContextBranchName])
	}
	o.Commands = ui.commands()
	cache := client.NewCache(filepath.Join(xdg.CacheHome, "burrow", "pages"), a.log)
	o.Browse = func(host string) (*client.Browser, error) { return hosts.Browse(host, hosts.CredentialOf(host), cache) }
	o.Export = func(ctx context.Context, q outbox.Query, path string) (runs, damaged int, err error) {
		err = writeWhole(path, func(to io.Writer) error {
			exported, left, err := store.Export(ctx, q, to)
			runs, damaged = exported, len(left)
			return err
		})
		return runs, damaged, err
	}
	o.Suggest = a.suggest
	o.Bench = func(ctx context.Context, t tui.Trial, live io.Writer) (*tui.Measured, error) {
		return a.within(live).bench(ctx, store, t)
	}
	o.Resubmit = func(ctx context.Context, id uuid.UUID, changes tui.Trial, agreed bool) (*outbox.Run, []string, error) {
		return a.resubmitChanged(ctx, store, hosts, c, id, changes, agreed)
	}
	return o
}

// openURL opens an address as the system does; what a browser says is not for
// the screen.
func openURL(_ context.Context, address string) error {
	if address == "" {
		return fmt.Errorf("the built-in server has no pages: burrow report shows what it holds")
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if err := browser.OpenURL(address); err != nil {
		return fmt.Errorf("no browser was opened (%w): the address is %s", err, address)
	}
	return nil
}

// within is the same burrow with its words on another stream and nobody to ask.
func (a *app) within(out io.Writer) *app {
	inner := &app{stdio: stdio{in: strings.NewReader(""), out: out, err: out}, env: a.env, flags: a.flags, conf: a.conf, log: a.log, apart: true, stored: a.stored}
	inner.flags.json = false
	return inner
}

// bench measures what the UI's form describes, and leaves the last word to the
// person.
func (a *app) bench(ctx context.Context, store *outbox.Store, t tui.Trial) (*tui.Measured, error) {
	f := &requestFlags{
		project: t.Project, branch: t.Branch, testbed: t.Testbed, adapter: t.Adapter,
		idempotencyKey: "random", format: "human", given: func(string) bool { return false },
	}
	bench := &benchmarkFlags{iter: 1, files: t.Paths(), keep: true}
	var args []string
	if t.Command != "" {
		args = []string{t.Command}
	}
	if err := bench.check(args); err != nil {
		return nil, &tui.UnfitError{Err: err}
	}
	request, err := a.request(ctx, f)
	if err != nil {
		return nil, &tui.UnfitError{Err: err}
	}
	if err := store.Room(ctx, a.conf.maxSize); err != nil {
		return nil, &tui.UnfitError{Err: err}
	}
	request.draft.Command = t.Command
	entry, done, err := a.measured(ctx, store, request, bench, args)
	if err != nil {
		return nil, err
	}
	summary, err := client.Summarize(entry.Body)
	if err != nil {
		done()
		return nil, err
	}
	return &tui.Measured{
		Body: entry.Body, Summary: summary, Host: entry.Host, Discard: done,
		Enqueue: func(ctx context.Context) (*outbox.Run, error) {
			run, err := a.enqueue(ctx, store, entry)
			if err == nil {
				done()
			}
			return run, err
		},
	}, nil
}

// resubmitChanged is burrow resubmit from the UI: what stands in a field is
// what the new run has, and what was told comes back as sentences.
func (a *app) resubmitChanged(ctx context.Context, store *outbox.Store, hosts *client.Hosts, c connection, id uuid.UUID, t tui.Trial, agreed bool) (*outbox.Run, []string, error) {
	old, err := store.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	f := &resubmitFlags{adapter: t.Adapter, project: t.Project, branch: t.Branch, testbed: t.Testbed, hash: t.Hash, to: t.Host, yes: agreed}
	if f.to != "" && f.to != client.Local {
		if f.to, err = client.ParseHost(f.to); err != nil {
			return nil, nil, err
		}
	}
	if f.to == old.Host {
		f.to = ""
	}
	if f.project == old.Project && !old.ProjectNamed {
		f.project = "" // it stays unnamed, as the server derived it
	}
	var told strings.Builder
	run, err := a.within(&told).again(ctx, store, hosts, c, f, old)
	return run, noticesIn(told.String()), err
}

// noticesIn are the sentences that were told of the old run; the new one the UI
// shows itself.
func noticesIn(told string) (notices []string) {
	for line := range strings.Lines(told) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "burrow: "); line != "" && !strings.HasPrefix(line, "Run ") {
			notices = append(notices, line)
		}
	}
	return notices
}

// suggest is what the form's fields begin with.
func (a *app) suggest(ctx context.Context) tui.Suggestions {
	s := tui.Suggestions{Defaults: tui.Trial{
		Project: firstOf(a.env("BENCHER_PROJECT"), a.conf.Project),
		Branch:  firstOf(a.env("BENCHER_BRANCH"), a.conf.Branch),
		Testbed: firstOf(a.env("BENCHER_TESTBED"), a.conf.Testbed),
		Adapter: firstOf(a.env("BENCHER_ADAPTER"), a.conf.Adapter),
	}}
	if s.Defaults.Branch == "" {
		if about, err := client.RunContext(ctx, "."); err == nil {
			s.Defaults.Branch = about[client.ContextBranchName]
		}
	}
	for _, kind := range []struct{ file, command string }{
		{"go.mod", "go test -run '^$' -bench . ./..."}, {"Cargo.toml", "cargo bench"}, {"Makefile", "make bench"},
	} {
		if _, err := os.Stat(kind.file); err == nil {
			s.Commands = append(s.Commands, kind.command)
		}
	}
	if own := a.env("BENCHER_CMD"); own != "" {
		s.Commands = append([]string{own}, s.Commands...)
	}
	return s
}
