package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// maxConnections is how many runs of one host are sending at once, over all
// processes: the real server has one writer, more buy nothing (bencher-api.md,
// section 8.13).
const maxConnections = 4

// claimant is who wants to claim: what it can deliver.
type claimant struct {
	owner string
	// fingerprint says which credential it would use for a run; false: none at
	// hand.
	fingerprint func(*Run) (string, bool)
	// holds says which claims of its own it works on; nil: all of them.
	holds func(seq uint64) bool
	// mended tells whether a damaged body is to be taken for lost: the file was
	// built anew since it was damaged; nil: it is.
	mended func() bool
	// pace is how many runs of a project a host takes in a minute; nil:
	// client.RunsPerMinute.
	pace func(host string) int
	// wants limits it to the lanes of some runs; nil: all.
	wants func(*Run) bool
}

// claimed is a run in a sender's hands.
type claimed struct {
	run         *Run
	body        []byte
	fingerprint string // of the credential that is used
}

// errLostClaim says that a run is no longer this sender's.
var errLostClaim = errors.New("the claim went to another sender")

// claim finds the oldest runs that may be sent now, of one lane each and at
// most so many, and makes them the claimant's: each attempt is numbered and on
// the disk before its first byte leaves. Where there are fewer it says when the
// next one is due (zero: not before something changes).
func (t *tx) claim(c claimant, most int) (got []*claimed, wake time.Time, err error) {
	others, err := t.adopt(c)
	if err != nil {
		return nil, wake, err
	}
	if others {
		wake = t.now.Add(adoptCheck)
	}
	sending, busy, err := t.sending()
	if err != nil {
		return nil, wake, err
	}
	for _, lane := range t.lanes() { // by age: the rest need not be read once there are enough
		if len(got) == most {
			return got, time.Time{}, nil
		}
		if busy[string(lane.hash)] {
			continue
		}
		if due, waits := lane.waits(t.now); waits { // its head need not be read
			wake = sooner(wake, due)
			continue
		}
		run, at, err := t.head(lane.hash, c, sending)
		if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
			continue // doctor says so; the other lanes go on
		}
		if err != nil {
			return nil, wake, err
		}
		if run == nil {
			wake = sooner(wake, at)
			continue
		}
		one, err := t.take(run, c)
		if err != nil {
			return nil, wake, err
		}
		if one != nil { // else it was found damaged
			got = append(got, one)
			sending[run.Host]++
		}
	}
	return got, wake, nil
}

// sooner is the earlier of two times that are set.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// take makes a run the claimant's.
func (t *tx) take(run *Run, c claimant) (*claimed, error) {
	got := &claimed{run: run}
	got.fingerprint, _ = c.fingerprint(run)
	task := TaskSend
	switch {
	case run.Short != nil && run.Short.Mend:
		task = TaskDelete
	case run.Short != nil:
		task = TaskLook
	case run.searches():
		task = TaskSearch
	}
	if task == TaskSend {
		body, err := t.body(run)
		if errors.Is(err, ErrDamaged) && c.mended != nil && !c.mended() {
			return nil, damagedFile(t.store.path, err)
		}
		if errors.Is(err, ErrDamaged) || errors.Is(err, ErrPruned) {
			run.Reason, run.Message, run.NextAttemptAt = ReasonDamaged, err.Error(), time.Time{}
			return nil, t.save(run)
		}
		if err != nil {
			return nil, err
		}
		got.body = body
	}
	if task.IsAttempt() {
		run.Attempts++
	}
	if task == TaskSend {
		if err := t.spend(run, c); err != nil {
			return nil, err
		}
	}
	if !run.MayBeThere || run.KnownProject == uuid.Nil {
		run.KnownProject = t.knownProject(run.Host, run.Project)
	}
	run.Status = Sending
	run.Claim = &Claim{Owner: c.owner, Task: task, StartedAt: t.now}
	return got, t.save(run)
}

// pausedUntil is when the pauses of a run's scopes end: zero for now; held
// means not before a person acts. An open breaker lets one probe through at a
// time.
func (t *tx) pausedUntil(run *Run, fingerprint string, sendingToHost int) (until time.Time, held bool, err error) {
	if hold, err := t.heldBy(run); err != nil || hold.Held {
		return until, true, err
	}
	for _, scope := range []string{
		hostScope(run.Host), projectScope(run.Host, run.Project), credentialScope(run.Host, run.Project, fingerprint),
	} {
		pause, err := t.pause(scope)
		if err != nil {
			return until, false, err
		}
		if pause.Held {
			return until, true, nil
		}
		if pause.Until.After(until) {
			until = pause.Until
		}
		if pause.Failures > 0 && sendingToHost > 0 && until.Before(t.now.Add(probeWait)) {
			until = t.now.Add(probeWait)
		}
	}
	return until, false, nil
}

// probeWait is how soon a lane asks again while another one probes its host.
const probeWait = time.Second

// lackCredential notes that a run waits for a sender that has a credential.
func (t *tx) lackCredential(run *Run) error {
	if run.Reason == ReasonCredential || run.Reason == ReasonCredentialRefused {
		return nil
	}
	run.Reason = ReasonCredential
	return t.save(run)
}

// sending counts the live claims of each host, and names their lanes by hash.
func (t *tx) sending() (hosts map[string]int, lanes map[string]bool, err error) {
	hosts, lanes = map[string]int{}, map[string]bool{}
	err = t.Bucket(bucketClaims).ForEach(func(k, _ []byte) error {
		run, err := t.run(decodeNumber(k))
		if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
			return nil
		}
		if err == nil {
			hosts[run.Host]++
			lanes[string(hashed(run.Lane()))] = true
		}
		return err
	})
	return hosts, lanes, err
}

// adoptCheck is how soon a sender looks again whether the others that hold
// claims still live: nothing tells of a death.
const adoptCheck = time.Second

// adopt gives the claims of dead senders back, and the claimant's own that it
// knows nothing of. It tells whether other living senders hold claims. It runs
// under the side lock.
func (t *tx) adopt(c claimant) (others bool, err error) {
	living := map[string]bool{c.owner: true}
	var dead []uint64
	err = t.Bucket(bucketClaims).ForEach(func(k, v []byte) error {
		name := string(v)
		if _, known := living[name]; !known {
			living[name] = t.store.alive(name)
		}
		if !living[name] || name == c.owner && c.holds != nil && !c.holds(decodeNumber(k)) {
			dead = append(dead, decodeNumber(k))
		} else if name != c.owner {
			others = true
		}
		return nil
	})
	if err != nil {
		return others, err
	}
	for _, seq := range dead {
		if err := t.bury(seq); err != nil {
			return others, err
		}
	}
	return others, nil
}

func (t *tx) bury(seq uint64) error {
	run, err := t.run(seq)
	if errors.Is(err, ErrDamaged) { // nothing can be noted of it, and it must not stop the others
		t.changed = true
		return t.drop(bucketClaims, number(seq))
	}
	if err != nil {
		return err
	}
	started := run.Claim.StartedAt
	if t.step(Policy{}).died(run) {
		err := t.putAttempt(run, Attempt{
			Run: run.ID, Number: run.Attempts, StartedAt: started, EndedAt: t.now,
			Outcome: client.Unknown, Error: diedMessage, RetryAt: run.NextAttemptAt,
		})
		if err != nil {
			return err
		}
	}
	return t.save(run)
}

// mine returns a claimed run as it stands, if it still is this sender's.
func (t *tx) mine(owner string, got *claimed) (*Run, error) {
	run, err := t.run(got.run.Seq)
	if err != nil {
		return nil, err
	}
	if run.Claim == nil || run.Claim.Owner != owner || run.Attempts != got.run.Attempts {
		return nil, fmt.Errorf("run %s: %w", run.ID, errLostClaim)
	}
	return run, nil
}

// isLost tells whether an outcome has no run any more that it could be recorded
// for: the claim went to another, or the file that held the run.
func isLost(err error) bool {
	return errors.Is(err, errLostClaim) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) && !errors.Is(err, ErrDamagedFile)
}

// advance records what deliveries came to and claims as many of the next runs,
// in one commit.
func (s *Store) advance(ctx context.Context, c claimant, records []func(*tx) error, most int) (next []*claimed, wake time.Time, err error) {
	err = s.update(ctx, func(t *tx) error {
		for _, record := range records {
			if err := record(t); err != nil && !isLost(err) {
				return err
			}
		}
		if most > 0 {
			next, wake, err = t.claim(c, most)
		}
		return err
	})
	if err != nil {
		return nil, wake, err
	}
	return next, wake, nil
}
