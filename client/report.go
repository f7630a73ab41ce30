package client

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Report is the server's record of a run (JsonReport). Times are whole
// seconds.
type Report struct {
	UUID      uuid.UUID  `json:"uuid"`
	User      *User      `json:"user"` // null for a project key or an anonymous run
	Project   Project    `json:"project"`
	Branch    Branch     `json:"branch"`
	Testbed   Testbed    `json:"testbed"`
	StartTime time.Time  `json:"start_time"`
	EndTime   time.Time  `json:"end_time"`
	Adapter   string     `json:"adapter"`
	Results   [][]Result `json:"results,omitempty"` // by iteration
	Alerts    []Alert    `json:"alerts,omitempty"`
	Counts    *Counts    `json:"counts,omitempty"` // absent before 0.6.9
	Created   time.Time  `json:"created"`
}

// User is who made a report.
type User struct {
	UUID uuid.UUID `json:"uuid"`
	Name string    `json:"name"`
	Slug string    `json:"slug"`
}

// Project holds reports; keys are scoped to it.
type Project struct {
	UUID         uuid.UUID  `json:"uuid"`
	Organization uuid.UUID  `json:"organization"`
	Name         string     `json:"name"`
	Slug         string     `json:"slug"`
	URL          *string    `json:"url"`
	Visibility   string     `json:"visibility"`
	Created      time.Time  `json:"created"`
	Modified     time.Time  `json:"modified"`
	Claimed      *time.Time `json:"claimed"`
}

// Branch is a line of versions.
type Branch struct {
	UUID     uuid.UUID  `json:"uuid"`
	Project  uuid.UUID  `json:"project"`
	Name     string     `json:"name"`
	Slug     string     `json:"slug"`
	Head     Head       `json:"head"`
	Created  time.Time  `json:"created"`
	Modified time.Time  `json:"modified"`
	Archived *time.Time `json:"archived"`
}

// Head is a branch's current line of versions, with the version of the report
// that it came with.
type Head struct {
	UUID       uuid.UUID       `json:"uuid"`
	StartPoint json.RawMessage `json:"start_point"`
	Version    *Version        `json:"version"`
	Created    time.Time       `json:"created"`
	Replaced   *time.Time      `json:"replaced"`
}

// Version numbers a branch's reports in order of arrival; reports of one hash
// share one.
type Version struct {
	Number int     `json:"number"`
	Hash   *string `json:"hash"`
}

// Testbed is where a benchmark ran.
type Testbed struct {
	UUID     uuid.UUID  `json:"uuid"`
	Project  uuid.UUID  `json:"project"`
	Name     string     `json:"name"`
	Slug     string     `json:"slug"`
	Created  time.Time  `json:"created"`
	Modified time.Time  `json:"modified"`
	Archived *time.Time `json:"archived"`
}

// Benchmark is one benchmark of a project.
type Benchmark struct {
	UUID     uuid.UUID  `json:"uuid"`
	Project  uuid.UUID  `json:"project"`
	Name     string     `json:"name"`
	Slug     string     `json:"slug"`
	Created  time.Time  `json:"created"`
	Modified time.Time  `json:"modified"`
	Archived *time.Time `json:"archived"`
}

// Measure is what is measured, with its units.
type Measure struct {
	UUID     uuid.UUID  `json:"uuid"`
	Project  uuid.UUID  `json:"project"`
	Name     string     `json:"name"`
	Slug     string     `json:"slug"`
	Units    string     `json:"units"`
	Created  time.Time  `json:"created"`
	Modified time.Time  `json:"modified"`
	Archived *time.Time `json:"archived"`
}

// Result is one benchmark of one iteration.
type Result struct {
	Iteration int             `json:"iteration"`
	Benchmark Benchmark       `json:"benchmark"`
	Measures  []ResultMeasure `json:"measures"`
}

// ResultMeasure is one metric with the threshold that watches it.
type ResultMeasure struct {
	Measure   Measure         `json:"measure"`
	Metric    Metric          `json:"metric"`
	Threshold json.RawMessage `json:"threshold"`
	Boundary  *Boundary       `json:"boundary"`
}

// Metric is a measured value as the server stored it.
type Metric struct {
	UUID  uuid.UUID `json:"uuid"`
	Value float64   `json:"value"`
	Lower *float64  `json:"lower_value"`
	Upper *float64  `json:"upper_value"`
}

// Boundary is what a threshold allowed at that point.
type Boundary struct {
	Baseline *float64 `json:"baseline"`
	Lower    *float64 `json:"lower_limit"`
	Upper    *float64 `json:"upper_limit"`
}

// Alert says that a metric broke its boundary.
type Alert struct {
	UUID      uuid.UUID       `json:"uuid"`
	Report    uuid.UUID       `json:"report"`
	Iteration int             `json:"iteration"`
	Benchmark Benchmark       `json:"benchmark"`
	Metric    Metric          `json:"metric"`
	Threshold json.RawMessage `json:"threshold"`
	Boundary  Boundary        `json:"boundary"`
	Limit     string          `json:"limit"`
	Status    string          `json:"status"`
	Created   time.Time       `json:"created"`
	Modified  time.Time       `json:"modified"`
}

// MeasureName is what the alert's threshold watches, or "".
func (a *Alert) MeasureName() string {
	var threshold struct {
		Measure Measure `json:"measure"`
	}
	_ = json.Unmarshal(a.Threshold, &threshold) // absent in a shape that is not known: no name
	return threshold.Measure.Name
}

// Counts say how much of a report is stored: an entry of Results for each
// iteration that has rows.
type Counts struct {
	Results []IterationCount `json:"results"`
	Alerts  AlertCount       `json:"alerts"`
}

// IterationCount counts what one iteration holds.
type IterationCount struct {
	Benchmarks int `json:"benchmarks"`
	Measures   int `json:"measures"`
}

// AlertCount counts a report's alerts.
type AlertCount struct {
	Total  int `json:"total"`
	Active int `json:"active"`
}

// Iterations is the number of benchmarks in each iteration that the server
// holds rows for.
func (r *Report) Iterations() []int {
	if r.Counts != nil {
		held := make([]int, 0, len(r.Counts.Results))
		for _, c := range r.Counts.Results {
			held = append(held, c.Benchmarks)
		}
		return held
	}
	held := make([]int, 0, len(r.Results))
	for _, iteration := range r.Results {
		held = append(held, len(iteration))
	}
	return held
}

// AlertCounts are the report's alerts, counted.
func (r *Report) AlertCounts() AlertCount {
	if r.Counts != nil {
		return r.Counts.Alerts
	}
	count := AlertCount{Total: len(r.Alerts)}
	for _, a := range r.Alerts {
		if a.Status == "active" {
			count.Active++
		}
	}
	return count
}

// Hash is the commit that the report's version names, or "".
func (r *Report) Hash() string {
	if v := r.Branch.Head.Version; v != nil && v.Hash != nil {
		return *v.Hash
	}
	return ""
}

// APIError is the body of every error that the server itself makes.
type APIError struct {
	RequestID string `json:"request_id"`
	ErrorCode string `json:"error_code,omitempty"`
	Message   string `json:"message"`
}
