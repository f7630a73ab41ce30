package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/google/uuid"
	"github.com/spf13/pflag"
)

// requestFlags are those of run and submit that say what the run is and where
// it goes.
type requestFlags struct {
	project, branch, hash, testbed, adapter, average, fold string
	startPoint, startPointHash                             string
	startPointMax                                          uint32
	startPointClone, startPointReset                       bool
	backdate                                               int64
	key, token                                             string
	idempotencyKey                                         string
	labels                                                 map[string]string
	mend                                                   string
	settle                                                 time.Duration
	noSend, ciOnTheFly                                     bool
	wait                                                   string
	format                                                 string
}

func (f *requestFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.project, "project", "", "the project's `SLUG` or UUID (BENCHER_PROJECT)")
	flags.StringVar(&f.branch, "branch", "", "the branch's `NAME` (BENCHER_BRANCH; default: git's)")
	flags.StringVar(&f.hash, "hash", "", "the commit's `HASH` (default: git's)")
	flags.StringVar(&f.startPoint, "start-point", "", "the `BRANCH` that a new branch grows from")
	flags.StringVar(&f.startPointHash, "start-point-hash", "", "the `HASH` on the start point")
	flags.Uint32Var(&f.startPointMax, "start-point-max-versions", client.DefaultMaxVersions, "how many `VERSIONS` of the start point to take over")
	flags.BoolVar(&f.startPointClone, "start-point-clone-thresholds", false, "take over the start point's thresholds")
	flags.BoolVar(&f.startPointReset, "start-point-reset", false, "begin the branch anew at its start point")
	flags.StringVar(&f.testbed, "testbed", "", "the testbed's `NAME` (BENCHER_TESTBED; default: the system's)")
	flags.StringVar(&f.adapter, "adapter", "", "how the server reads the results (BENCHER_ADAPTER; default magic)")
	flags.StringVar(&f.average, "average", "", "the harness's average: mean or median")
	flags.StringVar(&f.fold, "fold", "", "fold the iterations into one: min, max, mean or median")
	flags.Int64Var(&f.backdate, "backdate", 0, "start time in Unix `SECONDS`")
	flags.StringVar(&f.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	flags.StringVar(&f.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
	flags.BoolVar(&f.ciOnTheFly, "ci-on-the-fly", false, "let the server make a project in CI")
	flags.StringVar(&f.idempotencyKey, "idempotency-key", "random", "`KEY`: random, content, or any text")
	flags.StringToStringVar(&f.labels, "label", nil, "a label `K=V`; repeatable")
	flags.StringVar(&f.mend, "mend", "", "free a spent key by deleting its report: auto (empty ones), any or never")
	flags.DurationVar(&f.settle, "settle", 0, "how long a short report must stand still before it is mended or given up (default 1m)")
	flags.BoolVar(&f.noSend, "no-send", false, "put the run in the outbox only")
	flags.StringVar(&f.wait, "wait", "", "wait so `LONG` for the acknowledgment: a duration, 0s or forever")
	flags.StringVar(&f.format, "format", "human", "`FORMAT` of the report: human or json")
	alias(flags, "branch", "if-branch")
	alias(flags, "start-point", "else-if-branch", "branch-start-point")
	alias(flags, "start-point-hash", "branch-start-point-hash")
	alias(flags, "start-point-reset", "branch-reset")
}

// alias gives a flag Bencher's other names, unseen in the help.
func alias(flags *pflag.FlagSet, name string, others ...string) {
	flag := flags.Lookup(name)
	for _, other := range others {
		twin := *flag
		twin.Name, twin.Hidden, twin.Shorthand = other, true, ""
		flags.AddFlag(&twin)
	}
}

// request is a run in the making: everything but its results.
type request struct {
	connection
	run    client.NewRun
	shared string // the text of a key that was given, "content", or ""
	labels map[string]string
	mend   outbox.MendPolicy
	settle time.Duration
}

// request checks what can be checked before a benchmark runs.
func (a *app) request(ctx context.Context, f *requestFlags) (*request, error) {
	if f.key != "" && f.token != "" {
		return nil, usage("--key and --token exclude each other")
	}
	project := firstOf(f.project, a.env("BENCHER_PROJECT"), a.conf.Project)
	connection, err := a.connect(f.key, f.token, project)
	if err != nil {
		return nil, err
	}
	r := &request{connection: connection, labels: f.labels, settle: f.settle}
	if r.mend, err = mendFlag(f.mend); err != nil {
		return nil, err
	}
	adapter, err := harness.ParseAdapter(firstOf(f.adapter, a.env("BENCHER_ADAPTER"), a.conf.Adapter, string(harness.Magic)))
	if err != nil {
		return nil, usage("%w", err)
	}
	for name, value := range map[string]string{"hash": f.hash, "start-point-hash": f.startPointHash} {
		if value != "" && !isHash(value) {
			return nil, usage("--%s %q: a git hash has 40 hexadecimal digits", name, value)
		}
	}
	for _, check := range []struct {
		flag, value string
		known       []string
	}{
		{"average", f.average, []string{"", "mean", "median"}},
		{"fold", f.fold, []string{"", "min", "max", "mean", "median"}},
		{"format", f.format, []string{"human", "json"}},
	} {
		if !slices.Contains(check.known, check.value) {
			return nil, usage("--%s %q: use one of %s", check.flag, check.value, strings.TrimPrefix(strings.Join(check.known, ", "), ", "))
		}
	}
	if project == "" && a.env("CI") == "true" && r.host != client.Local && !f.ciOnTheFly {
		return nil, errors.New("in CI a run needs a project: name one with --project, or let the server make one with --ci-on-the-fly")
	}
	r.run = client.NewRun{
		Project: project,
		Branch:  firstOf(f.branch, a.env("BENCHER_BRANCH"), a.conf.Branch),
		Hash:    f.hash, Testbed: firstOf(f.testbed, a.env("BENCHER_TESTBED"), a.conf.Testbed),
		Settings: &client.Settings{Adapter: string(adapter), Average: f.average, Fold: f.fold},
		Context:  client.RunContext(ctx, "."),
	}
	if f.startPoint != "" || f.startPointReset {
		r.run.StartPoint = &client.StartPoint{
			Branch: f.startPoint, Hash: f.startPointHash, MaxVersions: f.startPointMax,
			CloneThresholds: f.startPointClone, Reset: f.startPointReset,
		}
	}
	if f.idempotencyKey != "random" {
		r.shared = f.idempotencyKey
	}
	if r.host == client.Local && !connection.chosen {
		a.notice("No host is configured: using the built-in server on this machine (--host or BENCHER_HOST sends elsewhere).")
	}
	return r, nil
}

func mendFlag(text string) (outbox.MendPolicy, error) {
	if text == "" {
		return outbox.MendDefault, nil
	}
	policy, err := outbox.ParseMend(text)
	if err != nil {
		return policy, usage("--mend: %w", err)
	}
	return policy, nil
}

// freeze makes the run's bytes and its entry for the outbox.
func (r *request) freeze(results []string, start, end time.Time) (outbox.New, client.Summary, error) {
	run := r.run
	run.Results, run.StartTime, run.EndTime = results, start.UTC(), end.UTC()
	id, err := outbox.NewID()
	if err != nil {
		return outbox.New{}, client.Summary{}, fmt.Errorf("making the run's ID: %w", err)
	}
	key := id
	switch r.shared {
	case "":
	case "content":
		key = client.ContentKey(r.host, run)
	default:
		key = client.TextKey(r.shared)
	}
	body, err := run.Freeze(key)
	if err != nil {
		return outbox.New{}, client.Summary{}, err
	}
	return r.entry(id, body, r.shared != "")
}

// adopt freezes a whole run request that somebody else wrote.
func (r *request) adopt(document []byte) (outbox.New, client.Summary, error) {
	id, err := outbox.NewID()
	if err != nil {
		return outbox.New{}, client.Summary{}, fmt.Errorf("making the run's ID: %w", err)
	}
	body, _, own, err := client.FreezeRequest(document, id)
	if err != nil {
		return outbox.New{}, client.Summary{}, err
	}
	return r.entry(id, body, own)
}

func (r *request) entry(id uuid.UUID, body []byte, shared bool) (outbox.New, client.Summary, error) {
	summary, err := client.Summarize(body)
	return outbox.New{
		ID: id, Body: body, Host: r.host, Credential: r.credential.Fingerprint(), Shared: shared,
		Labels: maps.Clone(r.labels), Mend: r.mend, Settle: r.settle,
	}, summary, err
}

func isHash(text string) bool {
	return len(text) == 40 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
}

// enqueue accepts a run, or keeps it where the outbox can't take it: a
// measured run is never thrown away.
func (a *app) enqueue(ctx context.Context, store *outbox.Store, n outbox.New) (*outbox.Run, error) {
	run, added, err := store.Enqueue(context.WithoutCancel(ctx), n)
	var conflict *outbox.KeyConflictError
	switch {
	case err == nil && !added && run.Digest != digestOf(n):
		path, kept := store.SetAside(n)
		if kept != nil {
			return nil, kept
		}
		a.warn("run %s bears this key with other results: it stands, and the new results are kept in %s", run.ID, path)
		return run, nil
	case err == nil && !added:
		a.notice("Run %s bears this key with the same results: nothing was added.", run.ID)
		return run, nil
	case err == nil:
		return run, nil
	case errors.As(err, &conflict):
		return nil, err
	}
	return nil, a.keep(store.Path(), n, err)
}

// storeOrKeep opens the outbox; where that fails, results that were piped in,
// and so stand nowhere else, are kept.
func (a *app) storeOrKeep(ctx context.Context, piped ...outbox.New) (*outbox.Store, error) {
	store, err := a.store(ctx)
	if err == nil || len(piped) == 0 {
		return store, err
	}
	path, unknown := a.outboxPath()
	if unknown != nil {
		path = ""
	}
	for _, n := range piped {
		err = a.keep(path, n, err)
	}
	return nil, err
}

// keep saves a measured run that did not get into the outbox for that reason,
// and says where it is.
func (a *app) keep(outboxPath string, n outbox.New, reason error) error {
	if errors.Is(reason, outbox.ErrNotAnOutbox) {
		outboxPath = "" // nothing is put beside a stranger's file
	}
	path, adopted, err := outbox.Keep(outboxPath, n)
	switch {
	case err != nil:
		_, _ = a.out.Write(append(n.Body, '\n'))
		return fmt.Errorf("%w; no place to keep the run either (%w): it stands on standard output, submit it from there", reason, err)
	case adopted:
		return &exitError{code: exitOK, err: fmt.Errorf("%w; the run is safe in %s and is taken into the outbox by the next burrow command", reason, path)}
	}
	return fmt.Errorf("%w; the run is kept in %s: once the outbox can be written, burrow submit --host %s %s", reason, path, n.Host, path)
}

func digestOf(n outbox.New) string {
	summary, err := client.Summarize(n.Body)
	if err != nil {
		return ""
	}
	return summary.Digest
}

// readInput reads a file, or standard input for "-".
func (a *app) readInput(name string) ([]byte, error) {
	if name == "-" {
		return readAll(a.in, "standard input")
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the results: %w", err)
	}
	defer file.Close()
	return readAll(file, name)
}
