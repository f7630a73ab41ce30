package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Query chooses runs. Its zero value chooses all.
type Query struct {
	Statuses []Status
	Host     string
	Project  string
	Branch   string
	Since    time.Time // enqueued then or later
	Words    []string  // each is part of a field that the lists show; case does not count
	Limit    int       // at most so many; 0: all
	Before   uint64    // only runs enqueued before this sequence number; 0: from the newest
}

// ParseQuery reads what a person types: terms like status:rejected,
// branch:main, project:demo, host:local and since:2d, and words that any field
// may hold.
func (q Query) ParseQuery(text string, now time.Time) (Query, error) {
	for _, term := range strings.Fields(text) {
		field, value, found := strings.Cut(term, ":")
		if !found || value == "" {
			q.Words = append(q.Words, strings.ToLower(term))
			continue
		}
		switch field {
		case "status":
			status, err := ParseStatus(value)
			if err != nil {
				return q, err
			}
			q.Statuses = append(q.Statuses, status)
		case "branch":
			q.Branch = value
		case "project":
			q.Project = value
		case "host":
			q.Host = value
		case "since":
			since, err := ParseSince(value, now)
			if err != nil {
				return q, err
			}
			q.Since = since
		default:
			q.Words = append(q.Words, strings.ToLower(term))
		}
	}
	return q, nil
}

// ParseSince reads a span back from now (90m, 2d, 1w), a day (2026-11-25) or
// an instant in RFC 3339.
func ParseSince(text string, now time.Time) (time.Time, error) {
	for suffix, hours := range map[string]string{"d": "24h", "w": "168h"} {
		if count, found := strings.CutSuffix(text, suffix); found {
			unit, _ := time.ParseDuration(hours)
			var n float64
			if _, err := fmt.Sscanf(count, "%f", &n); err == nil && n >= 0 {
				return now.Add(-time.Duration(n * float64(unit))), nil
			}
		}
	}
	if span, err := time.ParseDuration(text); err == nil && span >= 0 {
		return now.Add(-span), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: use a span like 90m, 2d or 1w, a day like 2026-11-25, or RFC 3339", text)
}

func (q Query) matches(r *Run) bool {
	if len(q.Statuses) > 0 && !slices.Contains(q.Statuses, r.Status) ||
		q.Host != "" && q.Host != r.Host || q.Project != "" && q.Project != r.Project ||
		q.Branch != "" && q.Branch != r.Branch || r.EnqueuedAt.Before(q.Since) {
		return false
	}
	for _, word := range q.Words {
		if !r.mentions(word) {
			return false
		}
	}
	return true
}

func (r *Run) mentions(word string) bool {
	fields := []string{
		r.ID.String(), string(r.Status), string(r.Reason), r.Host, r.Project, r.Branch,
		r.Hash, r.Testbed, r.Adapter, r.Repository, r.Message,
	}
	for k, v := range r.Labels {
		fields = append(fields, k+"="+v)
	}
	return slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), word) })
}

// List returns the runs that the query chooses, newest first, with the reason
// of those that wait for others.
func (s *Store) List(ctx context.Context, q Query) (runs []*Run, err error) {
	err = s.view(ctx, func(t *tx) error {
		c := t.Bucket(bucketRuns).Cursor()
		k, v := c.Last()
		if q.Before > 0 {
			c.Seek(number(q.Before))
			k, v = c.Prev()
		}
		for ; k != nil && (q.Limit == 0 || len(runs) < q.Limit); k, v = c.Prev() {
			run := &Run{}
			if err := decodeRecord(v, run); err != nil {
				return err
			}
			if !q.matches(run) {
				continue
			}
			if err := t.explain(run); err != nil {
				return err
			}
			runs = append(runs, run)
		}
		return nil
	})
	return runs, err
}

// Get returns one run.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (run *Run, err error) {
	err = s.view(ctx, func(t *tx) error {
		if run, err = t.byID(id); err != nil {
			return err
		}
		return t.explain(run)
	})
	return run, err
}

// Find returns the run whose ID is, begins with or ends with the text, which
// must name one run only.
func (s *Store) Find(ctx context.Context, text string) (run *Run, err error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return nil, fmt.Errorf("%w: the ID is empty", ErrNotFound)
	}
	err = s.view(ctx, func(t *tx) error {
		var found []uint64
		c := t.Bucket(bucketIDs).Cursor()
		for k, v := c.First(); k != nil && len(found) < 2; k, v = c.Next() {
			id := uuid.UUID(k).String()
			if strings.HasPrefix(id, text) || strings.HasSuffix(id, text) {
				found = append(found, decodeNumber(v))
			}
		}
		switch len(found) {
		case 0:
			return fmt.Errorf("%w: %q (see burrow list)", ErrNotFound, text)
		case 1:
			if run, err = t.run(found[0]); err != nil {
				return err
			}
			return t.explain(run)
		}
		return fmt.Errorf("%q names several runs: give more of the ID", text)
	})
	return run, err
}

// explain derives the reason of a run that waits for others: an older run of
// its lane, a pause of its host, project or credential.
func (t *tx) explain(r *Run) error {
	if r.Status == Pending {
		hold, err := t.heldBy(r)
		if err != nil {
			return err
		}
		if hold.Held {
			r.Reason, r.Message, r.NextAttemptAt = ReasonPaused, hold.Message, time.Time{}
			return nil
		}
	}
	if r.Status != Pending || r.Reason.NeedsPerson() || r.Short != nil {
		return nil
	}
	for _, scope := range []string{
		projectScope(r.Host, r.Project), credentialScope(r.Host, r.Project, r.Credential), hostScope(r.Host),
	} {
		pause, err := t.pause(scope)
		if err != nil {
			return err
		}
		if pause.Held || pause.Until.After(r.NextAttemptAt) && pause.Until.After(t.now) {
			r.Reason, r.NextAttemptAt = pause.Reason, pause.Until
			if r.Message == "" {
				r.Message = pause.Message
			}
			return nil
		}
	}
	lane := hashed(r.Lane())
	k, _ := t.Bucket(bucketLanes).Cursor().Seek(lane)
	if seq := decodeNumber(k[hashLength:]); seq < r.Seq {
		ahead, err := t.run(seq)
		if err != nil {
			return err
		}
		if !ahead.Reason.NeedsPerson() && !ahead.yields(t.now, t.now) {
			r.Reason = Behind(ahead.ID)
		}
	}
	return nil
}

// Body returns the exact bytes that are sent for a run.
func (s *Store) Body(ctx context.Context, id uuid.UUID) (body []byte, err error) {
	err = s.view(ctx, func(t *tx) error {
		run, err := t.byID(id)
		if err != nil {
			return err
		}
		body, err = t.body(run.Seq)
		return err
	})
	return body, err
}

// History returns a run's attempts, oldest first.
func (s *Store) History(ctx context.Context, id uuid.UUID) (attempts []Attempt, err error) {
	err = s.view(ctx, func(t *tx) error {
		run, err := t.byID(id)
		if err != nil {
			return err
		}
		attempts, err = t.attempts(run.Seq)
		return err
	})
	return attempts, err
}

// Activity returns the attempts of all runs by the time they ended, oldest
// first.
func (s *Store) Activity(ctx context.Context) (attempts []Attempt, err error) {
	err = s.view(ctx, func(t *tx) error {
		return t.Bucket(bucketAttempts).ForEach(func(_, v []byte) error {
			var a Attempt
			if err := decodeRecord(v, &a); err != nil {
				return err
			}
			attempts = append(attempts, a)
			return nil
		})
	})
	slices.SortStableFunc(attempts, func(a, b Attempt) int { return a.EndedAt.Compare(b.EndedAt) })
	return attempts, err
}

// Counts are the numbers of runs by status.
type Counts map[Status]int

// Counts returns how many runs have each status, without reading any.
func (s *Store) Counts(ctx context.Context) (counts Counts, err error) {
	counts = Counts{}
	err = s.view(ctx, func(t *tx) error {
		for _, status := range Statuses() {
			counts[status] = int(t.counted(status))
		}
		return nil
	})
	return counts, err
}

// Outstanding returns the runs that are not at an end, oldest first.
func (s *Store) Outstanding(ctx context.Context) ([]*Run, error) {
	runs, err := s.List(ctx, Query{Statuses: []Status{Pending, Sending}})
	slices.Reverse(runs)
	return runs, err
}
