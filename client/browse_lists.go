package client

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ReportFilter chooses reports. Its zero value chooses all.
type ReportFilter struct {
	Branch, Testbed string    // UUID, slug or name
	Start, End      time.Time // measured from then, until then; zero: any time
	Expand          bool      // with results and alerts
}

// NameFilter chooses things by name. Its zero value chooses all.
type NameFilter struct {
	Name   string // exactly
	Search string // a part of it
}

// ThresholdFilter chooses thresholds. Its zero value chooses all.
type ThresholdFilter struct{ Branch, Testbed, Measure string }

// Version is the server's version: the cheapest sign of life.
func (b *Browser) Version(ctx context.Context) (string, Source, error) {
	type version struct {
		Version string `json:"version"`
	}
	said, source, err := item[version](ctx, b, "/v0/server/version")
	return said.Version, source, err
}

// Projects lists the projects that the credential may see, by name.
func (b *Browser) Projects(ctx context.Context, f NameFilter, p Paging) (Page[Project], error) {
	return list[Project](ctx, b, "/v0/projects", f.query(), p)
}

// Project reads one project, by UUID or slug.
func (b *Browser) Project(ctx context.Context, project string) (Project, Source, error) {
	return item[Project](ctx, b, projectPath(project))
}

// Reports lists a project's reports, newest first by start time, without
// results unless expanded.
func (b *Browser) Reports(ctx context.Context, project string, f ReportFilter, p Paging) (Page[Report], error) {
	query := url.Values{}
	set(query, "branch", f.Branch)
	set(query, "testbed", f.Testbed)
	setMillis(query, "start_time", f.Start)
	setMillis(query, "end_time", f.End)
	if f.Expand {
		query.Set("expand", "true")
	}
	return list[Report](ctx, b, projectPath(project)+"/reports", query, p)
}

// Report reads one report, whole.
func (b *Browser) Report(ctx context.Context, project string, report uuid.UUID) (*Report, Source, error) {
	found, source, err := item[Report](ctx, b, reportPath(project, report))
	if err == nil && found.UUID != report {
		err = fmt.Errorf("%s gave another report (%s) than %s", b.host, found.UUID, report)
	}
	return &found, source, err
}

// Branches lists a project's branches, by name.
func (b *Browser) Branches(ctx context.Context, project string, f NameFilter, p Paging) (Page[Branch], error) {
	return list[Branch](ctx, b, projectPath(project)+"/branches", f.query(), p)
}

// Testbeds lists a project's testbeds, by name.
func (b *Browser) Testbeds(ctx context.Context, project string, f NameFilter, p Paging) (Page[Testbed], error) {
	return list[Testbed](ctx, b, projectPath(project)+"/testbeds", f.query(), p)
}

// Benchmarks lists a project's benchmarks, by name.
func (b *Browser) Benchmarks(ctx context.Context, project string, f NameFilter, p Paging) (Page[Benchmark], error) {
	return list[Benchmark](ctx, b, projectPath(project)+"/benchmarks", f.query(), p)
}

// Measures lists a project's measures, by name.
func (b *Browser) Measures(ctx context.Context, project string, f NameFilter, p Paging) (Page[Measure], error) {
	return list[Measure](ctx, b, projectPath(project)+"/measures", f.query(), p)
}

// Thresholds lists a project's thresholds, oldest first.
func (b *Browser) Thresholds(ctx context.Context, project string, f ThresholdFilter, p Paging) (Page[Threshold], error) {
	query := url.Values{}
	set(query, "branch", f.Branch)
	set(query, "testbed", f.Testbed)
	set(query, "measure", f.Measure)
	return list[Threshold](ctx, b, projectPath(project)+"/thresholds", query, p)
}

// Alerts lists a project's alerts, active ones first, then by change, newest
// first. A status (active, dismissed or silenced) chooses those of it.
func (b *Browser) Alerts(ctx context.Context, project, status string, p Paging) (Page[Alert], error) {
	query := url.Values{}
	set(query, "status", status)
	return list[Alert](ctx, b, projectPath(project)+"/alerts", query, p)
}

func (f NameFilter) query() url.Values {
	query := url.Values{}
	set(query, "name", f.Name)
	set(query, "search", f.Search)
	return query
}

func set(query url.Values, name, value string) {
	if strings.TrimSpace(value) != "" {
		query.Set(name, value)
	}
}

// setMillis sets an instant as servers take it: in Unix milliseconds.
func setMillis(query url.Values, name string, at time.Time) {
	if !at.IsZero() {
		query.Set(name, strconv.FormatInt(at.UnixMilli(), 10))
	}
}

func projectPath(project string) string { return "/v0/projects/" + url.PathEscape(project) }
