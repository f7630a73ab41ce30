package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

type doctorFlags struct{ repair, yes, offline bool }

func (a *app) doctorCommand() *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong: the outbox, its disk, the host, the credential",
		Long: `Checks every invariant of the outbox and what delivery needs. --repair builds the
outbox anew from what can be read, with every index, and keeps the old file
beside it; it is safe at any time. Exit status 1: something is wrong.`,
		Example: "  burrow doctor\n  burrow doctor --repair",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.repair, "repair", false, "build the outbox anew where something is wrong with it")
	f.BoolVarP(&flags.yes, "yes", "y", false, "don't ask before that")
	f.BoolVar(&flags.offline, "offline", false, "don't ask the host")
	return cmd
}

// finding is one thing that was looked at. A worry is worth knowing, and no
// failure.
type finding struct {
	Check   string `json:"check"`
	State   string `json:"state"` // ok, worry or wrong
	Message string `json:"message"`
}

const (
	fine  = "ok"
	worry = "worry"
	wrong = "wrong"
)

// examination gathers findings and shows each as it comes.
type examination struct {
	app   *app
	found []finding
}

func (e *examination) say(check, state, format string, args ...any) {
	f := finding{check, state, client.Plain(fmt.Sprintf(format, args...), 0)}
	e.found = append(e.found, f)
	if e.app.flags.json {
		_ = e.app.printJSON(f)
		return
	}
	fmt.Fprintf(e.app.out, "%-6s %-11s %s\n", f.State, f.Check, f.Message)
}

func (a *app) doctor(ctx context.Context, f doctorFlags) error {
	e := &examination{app: a}
	e.config()
	path, err := a.outboxPath()
	if err != nil {
		return err
	}
	e.places(path)
	if store, err := a.store(ctx); err != nil {
		e.say("outbox", wrong, "%v%s", err, remedy(err))
	} else if err := e.outbox(ctx, store, f); err != nil {
		return err
	}
	e.host(ctx, f)
	e.tools()
	if slices.ContainsFunc(e.found, func(f finding) bool { return f.State == wrong }) {
		return exit(exitFailure)
	}
	return nil
}

func (e *examination) config() {
	if e.app.conf.uiTrouble != nil {
		e.say("config", wrong, "%v (only the terminal UI minds)", e.app.conf.uiTrouble)
		return
	}
	if e.app.conf.path == "" {
		e.say("config", fine, "no configuration file: the defaults hold (burrow config show)")
		return
	}
	e.say("config", fine, "%s", e.app.conf.path)
}

// places looks at where the outbox lies.
func (e *examination) places(path string) {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.say("folder", fine, "%s will be made", folder)
		return
	case err != nil:
		e.say("folder", wrong, "%v", err)
		return
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		e.say("folder", worry, "%s can be written by others (%v): chmod go-w %s", folder, info.Mode().Perm(), folder)
	default:
		e.say("folder", fine, "%s", folder)
	}
	if kind, remote := outbox.RemoteDisk(folder); remote {
		e.say("disk", worry, "%s lies on %s, whose locks can't be trusted: name a local file with --outbox", folder, kind)
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		e.say("outbox", worry, "%s can be read by others (%v): chmod 600 %s", path, info.Mode().Perm(), path)
	}
	for _, kept := range besides(path) {
		e.say("kept", worry, "%s is kept from before: remove it once you don't need it", kept)
	}
}

// besides are the files that migrations and repairs kept.
func besides(path string) (kept []string) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, entry := range entries {
		rest, own := strings.CutPrefix(entry.Name(), filepath.Base(path)+".")
		if own && (strings.HasSuffix(rest, ".bak") || strings.HasPrefix(rest, "damaged-") || strings.HasPrefix(rest, "not-an-outbox-")) {
			kept = append(kept, filepath.Join(filepath.Dir(path), entry.Name()))
		}
	}
	return kept
}

// outbox checks every invariant, and repairs if that is asked.
func (e *examination) outbox(ctx context.Context, store *outbox.Store, f doctorFlags) error {
	problems, err := store.Check(ctx)
	if err != nil {
		problems = []string{err.Error()}
	}
	if len(problems) == 0 {
		stats, err := store.Stats(ctx)
		if err != nil {
			return err
		}
		total := 0
		for _, n := range stats.Counts {
			total += n
		}
		e.say("outbox", fine, "%s: %s in %s, every index fits", store.Path(), counted(total, "run"), mebibytes(stats.Size.File))
	}
	for i, p := range problems {
		if i == 10 {
			e.say("outbox", wrong, "and %d more", len(problems)-i)
			break
		}
		e.say("outbox", wrong, "%s", p)
	}
	if len(problems) > 0 {
		if err := e.repair(ctx, store, f); err != nil {
			return err
		}
	}
	if err := store.Room(ctx, e.app.conf.maxSize); err != nil {
		e.say("room", wrong, "%v", err)
	}
	return e.waiting(ctx, store)
}

func (e *examination) repair(ctx context.Context, store *outbox.Store, f doctorFlags) error {
	if !f.repair {
		e.app.notice("burrow doctor --repair builds the outbox anew from what can be read, and keeps this file.")
		return nil
	}
	agreed, err := e.app.agree(f.yes, "Build the outbox anew from what can be read, and keep the old file beside it?")
	if err != nil || !agreed {
		return err
	}
	saved, err := store.Rebuild(ctx)
	if err != nil {
		return err
	}
	e.found = nil // what was wrong is mended, or said again
	e.say("repair", fine, "%s", saved)
	problems, err := store.Check(ctx)
	if err != nil {
		return err
	}
	for _, p := range problems {
		e.say("repair", wrong, "%s", p)
	}
	return nil
}

// waiting names what waits for a person.
func (e *examination) waiting(ctx context.Context, store *outbox.Store) error {
	open, err := store.Outstanding(ctx)
	if err != nil {
		return err
	}
	reasons := map[outbox.Reason][]*outbox.Run{}
	for _, r := range open {
		if r.Reason.NeedsPerson() {
			reasons[r.Reason] = append(reasons[r.Reason], r)
		}
	}
	for reason, runs := range reasons {
		e.say("waiting", worry, "%s for a person (%s): %s", waits(len(runs)), reason, next(runs[0]))
	}
	holds, err := store.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		e.say("paused", worry, "%s, since %s: burrow resume goes on", h, ago(h.Since, time.Now()))
	}
	kept, _ := filepath.Glob(filepath.Join(store.Path()+".recovery", "*.kept"))
	for _, path := range kept {
		e.say("kept", worry, "%s holds results that were not taken in: burrow submit sends them, removing it drops them", path)
	}
	return nil
}

func waits(n int) string {
	if n == 1 {
		return "1 run waits"
	}
	return fmt.Sprintf("%d runs wait", n)
}

// host asks the default host for a sign of life.
func (e *examination) host(ctx context.Context, f doctorFlags) {
	c, err := e.app.connect("", "", "")
	if err != nil {
		e.say("host", wrong, "%v", err)
		return
	}
	e.say("credential", fine, "%s", firstOf(strings.TrimSpace(c.credential.String()+" "+c.from), "none"))
	if inTheClear(c.host) {
		e.say("host", worry, "%s is plain http: whoever is on the way can read the results and the credential", c.host)
	}
	if f.offline {
		return
	}
	hosts, err := e.app.hosts(c)
	if err != nil {
		e.say("host", wrong, "%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	version, err := hosts.Ping(ctx, c.host)
	if err != nil {
		e.say("host", worry, "%s does not answer (%v): runs wait in the outbox", c.host, err)
		return
	}
	e.say("host", fine, "%s answers in %d ms, version %s", c.host, time.Since(began).Milliseconds(), version)
}

func (e *examination) tools() {
	if _, err := exec.LookPath("git"); err != nil {
		e.say("git", worry, "git is not there: branch and hash must be given with --branch and --hash")
	}
}
