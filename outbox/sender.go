package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"burrow/client"
)

// Deliverer carries runs to their servers, in client's words: client.Hosts is
// one.
type Deliverer interface {
	// Credential chooses the credential for a run: see client.Credentials.For.
	Credential(host, fingerprint, refused string) (client.Credential, bool)
	Send(context.Context, client.Parcel) client.Verdict
	// Clear asks whether a run that may be on the server already can be sent
	// again without doubling it.
	Clear(context.Context, client.Parcel) client.Clearance
	// Search looks for a run's report on a server without keys.
	Search(context.Context, client.Parcel) client.Search
	Look(context.Context, client.Parcel) client.Sighting
	MayDelete(context.Context, client.Parcel) (bool, error)
	Delete(context.Context, client.Parcel) client.Deletion
	// Ping asks a host for a sign of life.
	Ping(ctx context.Context, host string) (version string, err error)
}

// Policy is what holds for runs that carry no settings of their own.
type Policy struct {
	Mend   MendPolicy    // default MendAuto
	Settle time.Duration // default 60 s
	// Pace is how many runs of one project a host takes in a minute; nil:
	// client.RunsPerMinute.
	Pace func(host string) int
}

// Sender delivers the outbox's runs. Any number of senders, in any number of
// processes, work side by side.
type Sender struct {
	Store     *Store
	Deliverer Deliverer
	Policy    Policy
	Log       *slog.Logger    // nil: none
	Wants     func(*Run) bool // only the lanes of such runs; nil: all
	// Measuring tells whether a benchmark is being measured, which delivery
	// would disturb: a Quiet's method; nil: never.
	Measuring func() bool
	Retention Retention // of what this sender prunes when it is idle
	// Told is given what a person should know: that a damaged outbox was mended;
	// nil: nobody.
	Told func(string)
}

const (
	stopGrace    = 2 * time.Second  // for attempts in flight when the sender is stopped
	recordWait   = 30 * time.Second // for an outcome to get into the outbox
	retryPause   = time.Second      // after an error of the outbox itself
	pingInterval = 10 * time.Second // between signs of life of a host that was unavailable
	pingTimeout  = 5 * time.Second
	upkeepDelay  = 30 * time.Second // from a sender's start to its first look after the outbox
)

// Run delivers until the context ends. Then attempts in flight get a grace of
// two seconds; those that are not done by then count as unknown. It returns an
// error only where the outbox can't be used at all.
func (s *Sender) Run(ctx context.Context) error {
	owner, err := s.Store.register(ctx)
	if err != nil && ctx.Err() != nil {
		return nil // stopped before it began
	}
	if err != nil {
		return err
	}
	w := &workers{Sender: s, owner: owner, idle: make(chan struct{}, maxConnections), turns: turns{inHand: map[uint64]bool{}}}
	w.quiet.measuring = s.Measuring
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	w.claimant = claimant{
		owner: owner.name, wants: s.Wants, pace: s.Policy.Pace, fingerprint: w.fingerprint,
		holds: func(seq uint64) bool { return w.inHand[seq] }, mended: w.mended.Load,
	}
	// Attempts outlive the context by the grace.
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(stopGrace, cut)
	})
	defer stop()
	w.dispatch(ctx, attempts)
	w.running.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWait)
	defer cancel()
	s.Store.unregister(last, owner)
	return nil
}

// workers are a running sender: a dispatcher, and a goroutine for each run in
// flight, which goes on with the next run as long as there is one.
type workers struct {
	*Sender
	claimant claimant
	owner    *owner
	running  sync.WaitGroup
	idle     chan struct{} // a worker found nothing more to do

	mu     sync.Mutex
	active int

	quiet hush // guarded by mu

	probing atomic.Bool
	mended  atomic.Bool // once is enough: what stays damaged can't be mended

	turns
}

// dispatch starts a worker for each run that may go, then sleeps until one is
// due, a worker is free, or the outbox changed.
func (w *workers) dispatch(ctx, attempts context.Context) {
	changes := w.Store.Watch(ctx)
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	upkeep := time.NewTimer(upkeepDelay)
	defer upkeep.Stop()
	for ctx.Err() == nil {
		wake, err := w.fill(ctx, attempts)
		if err != nil && ctx.Err() == nil {
			if w.mend(ctx, err) {
				continue
			}
			w.Log.Warn("the outbox can't be read", "error", err)
			wake = time.Now().Add(retryPause)
		}
		var due <-chan time.Time
		timer := time.NewTimer(time.Hour)
		if !wake.IsZero() {
			timer.Reset(max(time.Until(wake), time.Millisecond))
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case <-due:
		case <-changes:
		case <-w.idle:
		case <-ping.C:
			w.startProbe(ctx)
		case <-upkeep.C:
			upkeep.Reset(w.upkeep(ctx))
		}
		timer.Stop()
	}
}

// fill starts workers while there are runs to send and hands to send them.
func (w *workers) fill(ctx, attempts context.Context) (wake time.Time, err error) {
	for {
		allowed := w.allowed()
		if w.busy() >= allowed {
			if allowed < maxConnections { // a benchmark is measured: ask again soon
				return time.Now().Add(quietCheck), nil
			}
			return time.Time{}, nil
		}
		next, wake, err := w.advance(ctx, nil, nil, true)
		if err != nil || next == nil {
			return wake, err
		}
		w.take(1)
		w.running.Go(func() {
			w.work(ctx, attempts, next)
			w.take(-1)
			select {
			case w.idle <- struct{}{}:
			default:
			}
		})
	}
}

// upkeep looks after the outbox if nothing else is to do, and says when to come
// back.
func (w *workers) upkeep(ctx context.Context) time.Duration {
	if w.busy() > 0 || w.allowed() < maxConnections {
		return upkeepDelay
	}
	if err := w.Store.Upkeep(ctx, w.Retention); err != nil && ctx.Err() == nil && !w.mend(ctx, err) {
		w.Log.Warn("the outbox could not be looked after", "error", err)
	}
	return upkeepInterval
}

// allowed is how many runs may be in flight now.
func (w *workers) allowed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.quiet.connections(time.Now())
}

func (w *workers) busy() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active
}

func (w *workers) take(change int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active += change
}

// work delivers one run after the other; an outcome and the next claim share a
// commit.
func (w *workers) work(ctx, attempts context.Context, got *claimed) {
	for got != nil {
		record := w.deliver(attempts, got)
		got = w.record(ctx, got, record)
	}
}

// record gets an outcome into the outbox, however long that takes while the
// sender runs and for a while after: an acknowledgment that is lost costs
// another attempt.
func (w *workers) record(ctx context.Context, done *claimed, record func(*tx) error) *claimed {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(recordWait, cancel) })
	defer stop()
	for {
		next, _, err := w.advance(patient, done, record, ctx.Err() == nil && w.busy() <= w.allowed())
		if err == nil {
			return next
		}
		if w.mend(patient, err) {
			continue
		}
		w.Log.Error("an outcome could not be recorded yet", "error", err)
		if errors.Is(err, ErrDamagedFile) && ctx.Err() != nil {
			return nil // it is for a repair, which ends no wait
		}
		select {
		case <-patient.Done():
			return nil
		case <-time.After(retryPause):
		}
	}
}

// mend builds a damaged outbox anew, once: the sooner, the more of it can be
// saved, since each commit writes over free pages that hold older copies. It
// tells whether to go on.
func (w *workers) mend(ctx context.Context, cause error) bool {
	if !errors.Is(cause, ErrDamagedFile) || !w.mended.CompareAndSwap(false, true) {
		return false
	}
	saved, err := w.Store.rebuilt(ctx, cause)
	if err != nil {
		w.Log.Error("the outbox is damaged and can't be mended", "error", err)
		return false
	}
	w.Log.Warn(saved.String())
	if w.Told != nil {
		w.Told(saved.String())
	}
	return true
}

// startProbe probes beside the dispatcher: what is due at other hosts does not
// wait for one that is dead. One probe runs at a time.
func (w *workers) startProbe(ctx context.Context) {
	if !w.probing.CompareAndSwap(false, true) {
		return
	}
	w.running.Go(func() {
		w.probe(ctx)
		w.probing.Store(false)
		select {
		case w.idle <- struct{}{}:
		default:
		}
	})
}

// probe asks the hosts that were unavailable for a sign of life, and lets runs
// go again at once when there is one.
func (w *workers) probe(ctx context.Context) {
	hosts, err := w.Store.unavailableHosts(ctx)
	if err != nil {
		return
	}
	for _, host := range hosts {
		asked, cancel := context.WithTimeout(ctx, pingTimeout+rand.N(time.Second))
		_, err := w.Deliverer.Ping(asked, host)
		cancel()
		if err == nil {
			if err := w.Store.hostIsBack(ctx, host); err != nil && !errors.Is(err, context.Canceled) {
				w.Log.Warn("the outbox can't be written", "error", err)
			}
		}
	}
}

// fingerprint names the credential that this sender would use for a run.
func (w *workers) fingerprint(r *Run) (string, bool) {
	credential, ok := w.Deliverer.Credential(r.Host, r.Credential, r.Refused)
	return credential.Fingerprint(), ok
}
