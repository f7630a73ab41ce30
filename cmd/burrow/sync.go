package main

import (
	"context"
	"fmt"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

type syncFlags struct {
	watch      bool
	timeout    time.Duration
	key, token string
	mend       string
	settle     time.Duration
}

func (a *app) syncCommand() *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Deliver all pending runs",
		Long: `Delivers all pending runs, through their waits and retries, until each is
acknowledged or waits for a person (exit 3), or the time is over (exit 3).`,
		Example: "  burrow sync\n  burrow sync --watch",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.sync(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.watch, "watch", false, "go on for ever")
	f.DurationVar(&flags.timeout, "timeout", 5*time.Minute, "give up after so `LONG`")
	f.StringVar(&flags.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	f.StringVar(&flags.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
	f.StringVar(&flags.mend, "mend", "", "for runs without their own: auto, any or never")
	f.DurationVar(&flags.settle, "settle", 0, "for runs without their own: how long a short report must stand still")
	return cmd
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, but got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

func (a *app) sync(ctx context.Context, f syncFlags) error {
	mend, err := mendFlag(f.mend)
	if err != nil {
		return err
	}
	if a.env(measuring) != "" {
		a.notice("A benchmark is being measured: nothing is sent (burrow sync delivers it later).")
		return nil
	}
	_, store, hosts, err := a.open(ctx, f.key, f.token)
	if err != nil {
		return err
	}
	a.leftBehind(ctx, store)
	policy := a.policy()
	if mend != outbox.MendDefault {
		policy.Mend = mend
	}
	if f.settle > 0 {
		policy.Settle = f.settle
	}
	if err := store.Hasten(ctx, nil); err != nil {
		return err
	}
	before, err := store.Counts(ctx)
	if err != nil {
		return err
	}
	open, err := store.Outstanding(ctx)
	if err != nil {
		return err
	}
	a.warnPlainRuns(open)
	if err := a.tellDrainTime(ctx, store); err != nil {
		return err
	}
	sender := &outbox.Sender{Store: store, Deliverer: hosts, Policy: policy, Log: a.log, Told: func(words string) { a.warn("%s", words) }, Retention: a.retention(), Measuring: a.quiet().Measuring}
	stop := a.startSender(ctx, sender)
	if f.watch {
		a.notice("Delivering; Ctrl-C ends it.")
		<-ctx.Done()
		return stop()
	}
	err = a.drain(ctx, store, hosts, f.timeout)
	if stopped := stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return unlessStopped(ctx, err)
	}
	if err := store.Upkeep(ctx, a.retention()); err != nil && ctx.Err() == nil {
		a.warn("%v", err)
	}
	return a.synced(context.WithoutCancel(ctx), store, before)
}

// tellDrainTime says how long the server's pace makes draining take, where it
// does.
func (a *app) tellDrainTime(ctx context.Context, store *outbox.Store) error {
	open, err := store.Outstanding(ctx)
	if err != nil {
		return err
	}
	if takes := outbox.DrainTime(open); takes > time.Minute {
		a.notice("%s wait; at the server's pace that takes about %s.", counted(len(open), "run"), span(takes))
	}
	return nil
}

// drain waits until every run is at its end or waits for a person, or the time
// is over.
func (a *app) drain(ctx context.Context, store *outbox.Store, hosts *client.Hosts, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	bar := a.newProgress()
	defer bar.clear()
	changes := store.Watch(ctx)
	looked := time.Time{} // at every open run
	for {
		var moving int
		var oldest *outbox.Run
		var err error
		if open, many := a.manyOpen(ctx, store); many && time.Since(looked) < lookAtAll {
			moving = open
			oldest, err = oldestOpen(ctx, store)
		} else {
			moving, oldest, err = a.moving(ctx, store, hosts)
			looked = time.Now()
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if moving == 0 {
			return nil
		}
		bar.show(moving, oldest, time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		}
	}
}

// Where more runs are open than this, they are counted at each change, and
// looked at one by one only now and then: reading them all would take longer
// than delivering one.
const (
	manyRunsOpen = 1000
	lookAtAll    = 5 * time.Second
)

// manyOpen counts the open runs, and tells whether they are many.
func (a *app) manyOpen(ctx context.Context, store *outbox.Store) (open int, many bool) {
	counts, err := store.Counts(ctx)
	if err != nil {
		return 0, false // the look at each run says why
	}
	open = counts[outbox.Pending] + counts[outbox.Sending]
	return open, open > manyRunsOpen
}

// oldestOpen is the oldest run that is not at an end, or nil.
func oldestOpen(ctx context.Context, store *outbox.Store) (*outbox.Run, error) {
	open, err := store.List(ctx, outbox.Query{Statuses: []outbox.Status{outbox.Pending, outbox.Sending}, OldestFirst: true, Limit: 1})
	if err != nil || len(open) == 0 {
		return nil, err
	}
	return open[0], nil
}

// moving counts the open runs that don't wait for a person.
func (a *app) moving(ctx context.Context, store *outbox.Store, hosts *client.Hosts) (moving int, oldest *outbox.Run, err error) {
	open, err := store.Outstanding(ctx)
	if err != nil || len(open) == 0 {
		return 0, nil, err
	}
	for _, r := range open {
		if !stuck(r, hosts) {
			moving++
		}
	}
	return moving, open[0], nil
}

// synced says what became of the runs and returns the exit status.
func (a *app) synced(ctx context.Context, store *outbox.Store, before outbox.Counts) error {
	after, err := store.Counts(ctx)
	if err != nil {
		return err
	}
	open, err := store.Outstanding(ctx)
	if err != nil {
		return err
	}
	gained := func(s outbox.Status) int { return after[s] - before[s] }
	if a.flags.json {
		if err := a.printJSON(map[string]any{"counts": after, "pending": len(open)}); err != nil {
			return err
		}
	} else {
		a.notice("%d sent, %d deduplicated, %d incomplete, %d rejected; %d pending.", gained(outbox.Sent),
			gained(outbox.Deduplicated), gained(outbox.Incomplete), gained(outbox.Rejected), len(open))
		for _, r := range open[:min(5, len(open))] {
			a.notice("%s", sentence(r, time.Now()))
		}
	}
	switch {
	case gained(outbox.Rejected) > 0 || gained(outbox.Incomplete) > 0:
		return exit(exitRefused)
	case len(open) > 0:
		return exit(exitPending)
	}
	return nil
}

// progress is a line on a terminal that says how far a drain is.
type progress struct {
	app   *app
	shown bool
	most  int
	told  time.Time // without a terminal: the last line
}

// progressLine is how often a drain says how far it is where there is no
// terminal to draw on.
const progressLine = 30 * time.Second

func (a *app) newProgress() *progress {
	return &progress{app: a, shown: terminal(a.err) && !a.flags.quiet && !a.flags.json}
}

func (p *progress) show(left int, oldest *outbox.Run, now time.Time) {
	p.most = max(p.most, left)
	if p.told.IsZero() {
		p.told = now
	}
	if !p.shown && now.Sub(p.told) < progressLine {
		return
	}
	const width = 24
	full := width * (p.most - left) / p.most
	why := ""
	if oldest != nil && oldest.Status == outbox.Pending && oldest.Reason != outbox.ReasonNone {
		why = "  " + waiting(oldest, now)
	}
	if p.app.quiet().Measuring() {
		why = "  quiet: a benchmark is being measured"
	}
	if !p.shown {
		p.told = now
		p.app.notice("%d of %d delivered%s", p.most-left, p.most, client.Plain(why, 60))
		return
	}
	fmt.Fprintf(p.app.err, "\r\x1b[K[%s] %d of %d%s", bar(full, width), p.most-left, p.most, client.Plain(why, 60))
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.app.err, "\r\x1b[K")
	}
}

func bar(full, width int) string {
	text := make([]byte, width)
	for i := range text {
		text[i] = '-'
		if i < full {
			text[i] = '#'
		}
	}
	return string(text)
}
