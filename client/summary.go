package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"burrow/client/harness"

	"github.com/google/uuid"
)

// Summary is what burrow must know of a frozen run: what the lists show, and
// what an acknowledgment is checked against. It is derived from the bytes once,
// when they are frozen.
type Summary struct {
	Key          uuid.UUID `json:"key,omitzero"`
	Project      string    `json:"project,omitzero"`        // as named, else the slug the server derives
	ProjectNamed bool      `json:"project_named,omitempty"` // the request itself names the project
	Branch       string    `json:"branch,omitzero"`
	StartPoint   string    `json:"start_point,omitempty"` // the branch that this one grows from
	Hash         string    `json:"hash,omitempty"`
	Testbed      string    `json:"testbed,omitzero"`
	Adapter      string    `json:"adapter,omitzero"`
	Settings     string    `json:"settings,omitempty"`   // average and fold
	Digest       string    `json:"digest,omitzero"`      // of the results: equal runs have equal ones
	Repository   string    `json:"repository,omitempty"` // root commit, else name
	StartTime    time.Time `json:"start_time,omitzero"`
	EndTime      time.Time `json:"end_time,omitzero"`
	// Iterations has, for each iteration that the server will hold rows for,
	// its number of benchmarks, or 0 where only the server can count them.
	Iterations []int             `json:"iterations,omitzero"`
	Benchmarks int               `json:"benchmarks,omitempty"` // different names
	Warnings   []harness.Warning `json:"warnings,omitempty"`
}

// Summarize reads a frozen run. A run that the server would take and then fail
// on, or keep without results, is an error: no results, results without a
// benchmark, more than MaxBody bytes, an unknown adapter.
func Summarize(body []byte) (Summary, error) {
	if len(body) > MaxBody {
		return Summary{}, fmt.Errorf("the run is %d bytes; servers take at most %d: split it, or fold its iterations before sending", len(body), MaxBody)
	}
	var run NewRun
	if err := json.Unmarshal(body, &run); err != nil {
		return Summary{}, fmt.Errorf("reading the run: %w", err)
	}
	if err := run.CheckLimits(); err != nil {
		return Summary{}, err
	}
	key, err := uuid.Parse(run.IdempotencyKey)
	if err != nil {
		return Summary{}, fmt.Errorf("idempotency key %q is no UUID: %w", run.IdempotencyKey, err)
	}
	s := Subject(run, key)
	gathering, err := NewGathering(run.Settings)
	if err != nil {
		return Summary{}, err
	}
	s.Digest = digest(run.Results)
	return s, s.read(gathering, run.Settings != nil && run.Settings.Fold != "", run.Results)
}

// Subject is what a run measures and where, under that key: its summary before
// there are results.
func Subject(run NewRun, key uuid.UUID) Summary {
	s := Summary{
		Key: key, Project: run.Project, ProjectNamed: run.Project != "",
		Branch: first(run.Branch, run.Context[ContextBranchName], "main"),
		Hash:   first(run.Hash, run.Context[ContextBranchHash]), Testbed: first(run.Testbed, run.Context[ContextTestbedOS], "localhost"),
		Adapter:    string(harness.Magic),
		Repository: RepositoryOf(run.Context),
		StartTime:  run.StartTime, EndTime: run.EndTime,
	}
	if !s.ProjectNamed {
		s.Project = ProjectSlug(run.Context)
	}
	if run.StartPoint != nil {
		s.StartPoint = run.StartPoint.Branch
	}
	if run.Settings != nil {
		s.Adapter = first(run.Settings.Adapter, s.Adapter)
		s.Settings = strings.Trim(run.Settings.Average+" "+run.Settings.Fold, " ")
	}
	return s
}

// digest tells results apart: 16 hex digits of the SHA-256 of their JSON.
func digest(results []string) string {
	text, _ := json.Marshal(results) // strings always encode
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func (s *Summary) read(gathering *Gathering, folded bool, results []string) error {
	if len(results) == 0 {
		return errors.New("the run has no results to send")
	}
	for i, text := range results {
		reading, err := gathering.Add(text)
		if err != nil {
			if len(results) > 1 {
				err = fmt.Errorf("iteration %d of %d: %w", i+1, len(results), err)
			}
			return err
		}
		s.Iterations = append(s.Iterations, len(reading.Results))
		s.Warnings = append(s.Warnings, reading.Warnings...)
	}
	s.Benchmarks = gathering.Benchmarks()
	if folded {
		s.Iterations = []int{s.Benchmarks}
	}
	return nil
}

// Lane names the runs that must arrive in order: those of one branch of one
// project on one host.
func (s Summary) Lane(host string) string { return LaneOf(host, s.Project, s.Branch) }

// LaneOf is the lane of a branch of a project on a host.
func LaneOf(host, project, branch string) string {
	return strings.Join([]string{host, project, branch}, "\x00")
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// base is a path's last element, or "root" where there is none.
func base(dir string) string {
	if b := path.Base(dir); b != "/" && b != "." {
		return b
	}
	return "root"
}

// SameSubject tells whether two runs measure the same thing in the same place:
// only then may one answer for the other under a shared key.
func (s Summary) SameSubject(other Summary) bool {
	return s.Project == other.Project && s.Branch == other.Branch && s.Testbed == other.Testbed &&
		s.Adapter == other.Adapter && s.Settings == other.Settings && strings.EqualFold(s.Hash, other.Hash)
}

// RepositoryOf names the repository of a run's context: its root commit, else
// its name; "": it bears none.
func RepositoryOf(context map[string]string) string {
	return first(context[ContextRepoHash], context[ContextRepoName])
}

// Identify reads what tells one frozen run from every other: its key and the
// digest of its results. It is far quicker than Summarize, which reads the
// results too.
func Identify(body []byte) (key uuid.UUID, results string, err error) {
	var run NewRun
	if err := json.Unmarshal(body, &run); err != nil {
		return uuid.Nil, "", fmt.Errorf("reading the run: %w", err)
	}
	key, err = uuid.Parse(run.IdempotencyKey)
	return key, digest(run.Results), err
}
