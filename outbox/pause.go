package outbox

import (
	"strings"
	"time"

	"burrow/client"
)

// Pause holds back the runs of a scope: a host, a project, or a project under
// one credential. It is kept in the outbox, so that it holds for every
// process.
type Pause struct {
	Until time.Time `json:"until,omitzero"`
	Held  bool      `json:"held,omitempty"` // until a person acts
	// HeldSince is when a person paused delivery.
	HeldSince time.Time `json:"held_since,omitzero"`
	Failures  int       `json:"failures,omitempty"` // of the host, in a row: its breaker is open
	// AnsweredAt is when the host last answered anything at all.
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	Reason     Reason    `json:"reason,omitempty"`
	Message    string    `json:"message,omitempty"`
	SetAt      time.Time `json:"set_at,omitzero"` // by this machine's clock
}

func hostScope(host string) string { return "host\x00" + host }

func projectScope(host, project string) string {
	return strings.Join([]string{"project", host, project}, "\x00")
}

func credentialScope(host, project, fingerprint string) string {
	return strings.Join([]string{"credential", host, project, fingerprint}, "\x00")
}

// decodePause reads a scope's pause. A damaged one must not keep every run from
// being read: what a person paused stays paused, the rest is learnt anew.
func decodePause(scope string, data []byte) Pause {
	var p Pause
	if decodeRecord(data, &p) == nil {
		return p
	}
	if strings.HasPrefix(scope, heldPrefix) {
		return Pause{Held: true, Reason: ReasonPaused, Message: "the record of this pause is damaged; resuming lifts it"}
	}
	return Pause{}
}

func (t *tx) pause(scope string) (Pause, error) {
	data := t.Bucket(bucketPauses).Get([]byte(scope))
	if data == nil {
		return Pause{}, nil
	}
	p := decodePause(scope, data)
	if t.now.Before(p.SetAt) && t.Writable() { // the clock was set back
		p.Until = t.now.Add(max(0, p.Until.Sub(p.SetAt)))
		return p, t.setPause(scope, p)
	}
	return p, nil
}

func (t *tx) setPause(scope string, p Pause) error {
	p.SetAt = time.Time{}
	t.changed = true
	if p == (Pause{}) {
		return t.drop(bucketPauses, []byte(scope))
	}
	p.SetAt = t.now
	data, err := encode(p)
	if err != nil {
		return err
	}
	return t.put(t.Bucket(bucketPauses), []byte(scope), data)
}

// spread carries a verdict's pause to its scope, and closes the host's breaker
// when it answered. The run waits as long as its host's breaker is open.
func (t *tx) spread(run *Run, fingerprint string, v client.Verdict) error {
	host, err := t.pause(hostScope(run.Host))
	if err != nil {
		return err
	}
	pause := Pause{Until: run.NextAttemptAt, Reason: run.Reason, Message: v.Message}
	if v.Scope == client.ScopeHost && !v.Outcome.Acknowledged() {
		pause.AnsweredAt, pause.Failures = host.AnsweredAt, host.Failures+1
		if v.HTTPStatus == 503 && v.Wait > 0 {
			pause.Reason = ReasonThrottled
		}
		if breaker := t.now.Add(backoff(pause.Failures, t.store.Draw())); breaker.After(pause.Until) {
			pause.Until, run.NextAttemptAt = breaker, breaker
		}
		return t.setPause(hostScope(run.Host), pause)
	}
	if v.HTTPStatus != 0 {
		if err := t.setPause(hostScope(run.Host), Pause{AnsweredAt: t.now}); err != nil {
			return err
		}
	}
	if v.Outcome.Acknowledged() && host.Failures > 0 { // it is back: others need not wait for what they reckoned with
		if err := t.hastenAll(func(r *Run) bool { return r.Host == run.Host }); err != nil {
			return err
		}
	}
	switch v.Scope {
	case client.ScopeProject:
		pause.Held = v.Cause == client.CausePlan
		return t.setPause(projectScope(run.Host, run.Project), pause)
	case client.ScopeCredential:
		pause.Held = v.Cause == client.CauseCredential
		return t.setPause(credentialScope(run.Host, run.Project, fingerprint), pause)
	case client.ScopeHost, client.ScopeRun:
	}
	return nil
}

// release lifts what holds a run back, as a person asked.
func (t *tx) release(run *Run) error {
	host, err := t.pause(hostScope(run.Host))
	if err != nil {
		return err
	}
	for scope, pause := range map[string]Pause{
		hostScope(run.Host):                 {AnsweredAt: host.AnsweredAt},
		projectScope(run.Host, run.Project): {},
	} {
		if err := t.setPause(scope, pause); err != nil {
			return err
		}
	}
	t.changed = true
	prefix := []byte(credentialScope(run.Host, run.Project, ""))
	return t.dropPrefix(bucketPauses, prefix)
}
