package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Query chooses runs. Its zero value chooses all.
type Query struct {
	// IDs name the runs themselves; nil: any. Those that are not there are passed
	// over.
	IDs      []uuid.UUID
	Statuses []Status
	Host     string
	Project  string
	Branch   string
	Testbed  string
	// Repository is that of a run's Summary: a root commit, else a name.
	Repository string
	Since      time.Time // enqueued then or later
	Words      []string  // each is part of a field that the lists show; case does not count
	// Alike lets the letters of a word lie apart, in their order, within the name
	// of a project, branch, testbed or adapter: "frdx" chooses feature/radix.
	Alike  bool
	Alerts bool // only runs whose reports raised alerts that are active
	Limit  int  // at most so many; 0: all
	// Before and After are cursors: only runs before, or after, this sequence
	// number; 0: from the newest, or the oldest.
	Before, After uint64
	OldestFirst   bool
}

// ParseQuery reads what a person types: terms like status:rejected,
// branch:main, project:demo, testbed:ci, host:local, repository:…, since:2d and
// alerts:active, and words that any field may hold.
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
		case "testbed":
			q.Testbed = value
		case "repository":
			q.Repository = value
		case "alerts":
			if value != "active" {
				return q, fmt.Errorf("alerts:%s: there is alerts:active", value)
			}
			q.Alerts = true
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

// UnknownField tells of a word that looks like a term of a field that is not
// there, as statu:pending does. Runs may hold it all the same: it is for where
// none does.
func (q Query) UnknownField() error {
	for _, word := range q.Words {
		field, value, found := strings.Cut(word, ":")
		if found && value != "" && !strings.HasPrefix(value, "//") && field != "" && strings.Trim(field, "abcdefghijklmnopqrstuvwxyz") == "" {
			return fmt.Errorf("no field is called %q: use status, branch, project, host, testbed, repository, since or alerts", field)
		}
	}
	return nil
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

// Matches tells whether a run is one that the query chooses, its cursors aside.
func (q Query) Matches(r *Run) bool {
	return (q.IDs == nil || slices.Contains(q.IDs, r.ID)) && q.describes(r)
}

// describes is Matches without the IDs.
func (q Query) describes(r *Run) bool {
	if len(q.Statuses) > 0 && !slices.Contains(q.Statuses, r.Status) ||
		q.Host != "" && q.Host != r.Host || q.Project != "" && q.Project != r.Project ||
		q.Branch != "" && q.Branch != r.Branch || q.Testbed != "" && q.Testbed != r.Testbed ||
		q.Repository != "" && q.Repository != r.Repository || r.EnqueuedAt.Before(q.Since) ||
		q.Alerts && (r.Report == nil || r.Report.AlertsActive == 0) {
		return false
	}
	for _, word := range q.Words {
		if q.Alike && !r.alike(word) || !q.Alike && !r.mentions(word) {
			return false
		}
	}
	return true
}

// alike tells whether a name of the run's holds a word's letters in their order.
func (r *Run) alike(word string) bool {
	return slices.ContainsFunc([]string{r.Project, r.Branch, r.Testbed, r.Adapter}, func(name string) bool { return inOrder(name, word) })
}

// inOrder tells whether a text holds the letters of a word in small letters, in
// their order.
func inOrder(text, word string) bool {
	rest := []rune(word)
	for _, r := range text {
		if len(rest) > 0 && unicode.ToLower(r) == rest[0] {
			rest = rest[1:]
		}
	}
	return len(rest) == 0
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

// List returns the runs that the query chooses, newest first unless it says
// otherwise, with the reason of those that wait for others. Where records are
// damaged it returns the others, and an error that is ErrDamaged.
func (s *Store) List(ctx context.Context, q Query) ([]*Run, error) {
	page, err := s.Page(ctx, q)
	return page.Runs, err
}

// Page is a part of a list, with the counts of the same moment.
type Page struct {
	Runs   []*Run
	Counts Counts
}

// Page is List with the counts of all runs, in one transaction.
func (s *Store) Page(ctx context.Context, q Query) (page Page, err error) {
	var unread []error
	err = s.view(ctx, func(t *tx) error {
		page.Counts = t.allCounts()
		page.Runs, err = t.listed(q, func(_ uint64, damaged error) error {
			unread = append(unread, damaged)
			return nil
		})
		return err
	})
	if err == nil && len(unread) > 0 {
		err = fmt.Errorf("runs that can't be read: %d; the first: %w", len(unread), unread[0])
	}
	return page, err
}

// listed reads the runs that a query chooses, with a say in what becomes of
// records that can't be read: nil passes over them.
func (t *tx) listed(q Query, unread func(seq uint64, damaged error) error) (runs []*Run, err error) {
	from, filter := q.After+1, q.filter()
	if !q.OldestFirst {
		from = 0
		if q.Before > 0 {
			from = q.Before - 1
		}
		if q.Before == 1 {
			return nil, nil
		}
	}
	visit := func(seq uint64, data []byte) bool {
		if q.OldestFirst && q.Before > 0 && seq >= q.Before || !q.OldestFirst && seq <= q.After {
			return false
		}
		if !filter.passes(data) {
			return true
		}
		run := &Run{}
		if damaged := decodeRun(seq, data, run); damaged != nil {
			err = unread(seq, damaged)
			return err == nil
		}
		if !q.describes(run) {
			return true
		}
		if err = t.explain(run); err != nil {
			return false
		}
		runs = append(runs, run)
		return q.Limit == 0 || len(runs) < q.Limit
	}
	if q.IDs != nil {
		t.walkIDs(q.IDs, from, q.OldestFirst, visit)
	} else {
		t.walk(q.Statuses, from, q.OldestFirst, visit)
	}
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

// GetAll returns the runs of these IDs, in their order, as they stand at one
// moment.
func (s *Store) GetAll(ctx context.Context, ids []uuid.UUID) (runs []*Run, err error) {
	err = s.view(ctx, func(t *tx) error {
		runs = make([]*Run, len(ids))
		for i, id := range ids {
			if runs[i], err = t.byID(id); err != nil {
				return err
			}
			if err := t.explain(runs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return runs, err
}

// explain derives the reason of a run that waits for others: an older run of
// its lane, a pause of its host, project or credential.
func (t *tx) explain(r *Run) error {
	if r.Status == Sending && r.Claim != nil {
		r.Message = t.inHands(r)
	}
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
	if seq, found := t.inLane(hashed(r.Lane()), 0); found && seq < r.Seq {
		ahead, err := t.run(seq)
		if errors.Is(err, ErrDamaged) {
			return nil // it is told of by itself
		}
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
		body, err = t.body(run)
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

// Activity returns the newest attempts of all runs, at most so many (0: all),
// by the time they ended, oldest first.
func (s *Store) Activity(ctx context.Context, limit int) (attempts []Attempt, err error) {
	err = s.view(ctx, func(t *tx) error {
		c := t.Bucket(bucketActivity).Cursor()
		for k, _ := c.Last(); k != nil && (limit == 0 || len(attempts) < limit); k, _ = c.Prev() {
			var a Attempt
			if err := decodeRecord(t.Bucket(bucketAttempts).Get(k[8:]), &a); err != nil {
				return err
			}
			attempts = append(attempts, a)
		}
		return nil
	})
	slices.Reverse(attempts)
	return attempts, err
}

// Counts are the numbers of runs by status.
type Counts map[Status]int

// Counts returns how many runs have each status, without reading any.
func (s *Store) Counts(ctx context.Context) (counts Counts, err error) {
	err = s.view(ctx, func(t *tx) error {
		counts = t.allCounts()
		return nil
	})
	return counts, err
}

func (t *tx) allCounts() Counts {
	counts := Counts{}
	for _, status := range Statuses() {
		counts[status] = int(t.counted(status))
	}
	return counts
}

// Outstanding returns the runs that are not at an end, oldest first.
func (s *Store) Outstanding(ctx context.Context) ([]*Run, error) {
	return s.List(ctx, Query{Statuses: []Status{Pending, Sending}, OldestFirst: true})
}
