package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"burrow/client"
	"burrow/client/harness"

	"github.com/google/uuid"
	bolterrors "go.etcd.io/bbolt/errors"
)

// reportRow is a report of the store; its results lie apart, so that lists
// don't read them.
type reportRow struct {
	client.Report
	Key *uuid.UUID `json:"key,omitempty"`
}

// fullReport is a report as it is answered alone: with its results and alerts,
// which are empty lists where there are none.
type fullReport struct {
	client.Report
	Results [][]client.Result `json:"results"`
	Alerts  []client.Alert    `json:"alerts"`
}

// newReport stores a report's row, with its branch, testbed, thresholds and
// version, and takes its key.
func (t *tx) newReport(project projectRow, w *work) (row reportRow, err error) {
	r := w.run
	branch, err := t.branch(project.UUID, r)
	if err != nil {
		return row, err
	}
	testbed, err := t.testbed(project.UUID, r.testbed)
	if err != nil {
		return row, err
	}
	if err := t.setThresholds(project.UUID, branch.UUID, testbed.UUID, r.thresholds); err != nil {
		return row, err
	}
	number, err := t.version(&branch, r.hash)
	if err != nil {
		return row, err
	}
	branch.Head.Version = number
	row.Report = client.Report{
		UUID: t.newUUID(), Project: project.Project, Branch: branch.Branch, Testbed: testbed,
		StartTime: r.start, EndTime: r.end, Adapter: normalAdapter(r.adapter), Created: t.second(),
		Counts: &client.Counts{Results: []client.IterationCount{}},
	}
	if w.who.user != "" {
		user, err := t.user(w.who.user)
		if err != nil {
			return row, err
		}
		row.User = &user.User
	}
	if r.keyed {
		row.Key = &r.key
		if err := t.data(project.UUID, bucketKeys).Put(r.key[:], row.UUID[:]); err != nil {
			return row, err
		}
	}
	if err := t.data(project.UUID, bucketTimes).Put(timesKey(row.Report), nil); err != nil {
		return row, err
	}
	return row, put(t.data(project.UUID, bucketReports), row.UUID[:], row)
}

// reportOfKey is the report that a key belongs to.
func (t *tx) reportOfKey(project, key uuid.UUID) (reportRow, bool, error) {
	id := t.data(project, bucketKeys).Get(key[:])
	if id == nil {
		return reportRow{}, false, nil
	}
	return get[reportRow](t.data(project, bucketReports), id)
}

// storeResults stores a report's first iterations up to limit. Where one can't
// be stored the ones before it are kept, and an apiError says why.
func (t *tx) storeResults(row *reportRow, read reading, limit int) error {
	if read.failure != nil {
		return read.failure
	}
	judge, err := t.newJudge(row)
	if err != nil {
		return err
	}
	results := [][]client.Result{}
	row.Counts = &client.Counts{Results: []client.IterationCount{}}
	var failure error
	for n, it := range read.iterations {
		if limit != all && n >= limit {
			break
		}
		rows, count, err := t.iteration(row.Project.UUID, it, judge)
		if err != nil {
			if !errors.As(err, new(*apiError)) {
				return err
			}
			failure = err
			break
		}
		results = append(results, rows)
		row.Counts.Results = append(row.Counts.Results, count)
	}
	row.Alerts = judge.alerts
	row.Counts.Alerts = client.AlertCount{Total: len(row.Alerts), Active: len(row.Alerts)}
	if err := put(t.data(row.Project.UUID, bucketResults), row.UUID[:], results); err != nil {
		return err
	}
	if err := put(t.data(row.Project.UUID, bucketReports), row.UUID[:], row); err != nil {
		return err
	}
	return failure
}

// iteration makes one iteration's rows, by benchmark name.
func (t *tx) iteration(project uuid.UUID, it iteration, judge *judge) ([]client.Result, client.IterationCount, error) {
	none := client.IterationCount{}
	rows, taken, measures := []client.Result{}, map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, b := range slugsFirst(it.results) {
		name, silent := harness.TrimIgnore(b.Name)
		benchmark, err := t.benchmark(project, name)
		if err != nil {
			return nil, none, err
		}
		if taken[benchmark.UUID] {
			return nil, none, notUnique("report_benchmark.report_id, report_benchmark.iteration, report_benchmark.benchmark_id")
		}
		taken[benchmark.UUID] = true
		row := client.Result{Iteration: it.index, Benchmark: benchmark, Measures: []client.ResultMeasure{}}
		measured := map[uuid.UUID]bool{}
		for _, m := range b.Measures {
			measure, err := t.measure(project, m.Name)
			if err != nil {
				return nil, none, err
			}
			if measured[measure.UUID] {
				return nil, none, notUnique("metric.report_benchmark_id, metric.measure_id")
			}
			measured[measure.UUID], measures[measure.UUID] = true, true
			stored := client.ResultMeasure{Measure: measure, Metric: client.Metric{UUID: t.newUUID(), Value: m.Value, Lower: m.Lower, Upper: m.Upper}}
			if err := judge.metric(it.index, benchmark, &stored, silent); err != nil {
				return nil, none, err
			}
			row.Measures = append(row.Measures, stored)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b client.Result) int {
		return bytes.Compare([]byte(a.Benchmark.Name), []byte(b.Benchmark.Name))
	})
	return rows, client.IterationCount{Benchmarks: len(rows), Measures: len(measures)}, nil
}

// slugsFirst puts names that are slugs before others: "heap-sort" gets that
// slug, and "Heap Sort" beside it another one, as recorded.
func slugsFirst(results harness.Results) harness.Results {
	ordered := slices.Clone(results)
	slices.SortStableFunc(ordered, func(a, b harness.Benchmark) int {
		switch slugA, slugB := isSlug(a.Name), isSlug(b.Name); {
		case slugA && !slugB:
			return -1
		case slugB && !slugA:
			return 1
		}
		return 0
	})
	return ordered
}

func notUnique(columns string) *apiError {
	e := internalError("")
	wrong := "UNIQUE constraint failed: " + columns
	e.message = fmt.Sprintf("Failed to write report results: %s\nPlease report this issue: https://github.com/bencherdev/bencher/issues/new?title=Failed+to+write+report+results&body=%s&labels=bug",
		wrong, url.QueryEscape(fmt.Sprintf("Failed to write report results in batch transaction:\nError code: %s\nError: %s", e.code, wrong)))
	return e
}

// fullReport reads a report's results, and its project as it is now.
func (t *tx) fullReport(project projectRow, row reportRow) (fullReport, error) {
	full := fullReport{Report: row.Report, Alerts: row.Alerts}
	if full.Alerts == nil {
		full.Alerts = []client.Alert{}
	}
	full.Project = project.Project
	results, found, err := get[[][]client.Result](t.data(project.UUID, bucketResults), row.UUID[:])
	if full.Results = results; !found {
		full.Results = [][]client.Result{}
	}
	return full, err
}

// deleteReport deletes a report for good, which frees its key.
func (t *tx) deleteReport(row reportRow) error {
	project := row.Project.UUID
	if row.Key != nil {
		if err := t.data(project, bucketKeys).Delete(row.Key[:]); err != nil {
			return err
		}
	}
	return errors.Join(
		t.data(project, bucketReports).Delete(row.UUID[:]),
		t.data(project, bucketResults).Delete(row.UUID[:]),
		t.data(project, bucketTimes).Delete(timesKey(row.Report)))
}

// forgetReports deletes every report of every project, as a server that lost
// its last commits would.
func (t *tx) forgetReports() error {
	return t.Bucket(bucketData).ForEachBucket(func(project []byte) error {
		data := t.Bucket(bucketData).Bucket(project)
		for _, name := range [][]byte{bucketReports, bucketResults, bucketKeys, bucketTimes} {
			if err := data.DeleteBucket(name); err != nil && !errors.Is(err, bolterrors.ErrBucketNotFound) {
				return err
			}
			if _, err := data.CreateBucket(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// timesKey orders reports as lists do: by start, end and creation.
func timesKey(r client.Report) []byte {
	key := []byte{}
	for _, at := range []time.Time{r.StartTime, r.EndTime, r.Created} {
		key = append(key, sortable(at.Unix())...)
	}
	return append(key, r.UUID[:]...)
}

// sortable writes seconds so that bytes compare as numbers do, before 1970 too.
func sortable(seconds int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(seconds)^1<<63)
}
