package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A person can hold delivery back: of everything, of a host, of a project.
// That is kept in the outbox, so it binds every process, and it is lifted only
// by the same person.

// Hold is a stretch of delivery that a person paused.
type Hold struct {
	Host    string    `json:"host,omitempty"`    // "": every host
	Project string    `json:"project,omitempty"` // "": every project
	Since   time.Time `json:"since"`
}

func (h Hold) scope() string { return heldPrefix + h.Host + "\x00" + h.Project }

// heldPrefix begins the scopes of what a person paused.
const heldPrefix = "held\x00"

// String names what is held back.
func (h Hold) String() string {
	switch {
	case h.Host == "" && h.Project == "":
		return "all delivery"
	case h.Project == "":
		return "delivery to " + h.Host
	case h.Host == "":
		return "delivery to project " + h.Project
	}
	return fmt.Sprintf("delivery to project %s on %s", h.Project, h.Host)
}

// Pause holds delivery back until Resume; attempts in flight end by themselves.
// It tells whether that is new: what is paused already stays as it is.
func (s *Store) Pause(ctx context.Context, host, project string) (paused bool, err error) {
	err = s.update(ctx, func(t *tx) error {
		h := Hold{Host: host, Project: project}
		there, err := t.pause(h.scope())
		if err != nil || there.Held {
			return err
		}
		paused = true
		return t.setPause(h.scope(), Pause{Held: true, Reason: ReasonPaused, Message: h.String() + " is paused", HeldSince: t.now})
	})
	return paused, err
}

// Resume lifts the holds that lie within a host and a project ("": any), and
// returns them.
func (s *Store) Resume(ctx context.Context, host, project string) (lifted []Hold, err error) {
	err = s.update(ctx, func(t *tx) error {
		holds, err := t.holds()
		if err != nil {
			return err
		}
		for _, h := range holds {
			if host != "" && h.Host != host || project != "" && h.Project != project {
				continue
			}
			lifted = append(lifted, h)
			if err := t.lift(h); err != nil {
				return err
			}
		}
		return nil
	})
	return lifted, err
}

// Lift lifts just this hold, and no other that lies within it.
func (s *Store) Lift(ctx context.Context, h Hold) error {
	return s.update(ctx, func(t *tx) error { return t.lift(h) })
}

// lift leaves a record behind, so that a salvage does not take an older one from
// a free page for what a person wants.
func (t *tx) lift(h Hold) error {
	t.changed = true
	data, err := encode(Pause{SetAt: t.now})
	if err != nil {
		return err
	}
	return t.put(t.Bucket(bucketPauses), []byte(h.scope()), data)
}

// Holds returns what is paused.
func (s *Store) Holds(ctx context.Context) (holds []Hold, err error) {
	err = s.view(ctx, func(t *tx) error {
		holds, err = t.holds()
		return err
	})
	return holds, err
}

func (t *tx) holds() (holds []Hold, err error) {
	err = t.Bucket(bucketPauses).ForEach(func(k, v []byte) error {
		parts := strings.Split(string(k), "\x00")
		if len(parts) != 3 || parts[0] != "held" {
			return nil
		}
		p := decodePause(string(k), v)
		if !p.Held {
			return nil // it was lifted
		}
		holds = append(holds, Hold{Host: parts[1], Project: parts[2], Since: p.HeldSince})
		return nil
	})
	return holds, err
}

// heldBy is the hold that keeps a run back, if any.
func (t *tx) heldBy(run *Run) (Pause, error) {
	for _, h := range []Hold{{}, {Host: run.Host}, {Project: run.Project}, {Host: run.Host, Project: run.Project}} {
		p, err := t.pause(h.scope())
		if err != nil || p.Held {
			return p, err
		}
	}
	return Pause{}, nil
}
