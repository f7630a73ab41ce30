package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// fakeServer is a server in memory, keyed as Bencher's: what it answers goes
// through client's real table. Faults are taken in order, one an attempt.
type fakeServer struct {
	mu        sync.Mutex
	reports   map[uuid.UUID]*client.Report // by key
	whole     map[uuid.UUID]int            // iterations that a report will have
	made      int                          // reports ever made
	deleted   int
	faults    []fault
	bodies    map[uuid.UUID][]string // every body that came, by key
	arrivals  []uuid.UUID            // keys, in order of the reports' making
	down      bool
	mayDelete bool
	creds     client.Credentials
	anonymous int // attempts without a credential
	skew      time.Duration
	keyless   bool                 // it ignores idempotency keys
	projects  map[string]uuid.UUID // by slug; one that isn't there is made at need
}

type fault string

const (
	loseResponse fault = "lose the response"
	refuseIt     fault = "drop it unread"
	unreachable  fault = "unreachable"
	storeEmpty   fault = "an empty report, then 500"
	storeOne     fault = "one iteration, then 500"
	conflictIt   fault = "409"
	throttleIt   fault = "429"
	htmlIt       fault = "a proxy's page"
	loginIt      fault = "401"
	loseDelete   fault = "lose the answer to a DELETE"
	slowCommit   fault = "the results 4 s later"
)

func newFakeServer() *fakeServer {
	return &fakeServer{
		reports: map[uuid.UUID]*client.Report{}, whole: map[uuid.UUID]int{}, bodies: map[uuid.UUID][]string{}, mayDelete: true,
		projects: map[string]uuid.UUID{},
	}
}

func (f *fakeServer) Credential(host, fingerprint, refused string) (client.Credential, bool) {
	return f.creds.For(host, fingerprint, refused)
}

func (f *fakeServer) Ping(context.Context, string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return "", errors.New("connection refused")
	}
	return "0.6.12", nil
}

func (f *fakeServer) now() time.Time { return time.Now().Add(f.skew) }

func (f *fakeServer) answer(started time.Time, status int, body any) client.Exchange {
	x := client.Exchange{Sent: true, Status: status, Header: http.Header{}, Took: time.Since(started), Started: started, Ended: time.Now()}
	x.Header.Set("Date", f.now().UTC().Format(http.TimeFormat))
	x.Body, _ = json.Marshal(body)
	return x
}

func (f *fakeServer) Send(_ context.Context, p client.Parcel) client.Verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, _ := f.creds.For(p.Host, p.Fingerprint, p.Refused); c.None() {
		f.anonymous++
	}
	return client.Classify(f.exchange(p), p.Want)
}

func (f *fakeServer) exchange(p client.Parcel) client.Exchange {
	started := time.Now()
	lost := client.Exchange{Sent: true, Err: errors.New("connection reset"), Header: http.Header{}, Started: started, Ended: started}
	if f.down {
		return client.Exchange{Err: errors.New("connection refused"), Header: http.Header{}}
	}
	now := fault("")
	if len(f.faults) > 0 {
		now, f.faults = f.faults[0], f.faults[1:]
	}
	var request client.NewRun
	if err := json.Unmarshal(p.Body, &request); err != nil {
		panic(err)
	}
	key := uuid.MustParse(request.IdempotencyKey)
	if now != unreachable {
		f.bodies[p.Want.Key] = append(f.bodies[p.Want.Key], string(p.Body)) // by the run that it was sent for
	}
	refusal := func(text string) client.APIError { return client.APIError{RequestID: "r", Message: text} }
	switch now {
	case unreachable:
		return client.Exchange{Err: errors.New("no route to host"), Header: http.Header{}}
	case refuseIt:
		return lost
	case throttleIt:
		return f.answer(started, 429, refusal("Too many runs per minute. Please, try again later."))
	case htmlIt:
		x := f.answer(started, 502, "")
		x.Body = []byte("<html>")
		return x
	case loginIt:
		return f.answer(started, 401, refusal("Invalid user key"))
	default:
	}
	if f.keyless {
		key = uuid.New()
	}
	report, there := f.reports[key]
	if !there {
		report = f.create(key, request)
		switch now {
		case storeEmpty:
			report.Counts.Results = report.Counts.Results[:0]
		case storeOne:
			report.Counts.Results = report.Counts.Results[:1]
		case slowCommit:
			results := report.Counts.Results
			report.Counts.Results = nil
			time.AfterFunc(4*time.Second, func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				report.Counts.Results = results
			})
		default:
		}
	}
	switch now {
	case loseResponse, slowCommit:
		return lost
	case conflictIt:
		return f.answer(started, 409, refusal("Report has conflict: report.idempotency_key"))
	case storeEmpty, storeOne:
		if !there {
			return f.answer(started, 500, refusal("database is locked"))
		}
	default:
	}
	return f.answer(started, 201, report)
}

func (f *fakeServer) create(key uuid.UUID, request client.NewRun) *client.Report {
	f.made++
	f.arrivals = append(f.arrivals, key)
	id := uuid.Must(uuid.NewV7())
	for i, ms := 0, uint64(f.now().UnixMilli()); i < 6; i++ {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	project, known := f.projects[request.Project]
	if !known {
		project = uuid.New()
		f.projects[request.Project] = project
	}
	report := &client.Report{
		UUID: id, Project: client.Project{UUID: project, Slug: request.Project},
		Branch:  client.Branch{Name: request.Branch, Slug: request.Branch},
		Testbed: client.Testbed{Name: request.Testbed, Slug: request.Testbed}, Adapter: request.Settings.Adapter,
		StartTime: request.StartTime.Truncate(time.Second), EndTime: request.EndTime.Truncate(time.Second), Counts: &client.Counts{},
	}
	for range request.Results {
		report.Counts.Results = append(report.Counts.Results, client.IterationCount{Benchmarks: 1, Measures: 1})
	}
	f.reports[key], f.whole[key] = report, len(request.Results)
	return report
}

func (f *fakeServer) Clear(_ context.Context, p client.Parcel) client.Clearance {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch project, known := f.projects[p.Want.Project]; {
	case f.down:
		return client.Clearance{State: client.NotCleared, Trouble: client.Verdict{Outcome: client.Unavailable, Scope: client.ScopeHost, Message: "connection refused"}}
	case p.KnownProject != uuid.Nil && (!known || project != p.KnownProject):
		return client.Clearance{State: client.ProjectMoved, Trouble: client.Verdict{
			Outcome: client.Unavailable, Cause: client.CauseMoved, Scope: client.ScopeRun, HTTPStatus: 404, Message: "no such project"}}
	case f.keyless:
		return client.Clearance{State: client.WithoutKeys}
	}
	return client.Clearance{State: client.ClearToSend}
}

func (f *fakeServer) Search(_ context.Context, p client.Parcel) client.Search {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return client.Search{Trouble: client.Verdict{Outcome: client.Unavailable, Scope: client.ScopeHost, Message: "connection refused"}}
	}
	found := client.Search{Asked: true, Date: f.now().UTC().Truncate(time.Second)}
	for _, r := range f.reports {
		byUUID := r.Project.UUID.String() == p.Want.Project
		if (byUUID || r.Project.Slug == p.Want.Project) && r.Branch.Name == p.Want.Branch && r.StartTime.Unix() == p.Want.StartTime.Unix() {
			found.Found = append(found.Found, *r)
		}
	}
	return found
}

// rename gives a project another slug.
func (f *fakeServer) rename(from, to string) {
	f.projects[to] = f.projects[from]
	delete(f.projects, from)
	for _, r := range f.reports {
		if r.Project.Slug == from {
			r.Project.Slug = to
		}
	}
}

func (f *fakeServer) find(id uuid.UUID) (uuid.UUID, *client.Report) {
	for key, report := range f.reports {
		if report.UUID == id {
			return key, report
		}
	}
	return uuid.Nil, nil
}

func (f *fakeServer) Look(_ context.Context, p client.Parcel) client.Sighting {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return client.ClassifyLook(client.Exchange{Err: errors.New("connection refused"), Header: http.Header{}}, p.Want)
	}
	if _, report := f.find(p.Report); report != nil {
		return client.ClassifyLook(f.answer(time.Now(), 200, report), p.Want)
	}
	return client.ClassifyLook(f.answer(time.Now(), 404, client.APIError{RequestID: "r", Message: "Report not found"}), p.Want)
}

func (f *fakeServer) MayDelete(context.Context, client.Parcel) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mayDelete, nil
}

func (f *fakeServer) Delete(_ context.Context, p client.Parcel) client.Deletion {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return client.ClassifyDelete(client.Exchange{Err: errors.New("connection refused"), Header: http.Header{}})
	}
	key, report := f.find(p.Report)
	if report != nil {
		delete(f.reports, key)
		f.deleted++
	}
	if len(f.faults) > 0 && f.faults[0] == loseDelete {
		f.faults = f.faults[1:]
		return client.ClassifyDelete(client.Exchange{Sent: true, Err: errors.New("connection reset"), Header: http.Header{}})
	}
	return client.ClassifyDelete(f.answer(time.Now(), 204, nil))
}

// wholeReports counts the reports that hold all their iterations.
func (f *fakeServer) wholeReports() (whole int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, report := range f.reports {
		if len(report.Counts.Results) == f.whole[key] {
			whole++
		}
	}
	return whole
}

func (f *fakeServer) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

const testHost = "http://bench.example"

func openTest(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newRun makes a run of so many iterations for a branch.
func newRun(t testing.TB, branch string, iterations int, change ...func(*New)) New {
	t.Helper()
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	results := make([]string, iterations)
	for i := range results {
		results[i] = fmt.Sprintf(`{"bench":{"latency":{"value":%d}}}`, i+1)
	}
	now := time.Now()
	body, err := client.NewRun{
		Project: "demo", Branch: branch, Testbed: "ci", StartTime: now.Add(-time.Second), EndTime: now,
		Results: results, Settings: &client.Settings{Adapter: "json"},
	}.Freeze(id)
	if err != nil {
		t.Fatal(err)
	}
	n := New{ID: id, Body: body, Host: testHost}
	for _, c := range change {
		c(&n)
	}
	return n
}

func enqueue(t testing.TB, s *Store, n New) *Run {
	t.Helper()
	run, _, err := s.Enqueue(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// startSender runs a sender until the test ends or the returned function is
// called.
func startSender(t testing.TB, s *Sender) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// waitFor waits until the run is as wanted, or fails after so long.
func waitFor(t testing.TB, s *Store, id uuid.UUID, limit time.Duration, ok func(*Run) bool) *Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	changes := s.Watch(ctx)
	for {
		run, err := s.Get(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		if ok(run) {
			cancel()
			for range changes { // until the watcher is gone
			}
			return run
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %s the run is %s (%s): %s", limit, run.Status, run.Reason, run.Message)
		case <-changes:
		}
	}
}

func ended(r *Run) bool { return r.Status.Ended() }

func outcomes(t testing.TB, s *Store, id uuid.UUID) []client.Outcome {
	t.Helper()
	history, err := s.History(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	var list []client.Outcome
	for _, a := range history {
		list = append(list, a.Outcome)
	}
	return list
}

func checkClean(t testing.TB, s *Store) {
	t.Helper()
	problems, err := s.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func wantOutcomes(t testing.TB, s *Store, id uuid.UUID, want ...client.Outcome) {
	t.Helper()
	if got := outcomes(t, s, id); !slices.Equal(got, want) {
		t.Errorf("history %v, want %v", got, want)
	}
}

func mustID(text string) uuid.UUID { return uuid.MustParse(text) }
