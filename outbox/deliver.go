package outbox

import (
	"context"
	"slices"
	"time"

	"burrow/client"
)

// deliver does what a claim is for, and returns how its outcome is recorded.
func (w *workers) deliver(ctx context.Context, got *claimed) (record func(*tx) error) {
	parcel := client.Parcel{
		Host: got.run.Host, Fingerprint: got.run.Credential, Refused: got.run.Refused,
		Body: got.body, Want: got.run.expectation(),
	}
	parcel.KnownProject = got.run.KnownProject
	if short := got.run.Short; short != nil {
		parcel.Report, parcel.ReportProject = short.Report, short.Project
		parcel.Want.ProjectUUID = short.Project
	}
	log := w.Log.With("run", got.run.ID, "attempt", got.run.Attempts, "task", got.run.Claim.Task)
	started := time.Now()
	switch got.run.Claim.Task {
	case TaskLook:
		sighting := w.Deliverer.Look(ctx, parcel)
		may := w.permission(ctx, got.run, sighting, parcel)
		log.Info("looked again", "state", sighting.State)
		return func(t *tx) error { return w.recordLook(t, got, sighting, may) }
	case TaskSearch:
		search := w.Deliverer.Search(ctx, parcel)
		log.Info("looked for the report", "found", len(search.Found), "error", search.Trouble.Message)
		return func(t *tx) error { return w.recordSearch(t, got, search) }
	case TaskDelete:
		deletion := w.Deliverer.Delete(ctx, parcel)
		took := time.Since(started)
		log.Info("freed the key", "state", deletion.State)
		return func(t *tx) error { return w.recordDeletion(t, got, deletion, took) }
	case TaskSend:
	}
	verdict, searchFirst := w.send(ctx, got.run, parcel)
	if searchFirst {
		log.Info("the server knows no idempotency keys")
		return func(t *tx) error { return w.recordKeyless(t, got) }
	}
	took := time.Since(started)
	log.Info("sent", "outcome", verdict.Outcome, "status", verdict.HTTPStatus, "error", verdict.Message)
	return func(t *tx) error { return w.recordSend(t, got, verdict, took) }
}

// send makes the attempt. Where an earlier one may have reached the server, it
// asks first whether another can double anything.
func (w *workers) send(ctx context.Context, run *Run, parcel client.Parcel) (v client.Verdict, searchFirst bool) {
	if run.MayBeThere {
		switch c := w.Deliverer.Clear(ctx, parcel); c.State {
		case client.ProjectMoved, client.NotCleared:
			return c.Trouble, false
		case client.WithoutKeys:
			if run.Search == nil {
				return v, true
			}
		case client.ClearToSend:
		}
	}
	return w.Deliverer.Send(ctx, parcel), false
}

// permission asks whether a report that stood still may be deleted, where that
// is the next thing to do.
func (w *workers) permission(ctx context.Context, run *Run, s client.Sighting, parcel client.Parcel) permission {
	p := step{now: w.Store.Now(), mend: w.Policy.Mend, settle: w.Policy.Settle}
	if !p.settled(run, s) || p.mustStay(run, len(s.Report.Iterations())) != "" {
		return notAsked
	}
	may, err := w.Deliverer.MayDelete(ctx, parcel)
	switch {
	case err != nil:
		return notAsked
	case may:
		return allowed
	}
	return notAllowed
}

func (t *tx) step(p Policy) step {
	return step{now: t.now, draw: t.store.Draw, mend: p.Mend, settle: p.Settle}
}

func (w *workers) recordSend(t *tx, got *claimed, v client.Verdict, took time.Duration) error {
	run, err := t.mine(w.claimant.owner, got)
	if err != nil {
		return err
	}
	attempt := Attempt{
		Run: run.ID, Number: run.Attempts, StartedAt: run.Claim.StartedAt, EndedAt: t.now, Duration: took,
		Outcome: v.Outcome, HTTPStatus: v.HTTPStatus, Error: v.Message, ErrorCode: v.ErrorCode, RequestID: v.RequestID,
	}
	if v.Report != nil {
		attempt.Report = &v.Report.UUID
	}
	if v.Cause == client.CauseCredential {
		run.Refused = got.fingerprint
	}
	run.Claim = nil
	t.step(w.Policy).sent(run, v)
	if err := t.spread(run, got.fingerprint, v); err != nil {
		return err
	}
	if !run.Status.Ended() {
		attempt.RetryAt = run.NextAttemptAt
	}
	if err := t.putAttempt(run, attempt); err != nil {
		return err
	}
	return t.save(run)
}

func (w *workers) recordLook(t *tx, got *claimed, s client.Sighting, may permission) error {
	run, err := t.mine(w.claimant.owner, got)
	if err != nil {
		return err
	}
	run.Claim = nil
	amended := t.step(w.Policy).looked(run, s, may)
	if s.State == client.SawTrouble && s.Trouble.Outcome == client.Unauthorized {
		if run.Refused = got.fingerprint; run.Refused != "" && run.Reason == ReasonCredentialRefused {
			run.NextAttemptAt = t.now // for a sender with another
		}
	} else if s.State == client.SawTrouble {
		if err := t.spread(run, got.fingerprint, s.Trouble); err != nil {
			return err
		}
	}
	if amended != nil {
		if err := t.amend(run, *amended); err != nil {
			return err
		}
	}
	return t.save(run)
}

// recordKeyless begins the search for the report of an attempt that was not
// made.
func (w *workers) recordKeyless(t *tx, got *claimed) error {
	run, err := t.mine(w.claimant.owner, got)
	if err != nil {
		return err
	}
	last, err := t.lastAttempt(run.Seq)
	if err != nil {
		return err
	}
	run.Claim = nil
	t.step(w.Policy).search(run, last)
	return t.save(run)
}

func (w *workers) recordSearch(t *tx, got *claimed, s client.Search) error {
	run, err := t.mine(w.claimant.owner, got)
	if err != nil {
		return err
	}
	run.Claim = nil
	s.Found = slices.DeleteFunc(s.Found, func(r client.Report) bool { // a report belongs to one run
		seq := t.Bucket(bucketReports).Get(hashed(run.Host, r.UUID.String()))
		return seq != nil && decodeNumber(seq) != run.Seq
	})
	amended := t.step(w.Policy).searched(run, s, s.Date)
	if !s.Asked && s.Trouble.Outcome == client.Unauthorized {
		run.Refused = got.fingerprint
	} else if !s.Asked {
		if err := t.spread(run, got.fingerprint, s.Trouble); err != nil {
			return err
		}
	}
	if amended != nil {
		if err := t.amend(run, *amended); err != nil {
			return err
		}
	}
	return t.save(run)
}

func (w *workers) recordDeletion(t *tx, got *claimed, d client.Deletion, took time.Duration) error {
	run, err := t.mine(w.claimant.owner, got)
	if err != nil {
		return err
	}
	attempt := Attempt{
		Run: run.ID, Number: run.Attempts, StartedAt: run.Claim.StartedAt, EndedAt: t.now, Duration: took,
		HTTPStatus: d.Trouble.HTTPStatus, Error: d.Trouble.Message, Report: &run.Short.Report,
	}
	run.Claim = nil
	attempt.Outcome = t.step(w.Policy).deleted(run, d)
	if !run.Status.Ended() {
		attempt.RetryAt = run.NextAttemptAt
	}
	if err := t.putAttempt(run, attempt); err != nil {
		return err
	}
	return t.save(run)
}

// amend changes the outcome of an attempt in the history.
func (t *tx) amend(run *Run, a amendment) error {
	data := t.Bucket(bucketAttempts).Get(attemptKey(run.Seq, a.number))
	if data == nil {
		return nil
	}
	var attempt Attempt
	if err := decodeRecord(data, &attempt); err != nil {
		return err
	}
	attempt.Outcome, attempt.Error, attempt.RetryAt = a.outcome, "", time.Time{}
	return t.putAttempt(run, attempt)
}
