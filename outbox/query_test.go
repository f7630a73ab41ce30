package outbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestAlertsAreFound: runs whose reports raised some.
func TestAlertsAreFound(t *testing.T) {
	s := openTest(t)
	quiet, loud := enqueue(t, s, newRun(t, "quiet", 1)), enqueue(t, s, newRun(t, "loud", 1))
	enqueue(t, s, newRun(t, "pending", 1))
	err := s.update(t.Context(), func(t *tx) error {
		for _, r := range []*Run{quiet, loud} {
			r.Status, r.Report, r.AcknowledgedAt, r.NextAttemptAt = Sent, &ReportRef{UUID: uuid.New()}, t.now, time.Time{}
		}
		loud.Report.AlertsTotal, loud.Report.AlertsActive = 2, 1
		return errors.Join(t.save(quiet), t.save(loud))
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := Query{}.ParseQuery("alerts:active", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := s.List(t.Context(), q); err != nil || len(runs) != 1 || runs[0].ID != loud.ID {
		t.Errorf("%v, %v", runs, err)
	}
	if _, err := (Query{}).ParseQuery("alerts:loud", time.Now()); err == nil {
		t.Error("alerts:loud is no term")
	}
}

// TestAQueryNamesRuns by their IDs, in whatever order they are given, together
// with its other terms and its cursors.
func TestAQueryNamesRuns(t *testing.T) {
	s := openTest(t)
	var ids []uuid.UUID
	for i := range 6 {
		ids = append(ids, enqueue(t, s, newRun(t, fmt.Sprint("branch-", i), 1)).ID)
	}
	gone, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		q    Query
		want []int
	}{
		"newest first":      {Query{IDs: []uuid.UUID{ids[1], ids[4], gone, ids[0], ids[4]}}, []int{4, 1, 0}},
		"oldest first":      {Query{IDs: []uuid.UUID{ids[4], ids[1]}, OldestFirst: true}, []int{1, 4}},
		"with other terms":  {Query{IDs: []uuid.UUID{ids[4], ids[1]}, Branch: "branch-1"}, []int{1}},
		"of another status": {Query{IDs: []uuid.UUID{ids[4], ids[1]}, Statuses: []Status{Sent}}, nil},
		"before one":        {Query{IDs: []uuid.UUID{ids[4], ids[1]}, Before: 5}, []int{1}},
		"after one":         {Query{IDs: []uuid.UUID{ids[4], ids[1]}, After: 2, OldestFirst: true}, []int{4}},
		"at most one":       {Query{IDs: []uuid.UUID{ids[4], ids[1]}, Limit: 1}, []int{4}},
		"none":              {Query{IDs: []uuid.UUID{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			runs, err := s.List(t.Context(), test.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, r := range runs {
				got = append(got, slices.Index(ids, r.ID))
				if !test.q.Matches(r) {
					t.Errorf("%s does not match its query", r.Branch)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
	others, err := s.List(t.Context(), Query{})
	if err != nil || (Query{IDs: []uuid.UUID{gone}}).Matches(others[0]) {
		t.Errorf("a query of another run's ID matches, %v", err)
	}
}

func TestAnExportOfNamedRunsHoldsJustThose(t *testing.T) {
	s := openTest(t)
	var ids []uuid.UUID
	for i := range 3 {
		ids = append(ids, enqueue(t, s, newRun(t, fmt.Sprint("branch-", i), 1)).ID)
	}
	var file strings.Builder
	runs, _, err := s.Export(t.Context(), Query{IDs: []uuid.UUID{ids[2], ids[0]}}, &file)
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestAFieldThatIsNotThereIsTold(t *testing.T) {
	for text, told := range map[string]bool{
		"statu:pending": true, "main brnach:x": true, "status:pending": false, "main": false, "https://x": false,
		"bench.example:6610": false, ":x": false, "branch:": false, "12:30": false,
	} {
		q, err := Query{}.ParseQuery(text, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := q.UnknownField(); (err != nil) != told {
			t.Errorf("%q: %v", text, err)
		}
	}
}
