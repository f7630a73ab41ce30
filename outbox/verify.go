package outbox

import (
	"context"
	"fmt"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// Verification is what became of an acknowledged run's report: a server can
// lose one after it said that it holds it, and a person can delete it.
type Verification struct {
	Run     *Run
	State   VerifiedState
	Message string // in words, where the state alone does not say it
}

// VerifiedState says whether the report is still there.
type VerifiedState string

// What a verification can find.
const (
	VerifiedWhole VerifiedState = "whole"
	VerifiedShort VerifiedState = "short"         // iterations are missing
	VerifiedGone  VerifiedState = "gone"          // sending again, with the same key, makes it anew
	VerifiedMoved VerifiedState = "project moved" // gone, and its project too: sending would make another project
	VerifiedOther VerifiedState = "other"         // the report is not this run's
	VerifiedNot   VerifiedState = "not verified"  // the server could not be asked
)

// Repairable tells whether Repair can bring the report back.
func (v VerifiedState) Repairable() bool { return v == VerifiedGone || v == VerifiedShort }

// Verify asks the server for an acknowledged run's report. A run that is not
// acknowledged is a *NotNowError.
func (s *Store) Verify(ctx context.Context, d Deliverer, id uuid.UUID) (Verification, error) {
	run, err := s.Get(ctx, id)
	if err != nil {
		return Verification{}, err
	}
	if !run.Status.Acknowledged() {
		return Verification{}, &NotNowError{run, "it is not acknowledged: there is nothing to verify"}
	}
	parcel := client.Parcel{
		Host: run.Host, Fingerprint: run.Credential, Want: run.expectation(),
		Report: run.Report.UUID, ReportProject: run.Report.Project, KnownProject: run.Report.Project,
	}
	parcel.Want.ProjectUUID = run.Report.Project
	sighting := d.Look(ctx, parcel)
	v := Verification{Run: run, State: VerifiedNot}
	switch sighting.State {
	case client.SawWhole:
		v.State = VerifiedWhole
	case client.SawShort:
		v.State = VerifiedShort
		v.Message = fmt.Sprintf("the report holds %d of %d iterations", len(sighting.Report.Iterations()), len(run.Iterations))
	case client.SawOther:
		v.State, v.Message = VerifiedOther, "the report of that UUID holds other results"
	case client.SawTrouble:
		v.Message = sighting.Trouble.Message
	case client.SawGone:
		switch c := d.Clear(ctx, parcel); c.State {
		case client.ClearToSend, client.WithoutKeys:
			v.State, v.Message = VerifiedGone, "the server holds no such report"
		case client.ProjectMoved:
			v.State, v.Message = VerifiedMoved, c.Trouble.Message
		case client.NotCleared:
			v.Message = c.Trouble.Message
		}
	}
	return v, nil
}

// Repair lets an acknowledged run be sent again, with its kept key: what the
// server lost comes back, and what it still holds is not doubled. A run that is
// not acknowledged is a *NotNowError.
func (s *Store) Repair(ctx context.Context, id uuid.UUID) (run *Run, err error) {
	err = s.update(ctx, func(t *tx) error {
		if run, err = t.byID(id); err != nil {
			return err
		}
		if !run.Status.Acknowledged() {
			return &NotNowError{run, "it is not acknowledged: burrow retry sends it again"}
		}
		if _, err := t.body(run); err != nil {
			return fmt.Errorf("run %s can't be sent again: %w", run.ID, err)
		}
		run.Status, run.Message, run.MayBeThere = Pending, "sent again to bring its report back", true
		run.NextAttemptAt, run.AcknowledgedAt = t.now, time.Time{}
		run.KnownProject = run.Report.Project // as the acknowledgment proved
		return t.save(run)
	})
	return run, err
}
