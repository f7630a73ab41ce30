package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	errorOnAlert, specReset                                bool
	thresholds                                             thresholdFlags
	ignored                                                ignored
	given                                                  func(name string) bool
	connectTimeout                                         uint32 // seconds
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
	flags.StringVar(&f.format, "format", "human", "`FORMAT` of the report: human, json or html")
	flags.BoolVar(&f.errorOnAlert, "error-on-alert", false, "exit with 5 if the report has alerts")
	flags.BoolVar(&f.specReset, "spec-reset", false, "forget the testbed's hardware specification")
	f.thresholds.register(flags)
	flags.Uint32Var(&f.connectTimeout, "timeout", 0, "give up connecting after so many `SECONDS` (default 10)")
	f.ignored.register(flags)
	f.given = func(name string) bool { return given(flags, name) }
	alias(flags, "error-on-alert", "err")
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

// given tells whether the command line has a flag, under whichever name. A
// flag and its aliases share one value.
func given(flags *pflag.FlagSet, name string) (found bool) {
	value := flags.Lookup(name).Value
	flags.Visit(func(f *pflag.Flag) { found = found || f.Value == value })
	return found
}

// request is a run in the making and the way that it goes.
type request struct {
	connection
	draft outbox.Draft
}

// delivery is what the flags ask of these runs' delivery.
func (f *requestFlags) delivery(runs []*outbox.Run, wait time.Duration) delivery {
	return delivery{runs: runs, wait: wait, noSend: f.noSend, format: f.format, errorOnAlert: f.errorOnAlert}
}

// request checks what can be checked before a benchmark runs.
func (a *app) request(ctx context.Context, f *requestFlags) (*request, error) {
	f.ignored.warn(a)
	if f.key != "" && f.token != "" {
		return nil, usage("--key and --token exclude each other")
	}
	project := firstOf(f.project, a.env("BENCHER_PROJECT"), a.conf.Project)
	connection, err := a.connect(f.key, f.token, project)
	if err != nil {
		return nil, err
	}
	connection.dialing.ConnectTimeout = time.Duration(f.connectTimeout) * time.Second
	if err := f.check(); err != nil {
		return nil, err
	}
	r := &request{connection: connection}
	if r.draft, err = a.draft(ctx, f, project); err != nil {
		return nil, err
	}
	r.draft.Host, r.draft.Credential = r.host, r.credential.Fingerprint()
	if project == "" && a.env("CI") == "true" && r.host != client.Local && !f.ciOnTheFly {
		return nil, errors.New("in CI a run needs a project: name one with --project, or let the server make one with --ci-on-the-fly")
	}
	if r.host == client.Local && !connection.chosen {
		a.notice("No host is configured: using the built-in server on this machine (--host or BENCHER_HOST sends elsewhere).")
	}
	return r, nil
}

// maxConnectTimeout bounds --timeout, in seconds, as bencher does.
const maxConnectTimeout = 900

// check looks at the flags whose values are a few words.
func (f *requestFlags) check() error {
	for _, check := range []struct {
		flag, value string
		known       []string
	}{
		{"average", f.average, []string{"", "mean", "median"}},
		{"fold", f.fold, []string{"", "min", "max", "mean", "median"}},
		{"format", f.format, []string{"human", "json", "html"}},
	} {
		if !slices.Contains(check.known, check.value) {
			return usage("--%s %q: use one of %s", check.flag, check.value, strings.TrimPrefix(strings.Join(check.known, ", "), ", "))
		}
	}
	for _, detail := range []string{"start-point-hash", "start-point-max-versions", "start-point-clone-thresholds"} {
		if f.given(detail) && !f.given("start-point") { // given but empty is no start point: CI variables often are
			return usage("--%s says more about --start-point: name one", detail)
		}
	}
	if f.given("timeout") && (f.connectTimeout == 0 || f.connectTimeout > maxConnectTimeout) {
		return usage("--timeout %d: use 1 to %d seconds", f.connectTimeout, maxConnectTimeout)
	}
	if f.startPointHash != "" && !client.IsHash(f.startPointHash) {
		return usage("--start-point-hash %q: a git hash has 40 hexadecimal digits", f.startPointHash)
	}
	return nil
}

// draft is the run as the flags, the environment, the configuration and the
// repository describe it.
func (a *app) draft(ctx context.Context, f *requestFlags, project string) (d outbox.Draft, err error) {
	if d.ID, err = outbox.NewID(); err != nil {
		return d, fmt.Errorf("making the run's ID: %w", err)
	}
	if d.Mend, err = mendFlag(f.mend); err != nil {
		return d, err
	}
	adapter, err := harness.ParseAdapter(firstOf(f.adapter, a.env("BENCHER_ADAPTER"), a.conf.Adapter, string(harness.Magic)))
	if err != nil {
		return d, usage("%w", err)
	}
	d.Settle, d.Labels = f.settle, f.labels
	if f.idempotencyKey != "random" {
		d.Key = f.idempotencyKey
	}
	if f.given("backdate") {
		d.Backdate = time.Unix(f.backdate, 0)
	}
	about, unread := client.RunContext(ctx, ".")
	d.Request = client.NewRun{
		Project: project,
		Branch:  firstOf(f.branch, a.env("BENCHER_BRANCH"), a.conf.Branch),
		Hash:    f.hash, Testbed: firstOf(f.testbed, a.env("BENCHER_TESTBED"), a.conf.Testbed),
		SpecReset: f.specReset,
		Settings:  &client.Settings{Adapter: string(adapter), Average: f.average, Fold: f.fold},
		Context:   about,
	}
	if unread != nil {
		a.warn("%v: the run bears no commit but what --branch and --hash say (git status tells more)", unread)
	}
	if f.specReset && d.Request.Testbed == "" {
		return d, usage("--spec-reset forgets the hardware of a testbed that is named: add --testbed")
	}
	if d.Request.Branch == "" && d.Request.Context[client.ContextBranchName] == "" {
		if name, variable := client.CIBranch(a.env); name != "" {
			d.Request.Branch = name
			a.notice("No branch is checked out: taking %s from %s (--branch names another).", client.Plain(name, 0), variable)
		}
	}
	if f.startPoint != "" || f.startPointReset {
		d.Request.StartPoint = &client.StartPoint{
			Branch: f.startPoint, Hash: f.startPointHash, MaxVersions: f.startPointMax,
			CloneThresholds: f.startPointClone, Reset: f.startPointReset,
		}
	}
	if d.Request.Thresholds, err = f.thresholds.thresholds(); err != nil {
		return d, err
	}
	if err := d.Request.CheckLimits(); err != nil {
		return d, usage("%w", err)
	}
	return d, nil
}

// fit lets burrow's own measurements be read as what they are, whatever adapter
// the environment names; a flag that says otherwise is an error.
func (r *request) fit(f *requestFlags, bench *benchmarkFlags) error {
	if !bench.own() {
		return nil
	}
	settings := r.draft.Request.Settings
	switch harness.Adapter(f.adapter) {
	case harness.JSON, harness.Magic:
	case "":
		if settings.Adapter != string(harness.Magic) {
			settings.Adapter = string(harness.JSON)
		}
	default:
		return usage("--adapter %s can't read --build-time and --file-size: leave it out, or use json", f.adapter)
	}
	return nil
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

// adopt freezes a whole run request that somebody else wrote.
func (r *request) adopt(id uuid.UUID, document []byte) (outbox.New, client.Summary, error) {
	body, _, own, err := client.FreezeRequest(document, id)
	if err != nil {
		return outbox.New{}, client.Summary{}, err
	}
	summary, err := client.Summarize(body)
	return outbox.New{
		ID: id, Body: body, Host: r.draft.Host, Credential: r.draft.Credential, Shared: own,
		Labels: maps.Clone(r.draft.Labels), Mend: r.draft.Mend, Settle: r.draft.Settle,
	}, summary, err
}
